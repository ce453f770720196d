"""Workbooks made to cost much: each is refused by counting, before another reader sees it, or costs what its size says."""

import io
import zipfile
from typing import Any

import fastexcel
import pytest

from shared.errors import InvalidInput, TooLarge
from shared.spreadsheets import headings, read_workbook, xlsx_file, xlsx_xml
from shared.text.folding import fold
from tests.shared.tables import COLUMNS, GOOD, HEAD, ONE, SHARED, SHEET, read_rows, refusal, titles
from tests.support.spreadsheets import csv_bytes, replaced, xlsx_bytes

STYLES, STRINGS = "xl/styles.xml", "xl/sharedStrings.xml"
FORMATTED = xlsx_bytes([HEAD, ONE], lambda book: setattr(book.active["A2"], "number_format", '"x"0'))


@pytest.fixture
def handed_on(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The workbooks that were handed to the library that reads cells."""
    seen: list[bytes] = []
    read = fastexcel.read_excel

    def spy(content: bytes) -> Any:
        seen.append(content)
        return read(content)

    monkeypatch.setattr(fastexcel, "read_excel", spy)
    return seen


def test_a_number_format_of_megabytes_is_refused(handed_on: list[bytes]) -> None:
    code = b"&quot;" + b"x" * 5_000_000 + b"&quot;0"
    bomb = replaced(FORMATTED, STYLES, b"&quot;x&quot;0", code)
    assert len(bomb) < 1 << 14
    assert refusal("a.xlsx", bomb).code == "file_corrupt"
    assert handed_on == []


def test_very_many_elements_are_refused_in_whatever_part(
    monkeypatch: pytest.MonkeyPatch, handed_on: list[bytes]
) -> None:
    read_rows("a.xlsx", SHARED)
    for part, old, many in (
        (SHEET, b"</sheetData>", b"<row>" + b"<c/>" * 2_000 + b"</row></sheetData>"),
        (SHEET, b"</worksheet>", b"<x/>" * 2_000 + b"</worksheet>"),
        (STYLES, b"</fonts>", b"<font/>" * 2_000 + b"</fonts>"),
        (STRINGS, b"</sst>", b"<si/>" * 2_000 + b"</sst>"),
        ("xl/workbook.xml", b"</workbook>", b"<x/>" * 2_000 + b"</workbook>"),
    ):
        monkeypatch.setattr(xlsx_xml, "MAX_ELEMENTS", 2_000)
        refused = refusal("a.xlsx", replaced(SHARED, part, old, many))
        assert (type(refused), refused.code) == (TooLarge, "file_too_large"), part


def test_elements_are_counted_over_all_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_xml, "MAX_ELEMENTS", 2_000)

    def sheets(book: Any) -> None:
        for number in range(40):
            book.create_sheet(f"T{number}").append([1] * 60)

    assert refusal("a.xlsx", xlsx_bytes([HEAD, ONE], sheets)).code == "file_too_large"


def test_one_long_text_in_very_many_cells_is_refused(
    monkeypatch: pytest.MonkeyPatch, handed_on: list[bytes]
) -> None:
    monkeypatch.setattr(xlsx_file, "MAX_CHARACTERS", 10_000)
    long = replaced(SHARED, STRINGS, b"<t>" + ONE[1].encode() + b"</t>", b"<t>" + b"x" * 500 + b"</t>")
    assert titles(read_rows("a.xlsx", long)) == ["x" * 500]
    with zipfile.ZipFile(io.BytesIO(SHARED)) as parts:
        title = parts.read(STRINGS).split(b"<t>").index(ONE[1].encode() + b"</t></si><si>") - 1
    cells = b"".join(b'<row><c t="s"><v>%d</v></c></row>' % title for _ in range(30))
    refused = refusal("a.xlsx", replaced(long, SHEET, b"</sheetData>", cells + b"</sheetData>"))
    assert (type(refused), refused.code) == (TooLarge, "file_too_large")


@pytest.mark.parametrize(
    "name", ["xl/Styles.xml", "XL/SHAREDSTRINGS.XML", "xl/media/image1.png", "xl\\styles.xml"]
)
def test_what_was_not_looked_at_is_not_handed_on(handed_on: list[bytes], name: str) -> None:
    out = io.BytesIO(GOOD)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(name, b"<x>" + b" " * 1_000_000)
    assert titles(read_rows("a.xlsx", out.getvalue())) == titles(read_rows("a.xlsx", GOOD))
    with zipfile.ZipFile(io.BytesIO(handed_on[0])) as parts:
        assert name not in parts.namelist()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_parts_of_one_name_the_one_that_was_looked_at_is_handed_on(handed_on: list[bytes]) -> None:
    out = io.BytesIO(GOOD)
    with zipfile.ZipFile(out) as parts:
        sheet = parts.read(SHEET)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(SHEET, sheet.replace(ONE[1].encode(), b"Other"))
    assert titles(read_rows("a.xlsx", out.getvalue())) == ["Other"]
    with zipfile.ZipFile(io.BytesIO(handed_on[0])) as parts:
        assert parts.namelist().count(SHEET) == 1


@pytest.mark.parametrize("cell", ["a " * 16_000, "(" * 32_000, "a/" * 16_000])
def test_a_cell_full_of_words_is_no_heading(monkeypatch: pytest.MonkeyPatch, cell: str) -> None:
    folded = 0

    def count(text: str) -> str:
        nonlocal folded
        folded += len(text)
        return fold(text)

    monkeypatch.setattr(headings, "fold", count)
    table = [(cell, HEAD[1], cell, HEAD[3])] * 5
    with pytest.raises(InvalidInput):
        read_workbook("a.csv", csv_bytes(table), COLUMNS)
    assert folded < 100_000
