"""Reading spreadsheets: headings, cells as shown, what is odd about them, and files that are wrong or hostile."""

import asyncio
import io
import re
import subprocess
import sys
import threading
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidInput, TooLarge, Unavailable
from shared.spreadsheets import (
    MAX_CELL,
    CellProblem,
    Columns,
    Skipped,
    Table,
    apart,
    mapping_from_json,
    read_workbook,
    read_workbook_apart,
    workbook,
    xlsx_file,
)
from shared.spreadsheets.cells import ProblemCode
from shared.spreadsheets.grid import Flaw
from tests.support.spreadsheets import csv_bytes, replaced, with_shared_strings, xlsx_bytes

DATA = Path(__file__).parents[1] / "data"
HEAD = ("TT", "Nhiệm vụ", "Cơ quan chủ trì", "Thời hạn")
ONE = ("1", "Việc một", "Bộ Nội vụ", "Tháng 5/2025")
COLUMNS = Columns(
    {
        "title": ("nhiệm vụ", "tên nhiệm vụ", "nội dung nhiệm vụ"),
        "lead_text": ("cơ quan chủ trì", "chủ trì", "agencies_text"),
        "deadline_text": ("thời hạn", "thời gian hoàn thành", "deadline"),
        "coordinate_text": ("phối hợp",),
        "order_no": ("tt", "stt"),
        "ref": ("mã",),
    },
    required=("title", "lead_text", "deadline_text"),
)


def read_rows(filename: str, content: bytes, mapping: dict[str, str] | None = None) -> Table:
    [only] = read_workbook(filename, content, COLUMNS, mapping).tables
    return only


def read_rows_apart(filename: str, content: bytes, mapping: dict[str, str] | None = None) -> Any:
    return read_workbook_apart(filename, content, COLUMNS, mapping)


def read_csv_table(*table: Sequence[Any]) -> Table:
    return read_rows("bang.csv", csv_bytes(table))


def read_xlsx_table(*table: Sequence[Any], change: Callable[[Any], object] = lambda _: None) -> Table:
    return read_rows("bang.xlsx", xlsx_bytes(table, change))


def refusal(filename: str, content: bytes, columns: dict[str, str] | None = None) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read_rows(filename, content, columns)
    assert caught.value.vi.endswith(".")
    assert caught.value.en.endswith(".")
    return caught.value


def titles(sheet: Table) -> list[str]:
    return [row.values["title"] for row in sheet.rows]


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


# files


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_encodings(delimiter: str, encoding: str) -> None:
    table = [HEAD, ("1", "Một, hai; ba", "Bộ Văn hóa, Thể thao và Du lịch", "sớm")]
    content = csv_bytes(table, delimiter).decode().encode(encoding)
    assert titles(read_rows("a.csv", content)) == ["Một, hai; ba"]


def test_nfd_and_odd_spaces_become_plain() -> None:
    text = unicodedata.normalize("NFD", "\ufeff Bộ\u00a0Y tế \r\n")
    assert read_csv_table(HEAD, ("1", "Việc", text, "sớm")).rows[0].values["lead_text"] == "Bộ Y tế"


GOOD = xlsx_bytes([HEAD, ONE])
SHEET = "xl/worksheets/sheet1.xml"


SHARED = with_shared_strings(GOOD)


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


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SHARED) - 1), st.integers(1, 255))
def test_a_damaged_workbook_is_read_or_refused(at: int, flip: int) -> None:
    content = bytearray(SHARED)
    content[at] ^= flip
    try:
        read_rows("a.xlsx", bytes(content))
    except InvalidInput:
        return


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
    try:
        read_rows("a.xlsx", content)
    except InvalidInput:
        return


async def test_another_process_reads_the_same_sheet() -> None:
    content = (DATA / "nq71_appendix3.csv").read_bytes()
    assert (await read_rows_apart("nq71.csv", content)).tables == (read_rows("nq71.csv", content),)
    assert (await read_rows_apart("a.xlsx", SHARED)).tables == (read_rows("a.xlsx", SHARED),)


async def test_a_refusal_of_another_process_is_raised_here() -> None:
    with pytest.raises(InvalidInput) as unknown:
        await read_rows_apart("a.csv", GOOD, {"colour": "Màu"})
    assert (unknown.value.code, unknown.value.field) == ("column_unknown", "columns.colour")
    with pytest.raises(TooLarge) as wide:
        await read_rows_apart("a.csv", csv_bytes([[f"Cột {number}" for number in range(20_000)]]))
    assert wide.value.code == "too_many_columns"


async def test_a_workbook_that_would_end_the_process_is_refused() -> None:
    far = b'<row r="1048576"><c r="XFD1048576" t="str"><v></v></c></row></sheetData>'
    with pytest.raises(InvalidInput) as caught:
        await read_rows_apart("a.xlsx", replaced(SHARED, SHEET, b"</sheetData>", far))
    assert caught.value.code == "file_too_costly"


async def test_the_reading_process_knows_no_secret_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, str]] = []
    run = subprocess.run

    def spy(*args: Any, **options: Any) -> subprocess.CompletedProcess[bytes]:
        seen.append(options["env"])
        return run(*args, **options)

    monkeypatch.setenv("SECRET", "mật")
    monkeypatch.setattr(subprocess, "run", spy)
    await read_rows_apart("a.csv", csv_bytes([HEAD, ONE]))
    assert [set(env) for env in seen] == [{"PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "POLARS_MAX_THREADS"}]


async def test_a_file_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_COMMAND", (sys.executable, "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(
        apart, "_SECONDS", 0.9
    )  # ample to begin, so that it is not the turn that was waited for
    with pytest.raises(InvalidInput) as caught:
        await read_rows_apart("a.csv", csv_bytes([HEAD, ONE]))
    assert caught.value.code == "file_too_costly"


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


# the reading process ends otherwise than by an answer


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("import os; os.kill(os.getpid(), 11)", "file_crashes_reader"),
        ("raise SystemExit(1)", "file_crashes_reader"),
        ("raise ValueError", "file_crashes_reader"),
        ("import os; os.kill(os.getpid(), 9)", "file_too_costly"),
        ("import os; os.kill(os.getpid(), 24)", "file_too_costly"),
        ("raise SystemExit(3)", "file_too_costly"),
        (
            "import os, sys; print('memory allocation of 5 bytes failed', file=sys.stderr); os.abort()",
            "file_too_costly",
        ),
    ],
)
async def test_a_crash_is_told_from_a_file_that_costs_too_much(
    monkeypatch: pytest.MonkeyPatch, ending: str, code: str
) -> None:
    monkeypatch.setattr(apart, "_COMMAND", (sys.executable, "-c", ending))
    with pytest.raises(InvalidInput) as caught:
        await read_rows_apart("a.csv", csv_bytes([HEAD, ONE]))
    assert caught.value.code == code


async def test_memory_that_python_is_denied_is_told_as_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import runpy; import shared.spreadsheets.workbook as w\n"
        "def greedy(*_): raise MemoryError\n"
        "w.read_workbook = greedy; runpy.run_module('shared.spreadsheets', run_name='__main__')"
    )
    monkeypatch.setattr(apart, "_COMMAND", (sys.executable, "-c", program))
    with pytest.raises(InvalidInput) as caught:
        await read_rows_apart("a.csv", csv_bytes([HEAD, ONE]))
    assert caught.value.code == "file_too_costly"


class Turnstile:
    """Stands in for the process: counts how many run at once, and lets them end when told."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.full = threading.Event()
        self.inside = self.most = 0
        self.answer = b'{"refusal": {"kind": "InvalidInput", "code": "x", "vi": "", "en": "", "field": null}}'
        self._lock = threading.Lock()

    def run(self, command: Sequence[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            if self.inside == apart.AT_ONCE:
                self.full.set()
        assert self.open.wait(30)
        with self._lock:
            self.inside -= 1
        return subprocess.CompletedProcess(command, 0, self.answer, b"")


@pytest.fixture
def turnstile(monkeypatch: pytest.MonkeyPatch) -> Turnstile:
    turnstile = Turnstile()
    monkeypatch.setattr(subprocess, "run", turnstile.run)
    return turnstile


async def test_few_are_read_at_once_and_the_others_wait(turnstile: Turnstile) -> None:
    reading = [asyncio.create_task(read_rows_apart("a.csv", b"x")) for _ in range(3 * apart.AT_ONCE)]
    await asyncio.to_thread(turnstile.full.wait, 30)
    turnstile.open.set()
    refusals = await asyncio.gather(*reading, return_exceptions=True)
    assert [getattr(each, "code", each) for each in refusals] == ["x"] * len(reading)
    assert turnstile.most == apart.AT_ONCE


async def test_who_waits_too_long_is_told_to_come_again(
    turnstile: Turnstile, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = [asyncio.create_task(read_rows_apart("a.csv", b"x")) for _ in range(apart.AT_ONCE)]
    await asyncio.to_thread(turnstile.full.wait, 30)
    late = asyncio.create_task(read_rows_apart("a.csv", b"x"))
    await asyncio.sleep(0)  # into the queue
    monkeypatch.setattr(apart, "_SECONDS", 0.0)
    turnstile.open.set()
    with pytest.raises(Unavailable) as caught:
        await late
    assert caught.value.code == "reading_busy"
    assert [
        getattr(each, "code", each) for each in await asyncio.gather(*reading, return_exceptions=True)
    ] == ["x"] * 2
