"""An annex's layout: which rows give tasks, under which heading each stands, and what it is called by."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.tasks.domain.annexes import COLUMNS, NoTask, tasks_of
from shared.spreadsheets import Row, read_workbook
from shared.spreadsheets.headings import Headings
from tests.support.spreadsheets import csv_bytes, xlsx_bytes

DATA = Path(__file__).parents[1] / "data"
HEAD = ("TT", "Nhiệm vụ", "Cơ quan chủ trì", "Thời hạn")
ONE = ("1", "Việc một", "Bộ Nội vụ", "Tháng 5/2025")


@dataclass(frozen=True)
class Annex:
    headers: dict[str, str]
    unknown: tuple[str, ...]
    rows: tuple[Row, ...]
    skipped: tuple[NoTask, ...]


def read_annex(filename: str, content: bytes) -> Annex:
    [table] = read_workbook(filename, content, COLUMNS).tables
    rows, skipped = tasks_of(table)
    return Annex(table.headers, table.unknown, tuple(item.row for item in rows), skipped)


def read_csv_table(*table: Sequence[Any]) -> Annex:
    return read_annex("bang.csv", csv_bytes(table))


def read_xlsx_table(*table: Sequence[Any], change: Callable[[Any], object] = lambda _: None) -> Annex:
    return read_annex("bang.xlsx", xlsx_bytes(table, change))


def test_nq71() -> None:
    sheet = read_annex("nq71.csv", (DATA / "nq71_appendix3.csv").read_bytes())
    assert len(sheet.rows) == 46
    assert not sheet.skipped
    assert not sheet.unknown
    assert not [row for row in sheet.rows if row.problems]
    assert (sheet.rows[0].number, sheet.rows[-1].number) == (2, 47)
    refs = [row.values["ref"] for row in sheet.rows]
    assert refs == [f"2025-05/{n}" for n in range(1, 25)] + [f"2025-06/{n}" for n in range(1, 23)]
    assert sheet.headers["lead_text"] == "agencies_text"
    assert sheet.rows[15].values["lead_text"] == "Các bộ, ngành, địa phương"
    assert sheet.rows[0].values["section"].startswith("Nhóm 1:")


def test_tb07() -> None:
    sheet = read_annex("tb07.csv", (DATA / "tb07_annex.csv").read_bytes())
    assert len(sheet.rows) == 64
    assert not sheet.skipped
    assert not [row for row in sheet.rows if row.problems]
    assert sheet.rows[0].values["ref"] == "III.1"
    assert len({row.values["ref"] for row in sheet.rows}) == 64
    assert (
        sheet.rows[13].values["coordinate_text"] == "Văn phòng Chính phủ, Bộ Nội vụ và các cơ quan liên quan"
    )


@pytest.mark.parametrize("name", ["nq71_appendix3.csv", "tb07_annex.csv"])
def test_a_real_annex_reads_the_same_from_both_kinds(name: str) -> None:
    content = (DATA / name).read_bytes()
    table = list(csv.reader(io.StringIO(content.decode(), newline="")))
    from_csv, from_xlsx = read_annex(name, content), read_annex("a.xlsx", xlsx_bytes(table))
    assert [(row.number, row.values, row.problems) for row in from_csv.rows] == [
        (row.number, row.values, row.problems) for row in from_xlsx.rows
    ]
    assert from_csv.headers == from_xlsx.headers


def test_every_accepted_heading() -> None:
    headings = Headings(COLUMNS)
    for key, names in COLUMNS.headings.items():
        for name in (key, *names):
            for printed in (
                name.upper(),
                f"{name}\n(ghi rõ)",
                f" {name.replace(', ', '/ ')} (*)",
                f"{name}¹",
            ):
                assert headings.key(printed) == key, printed


def test_an_annex_as_printed() -> None:
    sheet = read_xlsx_table(
        (),
        ("PHỤ LỤC III",),
        ("Danh mục nhiệm vụ (kèm theo Nghị quyết số 71/NQ-CP)",),
        (),
        ("", "TT", "Nội dung nhiệm vụ", "Sản phẩm, kết quả", "Cơ quan  chủ trì (*)", "Thời gian hoàn thành"),
        ("", "(1)", "(2)", "(3)", "(4)", "(5)"),
        ("", "I", "Nâng cao nhận thức"),
        ("", 1, "Việc một", "Đề án", "Bộ Nội vụ", "Tháng 5/2025"),
        ("", 2, "Việc hai", "", "Bộ Y tế", ""),
        ("", "II", "Hoàn thiện thể chế"),
        ("", 1, "Việc ba", "", "Bộ Tư pháp", ""),
        ("", "", "Tổng cộng: 3"),
    )
    assert [row.number for row in sheet.rows] == [8, 9, 11]
    assert [row.values["ref"] for row in sheet.rows] == ["I/1", "I/2", "II/1"]
    assert [row.values["section"] for row in sheet.rows] == ["Nâng cao nhận thức"] * 2 + [
        "Hoàn thiện thể chế"
    ]
    assert [(s.number, s.reason) for s in sheet.skipped] == [
        (6, "column_numbers"),
        (7, "section"),
        (10, "section"),
        (12, "total"),
    ]
    assert not [row for row in sheet.rows if row.problems]


def test_rows_that_are_no_tasks() -> None:
    sheet = read_csv_table(
        HEAD,
        ("", "Nhóm 1: Nhận thức", "", ""),
        ONE,
        HEAD,
        ("2", "Chỉ có tên việc", "", ""),
        ("3", "", "", ""),
        ("", "", "Bộ Y tế", ""),
    )
    assert [row.number for row in sheet.rows] == [3, 5, 7]
    assert {row.values["section"] for row in sheet.rows} == {"Nhóm 1: Nhận thức"}
    assert sheet.skipped == (
        NoTask(2, "Nhóm 1: Nhận thức", "section"),
        NoTask(4, "Nhiệm vụ", "heading"),
        NoTask(6, "3", "number_only"),
    )


def test_numbers_repeated_under_headings_are_told_apart() -> None:
    sheet = read_csv_table(HEAD, ("", "Nhóm 1: A", "", ""), ONE, ("", "Nhóm 2: B", "", ""), ONE)
    assert [row.values["ref"] for row in sheet.rows] == ["Nhóm 1/1", "Nhóm 2/1"]


def test_a_month_column_reads_the_same_however_it_was_typed() -> None:
    def form(book: Any) -> None:
        book.active["A2"].number_format = "mmm-yy"

    head = ("list_month", *HEAD)
    table = [head, *((month, *ONE) for month in (date(2025, 5, 1), "6/2025", "Tháng 7/2025", "2025-08"))]
    sheet = read_xlsx_table(*table, change=form)
    assert [row.values["ref"] for row in sheet.rows] == ["2025-05/1", "2025-06/1", "2025-07/1", "2025-08/1"]
