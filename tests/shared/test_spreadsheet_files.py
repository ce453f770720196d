"""Files of spreadsheets: encodings, writers, what is wrong or hostile."""

import io
import re
import unicodedata
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidInput, TooLarge
from shared.spreadsheets import (
    workbook,
    xlsx_file,
)
from tests.shared.tables import (
    GOOD,
    HEAD,
    ONE,
    SHARED,
    SHEET,
    read_csv_table,
    read_rows,
    read_xlsx_table,
    refusal,
    titles,
)
from tests.support.spreadsheets import csv_bytes, replaced, xlsx_bytes


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_encodings(delimiter: str, encoding: str) -> None:
    table = [HEAD, ("1", "Một, hai; ba", "Bộ Văn hóa, Thể thao và Du lịch", "sớm")]
    content = csv_bytes(table, delimiter).decode().encode(encoding)
    assert titles(read_rows("a.csv", content)) == ["Một, hai; ba"]


def test_nfd_and_odd_spaces_become_plain() -> None:
    text = unicodedata.normalize("NFD", "\ufeff Bộ\u00a0Y tế \r\n")
    assert read_csv_table(HEAD, ("1", "Việc", text, "sớm")).rows[0].values["lead_text"] == "Bộ Y tế"


def test_shared_strings() -> None:
    assert read_rows("a.xlsx", SHARED) == read_rows("a.xlsx", GOOD)


def test_other_writers_spell_the_same_sheet_differently() -> None:
    with zipfile.ZipFile(io.BytesIO(SHARED)) as parts:
        plain = parts.read(SHEET)
    prefixed = re.sub(rb"<(/?)(\w)", rb"<\1x:\2", plain).replace(b"xmlns=", b"xmlns:x=")
    without_places = re.sub(rb' r="\w+"', b"", plain)
    for other in (prefixed, without_places):
        assert read_rows("a.xlsx", replaced(SHARED, SHEET, plain, other)) == read_rows("a.xlsx", GOOD)


@pytest.mark.parametrize(
    ("filename", "content", "code"),
    [
        ("a.csv", b"Nhi\xd6m v\xf4,Th\xeai h\xb9n\n", "encoding_unknown"),
        ("a.csv", b"", "header_not_found"),
        ("a.csv", csv_bytes([HEAD, ("1", "a\0b", "x", "y")]), "nul_character"),
        ("a.csv", csv_bytes([HEAD]).decode().encode("utf-16-le"), "encoding_unknown"),
        ("a.csv", csv_bytes([HEAD]) + b'1,"a"b,c', "file_corrupt"),
        ("a.csv", csv_bytes([HEAD]) + b'1,"a', "file_corrupt"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "file_format_old"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "file_format_old"),
        ("a.pdf", b"%PDF-1.7", "file_format_unknown"),
        ("a", b"x", "file_format_unknown"),
        ("a.xlsx", b"", "file_corrupt"),
        ("a.xlsx", b"not a zip", "file_corrupt"),
        ("a.xlsx", GOOD[: len(GOOD) // 2], "file_corrupt"),
        ("a.xlsx", replaced(GOOD, "xl/workbook.xml", b"<sheets>", b"<sheets"), "file_corrupt"),
        ("a.xlsx", replaced(GOOD, SHEET, b'r="A1"', b'r="1A"'), "file_corrupt"),
        (
            "a.xlsx",
            replaced(GOOD, SHEET, b"<worksheet", b"<!DOCTYPE x><worksheet"),
            "file_corrupt",
        ),
        ("a.xlsx", replaced(GOOD, "xl/workbook.xml", b'state="visible"', b'state="hidden"'), "file_corrupt"),
    ],
)
def test_refused_files(filename: str, content: bytes, code: str) -> None:
    assert refusal(filename, content).code == code


def test_an_xlsx_is_told_by_its_content() -> None:
    assert titles(read_rows("a.csv", GOOD)) == ["Việc một"]


def test_a_workbook_with_a_password_is_refused() -> None:
    content = bytearray(GOOD)
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(signature)
        content[at + offset] |= 1
    assert refusal("a.xlsx", bytes(content)).code == "file_encrypted"


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_file, "MAX_UNPACKED", 1 << 20)
    bomb = replaced(GOOD, "xl/workbook.xml", b"<sheets>", b" " * (1 << 21) + b"<sheets>")
    assert len(bomb) < 1 << 16
    assert isinstance(refusal("a.xlsx", bomb), TooLarge)


def test_a_part_that_hides_its_size_is_refused() -> None:
    part = "xl/sharedStrings.xml"
    bomb = replaced(SHARED, part, b"<si>", b" " * (1 << 21) + b"<si>")
    with zipfile.ZipFile(io.BytesIO(bomb)) as parts:
        real = parts.getinfo(part).file_size.to_bytes(4, "little")
    assert bomb.count(real) >= 1
    assert refusal("a.xlsx", bomb.replace(real, (100).to_bytes(4, "little"))).code == "file_corrupt"


@pytest.mark.parametrize("cell", ["A1048576", "XFD1"])
def test_a_stray_cell_far_away_is_refused_with_its_place(cell: str) -> None:
    def stray(book: Any) -> None:
        book.active[cell] = "x"

    refused = refusal("a.xlsx", xlsx_bytes([HEAD, ONE], stray))
    assert isinstance(refused, TooLarge)
    assert "1048576" in refused.vi or "16384" in refused.vi


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_ROWS", 2)
    rows = [(str(n), *ONE[1:]) for n in range(3)]
    assert len(read_csv_table(HEAD, *rows[:2]).rows) == 2
    assert refusal("a.csv", csv_bytes([HEAD, *rows])).code == "too_many_rows"
    assert refusal("a.csv", csv_bytes([(*HEAD, *[""] * 96, "x"), ONE])).code == "too_many_columns"
    monkeypatch.setattr(workbook, "MAX_BYTES", 10)
    assert refusal("a.csv", csv_bytes([HEAD, ONE])).code == "file_too_large"


TEXT = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co"))
    | st.sampled_from("\nĐềệ,;\"'"),
    max_size=12,
).filter(lambda text: not text.strip().startswith(("=", "@", "+", "-")))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), min_size=1, max_size=5))
def test_the_same_table_reads_the_same_from_both_kinds(rows: list[tuple[str, str, str, str]]) -> None:
    table = [HEAD, *rows]
    from_csv, from_xlsx = read_csv_table(*table), read_xlsx_table(*table)
    assert [(row.number, row.values, row.problems) for row in from_csv.rows] == [
        (row.number, row.values, row.problems) for row in from_xlsx.rows
    ]
    assert [row.number for row in from_csv.skipped] == [row.number for row in from_xlsx.skipped]


def is_read_or_refused(content: bytes) -> bool:
    """False for a refusal without a remedy; any other error is raised."""
    try:
        read_rows("a.xlsx", content)
    except InvalidInput as refusal:
        return bool(refusal.code and refusal.vi and refusal.en)
    return True


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SHARED) - 1), st.integers(1, 255))
def test_a_damaged_workbook_is_read_or_refused(at: int, flip: int) -> None:
    content = bytearray(SHARED)
    content[at] ^= flip
    assert is_read_or_refused(bytes(content))


DAMAGE = st.sampled_from(
    [b"<", b">", b'"', b"/", b"r=", b"<v>", b"</c>", b"1", b"s", b"t=", b"A", b"-", b"99999999999"]
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([SHEET, "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml"]),
    st.floats(0, 1),
    DAMAGE,
    st.integers(0, 6),
)
def test_a_damaged_part_is_read_or_refused(part: str, place: float, put: bytes, dropped: int) -> None:
    with zipfile.ZipFile(io.BytesIO(SHARED)) as parts:
        data = parts.read(part)
    at = int(place * len(data))
    content = replaced(SHARED, part, data, data[:at] + put + data[at + dropped :])
    assert is_read_or_refused(content)
