import csv
import re
import unicodedata
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from services.tasks.domain.electronic_codes import electronic_code, qcvn_102_code

CATALOGUE = Path(__file__).parents[2] / "services" / "tasks" / "catalogue"


def rows(name: str) -> list[dict[str, str]]:
    with (CATALOGUE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


AGENCIES = rows("agencies.csv")
COMMUNES = rows("communes.csv")
CODES = {row["code"] for row in AGENCIES + COMMUNES}


def initials(name: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    words = plain.replace("Đ", "D").replace("đ", "d").replace(",", "").replace("Trung uong", "TW").split()
    return "".join(w if w == "TW" else w[0].upper() for w in words if w not in {"cac", "va"})


def test_counts() -> None:
    assert Counter(row["level"] for row in AGENCIES + COMMUNES) == {
        "central": 44,
        "province": 34,
        "commune": 3321,
    }
    assert len(CODES) == 44 + 34 + 3321


def test_all_text_is_nfc_and_trimmed() -> None:
    for path in CATALOGUE.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        assert text == unicodedata.normalize("NFC", text), path.name
        assert all(value == value.strip() for row in rows(path.name) for value in row.values()), path.name


def test_local_codes_follow_their_rule_and_never_meet_public_ones() -> None:
    for row in AGENCIES:
        if row["level"] == "central" and not re.fullmatch(r"G\d{2}", row["code"]):
            assert row["code"] == f"VN-{initials(row['name'])}"
            assert electronic_code(row["code"]) is None


def test_parents() -> None:
    provinces = {row["code"] for row in AGENCIES if row["level"] == "province"}
    assert all(not row["parent_code"] for row in AGENCIES)
    assert {row["parent_code"] for row in COMMUNES} == provinces


def test_names_say_their_type() -> None:
    for row in COMMUNES + [row for row in AGENCIES if row["level"] == "province"]:
        assert row["name"] == f"{row['type'].capitalize()} {row['short_name']}"
        assert row["bloc"] == "local"


def test_dong_nai_is_a_city() -> None:
    cities = {row["short_name"] for row in AGENCIES if row["type"] == "thành phố"}
    assert cities == {"Hà Nội", "Hải Phòng", "Huế", "Đà Nẵng", "Hồ Chí Minh", "Cần Thơ", "Đồng Nai"}


def test_identifiers_are_unique_and_dated() -> None:
    identifiers = rows("identifiers.csv")
    assert len({(row["scheme"], row["value"]) for row in identifiers}) == len(identifiers)
    for row in identifiers:
        assert row["agency_code"] in CODES
        assert all(not row[key] or date.fromisoformat(row[key]) for key in ("valid_from", "valid_to"))
    counts = Counter(row["scheme"] for row in identifiers)
    assert counts == {"electronic_code": 22, "qcvn_102": 22, "administrative_code": 34 + 3321}


def test_both_forms_of_a_ministry_code_stand_for_each_other() -> None:
    by_agency: dict[str, dict[str, str]] = {}
    for row in rows("identifiers.csv"):
        by_agency.setdefault(row["agency_code"], {})[row["scheme"]] = row["value"]
    for schemes in by_agency.values():
        if "qcvn_102" in schemes:
            assert electronic_code(schemes["qcvn_102"]) == schemes["electronic_code"]
            assert qcvn_102_code(schemes["electronic_code"]) == schemes["qcvn_102"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("000.00.19.H26", "H26.19"),
        ("000.00.00.G06", "G06"),
        ("000.05.19.H26", "H26.19.05"),
        ("012.05.19.H26", "H26.19.05.012"),
        ("005.00.19.H26", "H26.19.00.005"),
    ],
)
def test_code_forms(old: str, new: str) -> None:
    assert electronic_code(old) == electronic_code(new) == electronic_code(f" {new.lower()} ") == new
    assert qcvn_102_code(new) == qcvn_102_code(old) == old


@pytest.mark.parametrize("value", ["", "H26.", "26", "H26..19", "Bộ", "H26." + "1" * 32, "000.00.19.026"])
def test_what_is_no_code(value: str) -> None:
    assert electronic_code(value) is None
    assert qcvn_102_code(value) is None


@pytest.mark.parametrize("value", ["H26.19.05.012.01", "H26.190"])
def test_codes_without_an_older_form(value: str) -> None:
    assert electronic_code(value) == value
    assert qcvn_102_code(value) is None


def test_groups_and_their_members() -> None:
    members = rows("group_members.csv")
    assert Counter(row["group_code"] for row in members) == {
        "ministries": 23,
        "line_ministries": 14,
        "localities": 34,
        "party_bodies": 12,
        "central_bodies": 43,
        "ministerial_bodies": 17,
    }
    assert len({(row["group_code"], row["agency_code"]) for row in members}) == len(members)
    assert {row["agency_code"] for row in members} <= CODES
    groups = {row["code"] for row in rows("groups.csv")}
    assert groups.isdisjoint(CODES)
    aliases = rows("group_aliases.csv")
    assert {code for row in aliases for code in row["group_codes"].split(";")} == groups
    assert {row["name"] for row in rows("groups.csv")} <= {row["alias"] for row in aliases}


def test_aliases_and_predecessors_point_to_living_agencies() -> None:
    assert {row["agency_code"] for row in rows("aliases.csv")} <= CODES
    former = rows("predecessors.csv")
    assert {row["successor_code"] for row in former} <= CODES
    assert sum(row["valid_to"] == "2025-06-30" for row in former) == 63 - 34
    living = {row["name"] for row in AGENCIES} | {row["short_name"] for row in AGENCIES}
    assert not {row["former_name"] for row in former} & living
    assert not {row["short_name"] for row in former if row["short_name"]} & living


def test_sources_are_named() -> None:
    readme = (CATALOGUE / "README.md").read_text(encoding="utf-8")
    assert "09/2025/QĐ-TTg" in readme
    assert "MIT" in (CATALOGUE / "NOTICE").read_text(encoding="utf-8")
    for path in CATALOGUE.glob("*.csv"):
        assert path.name in readme
