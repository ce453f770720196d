"""A report put into the file it is about: as it came, with columns of text, and imported again without them."""

import io
from typing import Any

import openpyxl
import pytest

from shared.imports.reports import reasons, report_workbook, suggestions
from shared.spreadsheets import Columns, Heading, RowNote, read_workbook
from shared.spreadsheets.report import write_report
from tests.shared.test_sheets import HEAD, ONE, book_bytes
from tests.support.spreadsheets import csv_bytes

COLUMNS = Columns(
    {
        "title": ("nhiệm vụ",),
        "lead_text": ("cơ quan chủ trì", "chủ trì"),
        "coordinate_text": ("phối hợp",),
        "deadline_text": ("thời hạn",),
        "order_no": ("tt",),
        "answer": ("xác nhận",),
    },
    required=("title", "lead_text", "deadline_text"),
)
HEADING = Heading("PL", 1, HEAD)


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def cells(sheet: Any) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_notes_stand_beside_their_rows_and_the_rest_stays_as_it_was() -> None:
    def form(book: Any) -> None:
        book["PL"]["B2"].font = openpyxl.styles.Font(bold=True)
        book["PL"].merge_cells("A3:E3")

    content = book_bytes({"Bìa": [("x",)], "PL": [HEAD, ONE, ("I", None, None, None), (2, "=1+1")]}, form)
    book = opened(
        write_report(
            content, [HEADING], [RowNote("PL", 2, "refused", "Từ chối", "Vì thế", "Nên thế")], asks=True
        )
    )
    assert book.sheetnames == ["Bìa", "PL"]
    rows = cells(book["PL"])
    assert rows[0] == [*HEAD, None, "Kết quả nhập", "Lý do", "Gợi ý", "Xác nhận"]  # behind the merged cells
    assert rows[1] == [*ONE, None, "Từ chối", "Vì thế", "Nên thế", None]
    assert rows[3][1] == "=1+1"
    assert book["PL"]["B2"].font.bold


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(A1)", '=HYPERLINK("http://x")', "\t=1"])
def test_what_is_written_is_text(text: str) -> None:
    note = RowNote("", 2, "refused", text, text, text)
    content = csv_bytes([HEAD, (1, text, "Bộ Nội vụ", "sớm")])
    sheet = opened(write_report(content, [Heading("", 1, HEAD)], [note], asks=False)).active
    for cell in (sheet["B2"], sheet["E2"], sheet["F2"], sheet["G2"]):
        assert (cell.data_type, cell.value.strip(), cell.quotePrefix) == ("s", text.strip(), True)


def test_a_report_of_a_report_writes_over_it() -> None:
    notes = [RowNote("PL", 2, "refused", "Từ chối", "cũ", "")]
    once = write_report(book_bytes({"PL": [HEAD, ONE]}), [HEADING], notes, asks=True)
    twice = write_report(once, [HEADING], [RowNote("PL", 2, "accepted", "Nhận", "", "")], asks=True)
    assert cells(opened(twice)["PL"]) == [
        [*HEAD, "Kết quả nhập", "Lý do", "Gợi ý", "Xác nhận"],
        [*ONE, "Nhận", None, None, None],
    ]


def test_the_added_columns_are_passed_over_when_it_is_read_again() -> None:
    head = [("TT", "Nhiệm vụ", "Thực hiện", None, "Thời hạn"), (None, None, "Chủ trì", "Phối hợp", None)]
    content = book_bytes({"PL": [*head, (1, "Việc", "Bộ Y tế", "", "sớm"), ("", "Ghi chú: không")]})
    before = read_workbook("a.xlsx", content, COLUMNS)
    sheet = before.sheets[0]
    assert sheet.heading_end is not None
    notes = [RowNote("PL", row, "refused", "Từ chối", "=lý do", "gợi ý") for row in (3, 4)]
    heading = Heading("PL", sheet.heading_end, tuple(sheet.columns.values()))
    after = read_workbook("a.xlsx", write_report(content, [heading], notes, asks=False), COLUMNS)
    assert after.rows == before.rows
    assert after.sheets[0].ignored == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_becomes_a_workbook_of_the_same_rows(delimiter: str) -> None:
    content = csv_bytes([("Danh mục",), (), HEAD, (1, "Một, hai; ba", "Bộ Y tế", "sớm")], delimiter)
    before = read_workbook("a.csv", content, COLUMNS)
    notes = [RowNote("", 4, "refused", "Từ chối", "lý do", "")]
    written = write_report(content, [Heading("", 3, HEAD)], notes, asks=True)
    after = read_workbook("a.xlsx", written, COLUMNS)
    [old], [new] = before.rows, after.rows
    assert (new.number, {key: value for key, value in new.values.items() if key != "answer"}) == (
        4,
        old.values,
    )


def test_control_characters_and_long_texts_are_written_as_far_as_a_cell_takes_them() -> None:
    note = RowNote("PL", 2, "refused", "a\x00b\x1b[2J", "x" * 40_000, "")
    sheet = opened(write_report(book_bytes({"PL": [HEAD, ONE]}), [HEADING], [note], asks=False))["PL"]
    assert sheet["E2"].value == "a\ufffdb\ufffd[2J"
    assert len(sheet["F2"].value) == 32_767


def problem(field: str, **told: Any) -> dict[str, Any]:
    return {
        "field": field,
        "code": "x",
        "detail": "Chi tiết.",
        "detail_en": "Detail.",
        "suggestions": [],
        **told,
    }


ROW: dict[str, Any] = {"sheet": "PL", "row": 2, "outcome": "refused", "problems": [], "warnings": []}


def test_reasons_name_the_columns_as_printed_and_days_as_written() -> None:
    row = ROW | {
        "problems": [problem("lead_text")], "warnings": [problem("row")], "due_on": "2025-05-31", "members": 3,
        "moved_from": "II/3", "flag_details": [{"detail": "Đọc lại."}], "unread_words": ["đợt"],
    }  # fmt: skip
    assert list(reasons(row, {"lead_text": "CQ\nchủ trì"})) == [
        "CQ chủ trì: Chi tiết.", "Lưu ý: Chi tiết.", "Lưu ý: Thời hạn: Đọc lại.",
        "Từ chưa hiểu trong thời hạn: “đợt”.", "Đến hạn 31/05/2025.", "Giao riêng cho 3 thành viên.", "Trước đây ở II/3.",
    ]  # fmt: skip


def test_suggestions_name_agencies_and_tasks() -> None:
    near = [{"code": "G09", "name": "Bộ Nội vụ", "score": 90.0}]
    task = {"task_id": "0-1", "annex": "Phụ lục I", "ref": "II/3", "title": "Việc"}
    row = ROW | {"problems": [problem("lead_text", suggestions=near)], "candidates": [task]}
    assert list(suggestions(row)) == [
        "Có thể là: Bộ Nội vụ (G09).",
        "Xác nhận: mới, hoặc 0-1 nếu là “Việc” (Phụ lục I, II/3).",
    ]


async def test_a_report_is_written_by_another_process() -> None:
    sheet = {"name": "PL", "outcome": "read", "heading_end": 1, "columns": {"title": "Nhiệm vụ"}}
    asked = ROW | {"outcome": "question", "problems": [problem("ref", code="row_may_be_known")]}
    skipped = {"sheet": "PL", "number": 3, "text": "x", "reason": "note", "detail": "Ghi chú ngoài bảng."}
    content = book_bytes({"PL": [HEAD, ONE, ("Ghi chú: x",)]})
    workbook = await report_workbook(content, {"sheets": [sheet], "rows": [asked], "skipped": [skipped]})
    rows = cells(opened(workbook)["PL"])
    assert rows[0][4:] == ["Kết quả nhập", "Lý do", "Gợi ý", "Xác nhận"]
    assert rows[1][4:] == ["Cần xác nhận", "Chi tiết.", None, None]
    assert rows[2][4:] == ["Bỏ qua", "Ghi chú ngoài bảng.", None, None]
