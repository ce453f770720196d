"""Reading spreadsheets: headings, cells as shown, what is odd about them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, get_args

import openpyxl
import pytest

from shared.errors import InvalidInput
from shared.spreadsheets import (
    MAX_CELL,
    CellProblem,
    Skipped,
    mapping_from_json,
    read_workbook_apart,
)
from shared.spreadsheets.cells import ProblemCode
from shared.spreadsheets.grid import Flaw
from tests.shared.tables import (
    COLUMNS,
    GOOD,
    HEAD,
    ONE,
    read_csv_table,
    read_rows,
    read_xlsx_table,
    refusal,
    titles,
)
from tests.support.spreadsheets import csv_bytes, xlsx_bytes


def test_a_heading_in_two_rows() -> None:
    table = (
        ("TT", "Nhiệm vụ", "Cơ quan thực hiện", "", "Thời hạn"),
        ("", "", "Chủ trì", "Phối hợp", ""),
        ("1", "Việc một", "Bộ Nội vụ", "Bộ Y tế", "quý IV/2025"),
    )

    def merge(book: Any) -> None:
        for cells in ("A1:A2", "B1:B2", "C1:D1", "E1:E2"):
            book.active.merge_cells(cells)

    for sheet in (read_csv_table(*table), read_xlsx_table(*table, change=merge)):
        [row] = sheet.rows
        assert (row.number, row.values["lead_text"], row.values["coordinate_text"]) == (
            3,
            "Bộ Nội vụ",
            "Bộ Y tế",
        )


def test_unknown_columns_are_kept_and_named() -> None:
    sheet = read_csv_table((*HEAD, "Ghi chú", "Ghi chú", "Nguồn"), (*ONE, "a", "b", "c"))
    assert sheet.unknown == ("Ghi chú (E)", "Ghi chú (F)", "Nguồn")
    assert {name: sheet.rows[0].values[name] for name in sheet.unknown} == {
        "Ghi chú (E)": "a",
        "Ghi chú (F)": "b",
        "Nguồn": "c",
    }


def test_a_mapping_wins_over_the_usual_headings() -> None:
    content = csv_bytes(
        [("STT", "Nhiệm vụ", "Tên việc", "Đầu mối", "Hạn"), ("1", "x", "Việc một", "Bộ Y tế", "sớm")]
    )
    columns = {"title": "tên việc", "lead_text": "Đầu mối", "deadline_text": "HẠN"}
    [row] = read_rows("a.csv", content, columns).rows
    assert (row.values["title"], row.values["lead_text"], row.values["Nhiệm vụ"]) == (
        "Việc một",
        "Bộ Y tế",
        "x",
    )


@pytest.mark.parametrize(
    ("head", "columns", "code", "said"),
    [
        (("Nhiệm vụ", "Thời hạn"), None, "heading_missing", "cơ quan chủ trì"),
        (
            ("Tên nhiệm vụ", "Nhiệm vụ", "Chủ trì", "Thời hạn"),
            None,
            "heading_repeated",
            "“Tên nhiệm vụ” và “Nhiệm vụ”",
        ),
        (("một", "hai", "ba"), None, "header_not_found", "thời hạn"),
        (HEAD, {"title": "Việc"}, "mapped_heading_missing", "“Việc”"),
        (HEAD, {"titel": "Việc"}, "column_unknown", "titel"),
    ],
)
def test_refused_headings(head: Sequence[str], columns: dict[str, str] | None, code: str, said: str) -> None:
    for name, content in (("a.csv", csv_bytes([head, ONE])), ("a.xlsx", xlsx_bytes([head, ONE]))):
        refused = refusal(name, content, columns)
        assert refused.code == code
        assert said in refused.vi


def test_the_heading_is_sought_in_the_first_ten_rows_with_text() -> None:
    above = [("tiêu đề",), ()] * 9
    assert titles(read_csv_table(*above, HEAD, ONE)) == ["Việc một"]
    assert refusal("a.csv", csv_bytes([*above, ("nữa",), HEAD, ONE])).code == "header_not_found"


# rows


def test_numbers_are_those_of_the_spreadsheet() -> None:
    table = (HEAD, ("1", "Việc\nmột", "Bộ Y tế", "sớm"), (), ("2", "Việc hai", "Bộ Y tế", "sớm"))
    for sheet in (read_csv_table(*table), read_xlsx_table(*table)):
        assert [row.number for row in sheet.rows] == [2, 4]
        assert titles(sheet) == ["Việc\nmột", "Việc hai"]


def test_cells_beyond_the_heading_are_flagged() -> None:
    [row] = read_csv_table(HEAD, (*ONE, "", "lạc")).rows
    assert row.problems == (CellProblem("extra_cells", "F"),)


@pytest.mark.parametrize(
    "cell", ["=1+1", '=HYPERLINK("http://x")', "@SUM(A1)", "+A1", "-A1+2", "+cmd|' /C x'!A0"]
)
def test_a_formula_in_csv_is_flagged_and_kept_as_text(cell: str) -> None:
    [row] = read_csv_table(HEAD, ("1", cell, "Bộ Y tế", "sớm")).rows
    assert row.values["title"] == cell
    assert row.problems == (CellProblem("formula", "title"),)


@pytest.mark.parametrize(
    "cell",
    [
        "- Bộ Nội vụ",
        "-Bộ Nội vụ",
        "-Bo\u0323\u0302 Nội vụ",
        "-Bộ/ngành",
        "+ Bộ Y tế;\n+ Bộ Tư pháp",
        "-5%",
        "+1.000",
        "-",
    ],
)
def test_dash_lists_and_amounts_are_no_formulas(cell: str) -> None:
    [row] = read_csv_table(HEAD, ("1", "Việc", cell, "sớm")).rows
    assert not row.problems


def test_a_formula_in_xlsx_is_flagged_where_it_is_used() -> None:
    sheet = read_xlsx_table(
        (*HEAD, "Ghi chú"),
        (1, '=HYPERLINK("http://x","y")', "Bộ Y tế", "sớm"),
        (2, "Việc", "Bộ Y tế", "sớm", "=1+1"),
        (3, "Việc", "#REF!", "sớm"),
    )
    assert [row.problems for row in sheet.rows] == [
        (CellProblem("formula", "title"),),
        (),
        (CellProblem("cell_error", "lead_text"),),
    ]


def test_a_cell_too_long_is_flagged() -> None:
    [row] = read_csv_table(HEAD, ("1", "v" * (MAX_CELL + 1), "Bộ Y tế", "sớm")).rows
    assert row.problems == (CellProblem("cell_too_long", "title"),)


# what Excel shows


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (date(2025, 11, 15), "dd/mm/yyyy", "15/11/2025"),
        (date(2025, 11, 15), "yyyy-mm-dd", "15/11/2025"),
        (date(2025, 6, 1), "mmm-yy", "06/2025"),
        (date(2025, 6, 1), '[$-42A]"Tháng" m/yyyy', "06/2025"),
        (datetime(2025, 11, 15, 17, 30), "dd/mm/yyyy hh:mm", "15/11/2025 17:30"),  # noqa: DTZ001 - Excel has no zone
        (datetime(2025, 11, 15, 17, 30), "dd/mm/yyyy", "15/11/2025"),  # noqa: DTZ001 - Excel has no zone
        (2025, "General", "2025"),
        (2025.0, "General", "2025"),
        (0.1 + 0.2, "General", "0.3"),
        (0.15, "0%", "15%"),
        (12345678901, "0", "12345678901"),
        (1234567.891234, "#,##0.00", "1234567.891234"),
        ("2025-11-15 00:00:00", "General", "2025-11-15 00:00:00"),
    ],
)
def test_cells_are_read_as_shown(value: object, number_format: str, shown: str) -> None:
    def form(book: Any) -> None:
        book.active["D2"].number_format = number_format

    sheet = read_xlsx_table(HEAD, (1, "Việc", "Bộ Y tế", value), (2, "Việc", "Bộ Y tế", "chữ"), change=form)
    assert sheet.rows[0].values["deadline_text"] == shown


def test_a_value_merged_downwards_stands_in_each_row() -> None:
    def merge(book: Any) -> None:
        book.active.merge_cells("C2:C4")

    sheet = read_xlsx_table(
        HEAD, ONE, ("2", "Việc hai"), ("3", "Việc ba"), ("4", "Việc bốn", "Bộ Y tế"), change=merge
    )
    assert [row.values["lead_text"] for row in sheet.rows] == ["Bộ Nội vụ"] * 3 + ["Bộ Y tế"]


async def test_cells_that_are_numbers_or_merged_are_told_from_others() -> None:
    def merge(book: Any) -> None:
        book.active.merge_cells("C2:C3")

    rows = ((1, "Việc", "Bộ Y tế", 1.5), (2, "Việc", None, "1.5"), (3, "Việc", "Bộ Nội vụ", 1500))
    content = xlsx_bytes((HEAD, *rows), merge)
    [table] = (await read_workbook_apart("a.xlsx", content, COLUMNS)).tables
    assert [row.fractions for row in table.rows] == [{"deadline_text"}, set(), set()]
    assert [row.merged for row in table.rows] == [{"lead_text"}, {"lead_text"}, set()]


def test_the_first_visible_sheet_is_read() -> None:
    def hide(book: Any) -> None:
        book.active.title = "Nháp"
        shown = book.create_sheet("Nhiệm vụ")
        shown.append(HEAD)
        shown.append(ONE)
        book["Nháp"].sheet_state = "hidden"
        book.active = 1

    sheet = read_xlsx_table(("không phải",), change=hide)
    assert (sheet.name, titles(sheet)) == ("Nhiệm vụ", ["Việc một"])


def test_a_table_away_from_the_corner() -> None:
    def move(book: Any) -> None:
        book.active.move_range("A1:D2", rows=4, cols=3)
        book.active["A1"].fill = openpyxl.styles.PatternFill("solid", fgColor="FFFF00")
        book.active["J40"].fill = openpyxl.styles.PatternFill("solid", fgColor="FFFF00")

    [row] = read_xlsx_table(HEAD, ONE, change=move).rows
    assert (row.number, row.values["order_no"], row.values["deadline_text"]) == (6, "1", "Tháng 5/2025")


@pytest.mark.parametrize("columns", [{"title": "\ud800"}, {"\udfff": "Nhiệm vụ"}])
def test_half_a_character_in_the_mapping_is_refused(columns: dict[str, str]) -> None:
    assert refusal("a.csv", GOOD, columns).code == "columns_not_text"


def test_columns_and_rows_without_text_are_not_counted() -> None:
    assert titles(read_rows("a.csv", csv_bytes([HEAD, ONE]) + b"," * 2_000_000 + b"\n" * 200_000)) == [
        "Việc một"
    ]


# rows that say nothing


def test_a_heading_printed_again_and_column_numbers_are_no_rows() -> None:
    sheet = read_csv_table(
        HEAD, ("(1)", "(2)", "(3)", "(4)"), ONE, HEAD, ("1", "2", "3", "4"), ("2", "3", "4", "5")
    )
    assert [row.number for row in sheet.rows] == [3, 6]
    assert sheet.skipped == (
        Skipped(2, "(2)", "column_numbers"),
        Skipped(4, "Nhiệm vụ", "heading"),
        Skipped(5, "2", "column_numbers"),
    )


def test_totals_and_sections_are_left_to_the_service() -> None:
    sheet = read_csv_table(HEAD, ("I", "Nhóm một", "", ""), ONE, ("", "Tổng cộng", "", ""))
    assert titles(sheet) == ["Nhóm một", "Việc một", "Tổng cộng"]


CODES: tuple[ProblemCode, ...] = (
    *get_args(Flaw),
    "cell_too_long",
    "extra_cells",
    "text_struck",
    "row_struck",
)


@pytest.mark.parametrize("code", CODES)
def test_a_problem_says_what_to_do(code: ProblemCode) -> None:
    problem = CellProblem(code, "title")
    assert problem.vi.endswith(".")
    assert problem.en.endswith(".")


@pytest.mark.parametrize("text", ["", "[]", '{"title": 1}', "{", "[" * 100_000])
def test_a_mapping_that_is_none(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        mapping_from_json(text)
    assert (caught.value.code, caught.value.field) == ("columns_invalid", "columns")


def test_a_mapping_as_sent() -> None:
    assert mapping_from_json(None) is None
    assert mapping_from_json('{"title": "Việc"}') == {"title": "Việc"}
