"""Nothing in a cell vanishes, nothing is invented, and no cell costs much."""

import unicodedata
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.fuzz import token_sort_ratio

from shared.naming.cells import find_agencies
from shared.naming.directory import Directory
from shared.naming.text import CONNECTIVES, name_key
from tests.support.cells import NGHE_AN, UNITS, WITH_UNITS, read
from tests.support.names import AGENCIES, FORMER, GROUPS

SPOKEN = [
    name
    for agency in (*AGENCIES, *UNITS)
    if agency.level != "commune"
    for name in (agency.name, agency.short_name, *agency.aliases)
    if name
]
COMMUNE_NAMES = [agency.name for agency in AGENCIES if agency.level == "commune"][::37]
BODIES = st.one_of(
    st.sampled_from(SPOKEN),
    st.sampled_from(sorted(GROUPS)),
    st.sampled_from(COMMUNE_NAMES),
    st.sampled_from([name for body in FORMER for name in body.names]),
    st.sampled_from(
        [
            "VNPT", "Trường Đại học Vinh", "Sở Y tế", "các sở, ban, ngành", "UBND các xã, phường", "C06", "Cục A05",
            "các cơ quan liên quan", "Vụ Pháp chế", "Ban Chỉ đạo 57", "UBND các phường Ba Đình, Hoàn Kiếm", "Hà Nội",
            "cơ quan thường trực", "Đồng chí Nguyễn Văn A", "các bộ: Nội vụ, Tài chính", "3 địa phương (Hà Nội, Huế)",
        ]
    ),
)  # fmt: skip
TITLES = st.sampled_from(
    ["", "", "", "Bộ trưởng ", "Giám đốc ", "Chủ tịch UBND ", "Đồng chí Thủ trưởng ", "Lãnh đạo "]
)
AFTER = st.sampled_from(
    ["", "", "", " chủ trì", " (chủ trì)", " (phối hợp)", " phối hợp", " chỉ đạo", " (C06)", " (trừ khối đảng)", " (lần 2)",
     " (phối hợp: Bộ Y tế)", " - Cơ quan Thường trực", " trình Chính phủ", " và đơn vị"]
)  # fmt: skip
BETWEEN = st.sampled_from(
    [
        ", ",
        "; ",
        " và ",
        "\n- ",
        " - ",
        "/",
        ", phối hợp với ",
        " chỉ đạo ",
        ". Phối hợp: ",
        " thuộc ",
        " (",
        ") ",
        " ",
    ]
)


@st.composite
def cells(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.tuples(TITLES, BODIES, AFTER, BETWEEN), min_size=1, max_size=5))
    text = draw(st.sampled_from(["", "- ", "Chủ trì: ", "Giao "])) + "".join("".join(part) for part in parts)
    if draw(st.booleans()):
        slip = draw(st.integers(0, len(text) - 1))
        text = text[:slip] + text[slip + 1 :]
    return text


@settings(max_examples=200, deadline=None)
@given(cell=cells(), issuer=st.sampled_from(["", "G06", NGHE_AN, "17272"]))
@example("Vụ Pháp chế (Bộ Tư pháp), Bộ Y tế (phối hợp)", "")
def test_nothing_vanishes_and_nothing_is_invented(cell: str, issuer: str) -> None:
    naming = read(cell, issuer, WITH_UNITS)
    told = [text for each in naming.found for text in (each.text, each.unit)]
    told += [each.text for each in (*naming.indefinite, *naming.unknown)]
    told += [*naming.notes, *naming.asides, *naming.roles]
    lost = Counter(words(cell)) - Counter(word for text in told for word in words(text))
    assert not {word for word in lost if word not in CONNECTIVES and len(word) > 1}, (cell, naming)
    printed = name_key(cell)
    for mention in naming.found:
        if mention.kind == "agency" and mention.how == "alias":
            assert any(key in printed for key in _keys(mention.codes[0], issuer)), (cell, mention)


@pytest.mark.parametrize(
    "unit",
    [
        "a,",
        "C06, ",
        "Vụ A, ",
        "phối hợp với ",
        "(chủ trì) ",
        "Bộ Nội vụ (Bộ ",
        "các sở: ",
        "các bộ:\n",
        "các bộ:\nQwe Rty\n",
        "3 bộ:\ncác bộ:\n",
        "các bộ:\nQwe\n3 bộ:\ncác bộ:\n",
        "Chủ tịch các bộ:\nQwe Rty\n",
    ],
)
def test_a_senseless_cell_costs_few_comparisons(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared, lookups = 0, 0

    def lookup(*args: Any, **options: Any) -> Any:
        nonlocal lookups
        lookups += 1
        return look_up(*args, **options)

    look_up = Directory.lookup
    monkeypatch.setattr(Directory, "lookup", lookup)

    def similarity(left: str, right: str) -> float:
        nonlocal compared
        compared += 1
        return token_sort_ratio(left, right)

    find_agencies((unit * 2_000)[:2_000], WITH_UNITS, similarity, NGHE_AN)
    assert compared <= 300_000  # about 0.3 s
    assert lookups <= 100_000


def words(text: str) -> list[str]:
    return name_key(unicodedata.normalize("NFC", text)).split()


def _keys(code: str, issuer: str) -> set[str]:
    """How an agency may be printed: by a name, in part where the issuer or a list says the rest, or by what it was."""
    agency = WITH_UNITS.agencies[code]
    names = {
        name_key(name) for name in (agency.name, agency.short_name, *agency.aliases, agency.code) if name
    }
    names |= {
        name_key(name) for body in FORMER if body.unit and code in body.successors for name in body.names
    }
    bare = {
        key.removeprefix(head) for key in names for head in ("bo ", "phuong ", "xa ", "tinh ", "thanh pho ")
    }
    around = {"uy ban nhan dan tinh", "uy ban nhan dan xa"} if code in WITH_UNITS.ancestors(issuer) else set()
    stems = {key.removesuffix(" tinh nge an") for key in names if agency.parent_code}
    return names | bare | around | stems
