"""Workbooks of several sheets, and what their cells say beside their text: hidden, struck through, days without format."""

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font

from shared.errors import InvalidInput
from shared.spreadsheets import Columns, Workbook, read_workbook, read_workbook_apart
from shared.spreadsheets.cells import ranges
from tests.support.spreadsheets import csv_bytes, replaced, with_shared_strings

HEAD = ("TT", "Nhiệm vụ", "Cơ quan chủ trì", "Thời hạn")
ONE = (1, "Việc một", "Bộ Nội vụ", "Tháng 5/2025")
COLUMNS = Columns(
    {
        "title": ("nhiệm vụ", "nội dung"),
        "lead_text": ("cơ quan chủ trì", "chủ trì"),
        "coordinate_text": ("phối hợp",),
        "deadline_text": ("thời hạn", "thời gian"),
        "order_no": ("tt",),
    },
    required=("title", "lead_text", "deadline_text"),
    dates=("deadline_text",),
    ours=("Kết quả nhập",),
)
Sheets = dict[str, list[tuple[Any, ...]]]


def book_bytes(sheets: Sheets, change: Callable[[Any], object] = lambda _: None) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(
    sheets: Sheets, change: Callable[[Any], object] = lambda _: None, sheet: str | None = None
) -> Workbook:
    return read_workbook("a.xlsx", book_bytes(sheets, change), COLUMNS, sheet=sheet)


def refusal(
    sheets: Sheets, sheet: str | None = None, change: Callable[[Any], object] = lambda _: None
) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read(sheets, change, sheet)
    assert caught.value.vi.endswith(".")
    assert caught.value.en.endswith(".")
    return caught.value


def titles(workbook: Workbook) -> list[tuple[str, int, str]]:
    return [(row.sheet, row.number, row.values["title"]) for row in workbook.rows]


def outcomes(workbook: Workbook) -> dict[str, str]:
    return {sheet.name: sheet.outcome for sheet in workbook.sheets}


COVER = [("CHÍNH PHỦ",), ("Danh mục nhiệm vụ",)]
TWO: Sheets = {
    "Bìa": COVER,
    "PL I": [("Phụ lục I",), HEAD, ONE],
    "Trống": [],
    "PL II": [HEAD, ONE, (2, "Việc hai", "Bộ Y tế", "sớm")],
}


def test_every_visible_sheet_with_the_headings_is_read() -> None:
    workbook = read(TWO)
    assert titles(workbook) == [("PL I", 3, "Việc một"), ("PL II", 2, "Việc một"), ("PL II", 3, "Việc hai")]
    assert outcomes(workbook) == {
        "Bìa": "headings_missing", "PL I": "read", "Trống": "empty", "PL II": "read",
    }  # fmt: skip
    assert [(sheet.heading_row, sheet.rows) for sheet in workbook.sheets] == [
        (None, 0),
        (2, 1),
        (None, 0),
        (1, 2),
    ]
    assert all(sheet.detail and sheet.detail_en for sheet in workbook.sheets)


def test_a_sheet_that_lacks_a_heading_says_which() -> None:
    workbook = read({**TWO, "Tổng hợp": [("TT", "Cơ quan chủ trì", "Số nhiệm vụ"), (1, "Bộ Y tế", 5)]})
    assert "title" in workbook.sheets[-1].detail


def test_hidden_sheets_are_told_and_not_read_unless_named() -> None:
    def hide(book: Any) -> None:
        book["PL II"].sheet_state = "veryHidden"

    assert outcomes(read(TWO, hide))["PL II"] == "hidden"
    named = read(TWO, hide, "pl ii")
    assert [name for name, _, _ in titles(named)] == ["PL II", "PL II"]
    assert outcomes(named) == {
        "Bìa": "not_named", "PL I": "not_named", "Trống": "not_named", "PL II": "read",
    }  # fmt: skip


def test_a_named_sheet_must_be_there() -> None:
    refused = refusal(TWO, "PL IV")
    assert (refused.code, refused.field, "“PL II”" in refused.vi) == ("sheet_unknown", "sheet", True)
    with pytest.raises(InvalidInput) as caught:
        read_workbook("a.csv", csv_bytes([HEAD, ONE]), COLUMNS, sheet="PL I")
    assert caught.value.code == "sheet_unknown"


def test_where_nothing_is_read_the_nearest_sheet_says_what_it_lacks() -> None:
    refused = refusal({"Bìa": COVER, "PL": [HEAD[:3], ONE[:3]]})
    assert (refused.code, refused.field) == ("heading_missing", "deadline_text")
    assert "“PL”" in refused.vi
    assert refusal({"Bìa": COVER, "B": COVER}).code == "header_not_found"
    assert refusal({"Bìa": []}).code == "header_not_found"
    assert refusal(TWO, "Bìa").code == "header_not_found"


def test_a_heading_that_could_be_two_columns_is_refused_by_name() -> None:
    repeated = refusal({**TWO, "PL III": [(*HEAD, "Thời gian"), (*ONE, "x")]})
    assert (repeated.code, "“PL III”" in repeated.vi, "“Thời gian”" in repeated.vi) == (
        "heading_repeated",
        True,
        True,
    )
    for heading in (
        "Nhiệm vụ - Thời hạn",
        "Nhiệm vụ/\nthời gian",
        "Nội dung và thời hạn",
        "Nhiệm vụ thời hạn",
    ):
        refused = refusal({"PL": [("TT", heading, "Chủ trì"), ONE[:3]]})
        assert (refused.code, heading in refused.vi) == ("heading_ambiguous", True), heading


def test_tables_that_cannot_be_one_ask_for_a_sheet() -> None:
    with pytest.raises(InvalidInput) as caught:
        read(TWO).only_table()
    assert (caught.value.code, "“PL I”, “PL II”" in caught.value.vi) == ("sheet_required", True)
    assert read(TWO, sheet="PL I").only_table().name == "PL I"


# --- headings as they are printed


def test_a_heading_of_three_rows_printed_again_on_each_page() -> None:
    head = [
        ("TT", "Nhiệm vụ", "Tổ chức thực hiện", None, "Thời hạn"),
        (None, None, "Cơ quan", None, None),
        (None, None, "Chủ trì", "Phối hợp", None),
    ]

    def merge(book: Any) -> None:
        for top in (1, 5):
            for column in "ABE":
                book["PL"].merge_cells(f"{column}{top}:{column}{top + 2}")
            book["PL"].merge_cells(f"C{top}:D{top}")

    rows = [
        *head,
        (1, "Việc một", "Bộ Nội vụ", "Bộ Y tế", "sớm"),
        *head,
        (2, "Việc hai", "Bộ Y tế", None, "sớm"),
    ]
    for change in (merge, lambda _: None):
        workbook = read({"PL": rows}, change)
        assert titles(workbook) == [("PL", 4, "Việc một"), ("PL", 8, "Việc hai")]
        assert workbook.rows[0].values["coordinate_text"] == "Bộ Y tế"
        assert [row.number for row in workbook.skipped] == [5, 6, 7]


def test_headings_that_mean_nothing_here_are_told_and_those_of_a_report_passed_over() -> None:
    workbook = read(
        {"PL": [(*HEAD, "Ghi chú", "Kết quả nhập"), (*ONE, "x", "Nhận"), (None,) * 5 + ("Bỏ qua",)]}
    )
    assert workbook.sheets[0].ignored == ("Ghi chú",)
    [row] = workbook.rows
    assert "Nhận" not in row.values.values()
    assert not row.problems


# --- what stands beside the text


def struck(book: Any) -> None:
    sheet = book["PL"]
    for cell in sheet[3]:
        cell.font = Font(strike=True)
    sheet["D4"].font = Font(strike=True)
    old, new = TextBlock(InlineFont(strike=True), "Tháng 6/2025"), TextBlock(InlineFont(), "Tháng 9/2025")
    sheet["D5"] = CellRichText(old, new)
    for number, text in enumerate(("Việc", "Bộ Y tế", "sớm"), start=2):
        sheet.cell(6, number).value = CellRichText(TextBlock(InlineFont(strike=True), text))
    sheet["D7"].font = Font(strike=False)


ROWS = [HEAD, *[(number, "Việc", "Bộ Y tế", "sớm") for number in range(1, 7)]]


def test_what_is_struck_through_waits_for_a_person() -> None:
    rows = [*ROWS]
    rows[5] = (None, *ROWS[5][1:])
    workbook = read({"PL": rows}, struck)
    found = {row.number: [(item.code, item.field) for item in row.problems] for row in workbook.rows}
    assert found == {
        2: [],
        3: [("row_struck", "row")],
        4: [("text_struck", "deadline_text")],
        5: [("text_struck", "deadline_text")],
        6: [("row_struck", "row")],
        7: [],
    }
    assert [(item.code, item.where) for item in workbook.sheets[0].remarks] == [("rows_struck", "3, 6")]


def test_strikes_in_shared_texts() -> None:
    content = with_shared_strings(book_bytes({"PL": [HEAD, ONE]}))
    run = b'<r><rPr><strike/></rPr><t>B\xe1\xbb\x99 N\xe1\xbb\x99i</t></r><r><t xml:space="preserve"> v\xe1\xbb\xa5</t></r>'
    plain = "<t>Bộ Nội vụ</t>".encode()
    whole = b'<r><rPr><strike val="1"/></rPr><t>B\xe1\xbb\x99 N\xe1\xbb\x99i v\xe1\xbb\xa5</t></r>'
    none = b'<r><rPr><strike val="0"/></rPr><t>B\xe1\xbb\x99 N\xe1\xbb\x99i v\xe1\xbb\xa5</t></r>'
    for runs, code in ((run, ["text_struck"]), (whole, ["text_struck"]), (none, [])):
        changed = replaced(content, "xl/sharedStrings.xml", plain, runs)
        [row] = read_workbook("a.xlsx", changed, COLUMNS).rows
        assert row.values["lead_text"] == "Bộ Nội vụ"
        assert [item.code for item in row.problems] == code


def test_hidden_rows_and_columns_are_read_and_told() -> None:
    def hide(book: Any) -> None:
        for number in (3, 4, 7):
            book["PL"].row_dimensions[number].hidden = True
        book["PL"].column_dimensions["C"].hidden = True

    workbook = read({"PL": ROWS}, hide)
    assert len(workbook.rows) == 6
    assert [(item.code, item.where) for item in workbook.sheets[0].remarks] == [
        ("rows_hidden", "3-4, 7"),
        ("columns_hidden", "C"),
    ]
    assert [row.number for row in workbook.rows if row.remarks] == [3, 4, 7]
    assert all(item.vi.endswith(".") and item.en.endswith(".") for item in workbook.sheets[0].remarks)


@pytest.mark.parametrize("mac", [False, True])
def test_days_that_lost_their_format_are_told_with_the_day_they_may_be(*, mac: bool) -> None:
    def change(book: Any) -> None:
        if mac:
            book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
        book["PL"]["D4"].number_format = "dd/mm/yyyy"

    rows = [
        HEAD,
        (1, "45976", "Bộ Y tế", 45976),
        (2, "Việc", "Bộ Y tế", "45976"),
        (3, "Việc", "Bộ Y tế", date(2025, 11, 15)),
    ]
    rows += [(4, "Việc", "Bộ Y tế", "12345"), (5, "Việc", "Bộ Y tế", "459760")]
    workbook = read({"PL": rows}, change)
    day = "16/11/2029" if mac else "15/11/2025"
    assert [[(item.field, day in item.vi) for item in row.remarks] for row in workbook.rows] == [
        [("deadline_text", True)], [("deadline_text", True)], [], [], [],
    ]  # fmt: skip
    assert workbook.rows[2].values["deadline_text"] == "15/11/2025"
    assert [(item.code, item.where) for item in workbook.sheets[0].remarks] == [("date_serials", "2-3")]


def test_numbers_as_ranges() -> None:
    assert ranges([]) == ""
    assert ranges([9, 3, 5, 6, 7, 5]) == "3, 5-7, 9"


# --- hostile


@pytest.mark.parametrize(
    "name", ["=1+1", "PL [đỏ]", "x&<y>\"'", "\u202eevil", "Trang 1" * 4, "đ" * 31, "[/red]"]
)
def test_odd_names_of_sheets(name: str) -> None:
    book = book_bytes({"PL": [HEAD, ONE]})
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    content = replaced(book, "xl/workbook.xml", b'name="PL"', f'name="{escaped}"'.encode())
    workbook = read_workbook("a.xlsx", content, COLUMNS)
    assert len(workbook.rows) == 1
    assert workbook.rows[0].sheet == workbook.sheets[0].name == name.replace("\u202e", "\ufffd")
    assert len(read_workbook("a.xlsx", content, COLUMNS, sheet=workbook.sheets[0].name).rows) == 1


def test_two_sheets_of_one_name_are_no_workbook() -> None:
    content = replaced(book_bytes(TWO), "xl/workbook.xml", b'name="PL II"', b'name="PL I"')
    with pytest.raises(InvalidInput) as caught:
        read_workbook("a.xlsx", content, COLUMNS)
    assert caught.value.code == "file_corrupt"


async def test_a_thousand_sheets_and_two_hundred_hidden() -> None:
    def hide(book: Any) -> None:
        for sheet in book.worksheets[:200]:
            sheet.sheet_state = "hidden"

    sheets: Sheets = {f"PL {number}": [HEAD, (number, *ONE[1:])] for number in range(1_000)}
    workbook = await read_workbook_apart("a.xlsx", book_bytes(sheets, hide), COLUMNS)
    assert len(workbook.rows) == 800
    assert list(outcomes(workbook).values()).count("hidden") == 200


def test_a_cell_of_ten_megabytes_is_that_rows_problem() -> None:
    content = with_shared_strings(book_bytes({"PL": [HEAD, ONE, (2, "mồi", "Bộ Y tế", "sớm")]}))
    content = replaced(content, "xl/sharedStrings.xml", "mồi".encode(), b"v" * 10_000_000)
    first, second = read_workbook("a.xlsx", content, COLUMNS).rows
    assert not first.problems
    assert [(item.code, item.field) for item in second.problems] == [("cell_too_long", "title")]


def test_a_heading_only() -> None:
    workbook = read({"PL": [HEAD]})
    assert (workbook.sheets[0].outcome, workbook.rows) == ("read", ())


async def test_another_process_tells_the_same() -> None:
    def change(book: Any) -> None:
        struck(book)
        book["PL"].row_dimensions[2].hidden = True
        book["PL"]["D7"] = 45976

    sheets: Sheets = {**TWO, "PL": ROWS}
    content = book_bytes(sheets, change)
    assert await read_workbook_apart("a.xlsx", content, COLUMNS) == read_workbook("a.xlsx", content, COLUMNS)


@pytest.mark.parametrize("other", ["PL I ", " PL I", "PL\u00a0I"])
def test_sheets_whose_names_look_alike_are_refused(other: str) -> None:
    second = [HEAD, (1, "Việc hai", "Bộ Y tế", "sớm")]
    refused = refusal({"PL I": [HEAD, ONE], other: second})
    assert (refused.code, "“PL I”" in refused.vi) == ("sheet_names_alike", True)
    assert refusal({"PL I": [HEAD, ONE], other: second}, "PL I").code == "sheet_names_alike"
