"""An annex's layout: which rows give tasks, under which heading each stands, and what it is called by."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tasks.domain.annexes import COLUMNS, annex_of, answers_by_row, tasks_of
from shared.errors import InvalidInput
from shared.spreadsheets import Row, Skipped, read_workbook
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
    skipped: tuple[Skipped, ...]


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
        Skipped(2, "Nhóm 1: Nhận thức", "section"),
        Skipped(4, "Nhiệm vụ", "heading"),
        Skipped(6, "3", "number_only"),
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


# --- sections


def places(sheet: Sequence[Sequence[Any]], name: str = "") -> list[tuple[str, str]]:
    """References and paths of the rows that give tasks."""
    [table] = read_workbook("a.csv", csv_bytes(sheet), COLUMNS).tables
    rows, _ = tasks_of(table, name)
    return [(item.row.values["ref"], "/".join((*item.place.section, item.place.number))) for item in rows]


def task(number: str, title: str = "Việc") -> tuple[str, ...]:
    return (number, title, "Bộ Nội vụ", "Tháng 5/2025")


@pytest.mark.parametrize(
    ("rows", "refs"),
    [
        ([("A", "Chung"), ("I", "Một"), task("1"), ("II", "Hai"), task("1"), ("B", "Riêng"), ("I", "Ba"), task("1")],
         ["A/I/1", "A/II/1", "B/I/1"]),
        ([("I", "Một"), ("1", "Nhóm việc"), task("1.1"), task("1.2"), ("2", "Nhóm khác"), task("2.1")],
         ["I/1/1.1", "I/1/1.2", "I/2/2.1"]),
        ([("1", "Nhóm việc"), task("a)"), task("b)"), ("2", "Nhóm khác"), task("a.")], ["1/a", "1/b", "2/a"]),
        ([("1", "Nhóm việc"), task("-", "Việc x"), task("-", "Việc y"), task("2")], ["", "", "1/2"]),
        ([("", "Chương I. Chung"), ("", "Mục 1: Một"), task("1"), ("", "Mục 2"), task("1"), ("", "Chương II"), task("1")],
         ["Chương I/Mục 1/1", "Chương I/Mục 2/1", "Chương II/1"]),
        ([("", "I. Mục tiêu chung"), task("1"), ("", "Phần mềm dùng chung"), task("2")], ["I/1", "I/2"]),
        ([("H", "Tám"), task("1"), ("I", "Chín"), task("1"), ("J", "Mười"), task("1")], ["H/1", "I/1", "J/1"]),
        ([("C", "Ba"), task("1"), ("D", "Bốn"), task("1")], ["C/1", "D/1"]),
        ([("C", "Ba"), ("I", "Một"), task("1"), ("D", "Bốn"), ("I", "Một"), task("1")], ["C/I/1", "D/I/1"]),
        ([("I. Nâng cao nhận thức năm 2026", ""), task("1"), ("1. Nhóm việc năm 2027", ""), task("1")], ["I/1", "I/1/1"]),
        ([task("1"), task("2")], ["1", "2"]),
        ([task("III.1"), task("III.2")], ["III.1", "III.2"]),
    ],
)  # fmt: skip
def test_sections_as_they_nest(rows: list[tuple[str, ...]], refs: list[str]) -> None:
    assert [ref for ref, _ in places([HEAD, *rows])] == refs


def test_a_heading_without_a_number_tells_rows_apart_and_is_not_cited() -> None:
    found = places([HEAD, ("", "Nhận thức"), task("1"), ("", "Thể chế"), task("1")])
    assert found == [("1", "Nhận thức/1"), ("1", "Thể chế/1")]


def test_a_table_knows_its_annex_by_the_line_above_or_by_its_tab() -> None:
    def named(*above: str, name: str = "Sheet1", alone: bool = True) -> str:
        content = xlsx_bytes(
            [*[(line,) for line in above], HEAD, ONE], lambda book: setattr(book.active, "title", name)
        )
        [table] = read_workbook("a.xlsx", content, COLUMNS).tables
        return annex_of(table, alone=alone)

    assert named("PHỤ LỤC III", "Danh mục (kèm theo Nghị quyết số 71/NQ-CP)") == "Phụ lục III"
    assert named("Phụ lục số 2\n(kèm theo Quyết định)") == "Phụ lục 2"
    assert named(name="PL 04") == "Phụ lục 04"
    assert named("Danh mục kèm theo Phụ lục I") == ""
    assert named(alone=False) == "Sheet1"


# --- what stands below the table


def reasons(*below: Sequence[str]) -> list[tuple[int, str]]:
    """Which rows from the third on are passed over, and why; the table's first is a task."""
    sheet = read_csv_table(HEAD, ONE, *below)
    return [(row.number, row.reason) for row in sheet.skipped]


def test_a_signature_block_in_one_column() -> None:
    lines = [
        "Ghi chú: thời hạn tính từ ngày ban hành", "* Các đơn vị báo cáo trước ngày 20", "Hà Nội, ngày 05 tháng 6 năm 2025",
        "TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH", "(Đã ký)", "Nguyễn Văn A", "Nơi nhận:", "- Như trên;", "- Lưu: VT.",
    ]  # fmt: skip
    found = reasons(*[("", line, "", "") for line in lines])
    assert [number for number, _ in found] == list(range(3, 14))
    assert {reason for _, reason in found} == {"note", "signature"}


def test_a_signature_block_beside_the_receivers() -> None:
    found = reasons(
        ("", "", "", ""),
        ("Nơi nhận:", "", "TM. CHÍNH PHỦ", ""),
        ("- Ban Bí thư;", "", "KT. THỦ TƯỚNG", ""),
        ("", "- Các bộ;", "", "PHÓ THỦ TƯỚNG"),
        ("", "- Lưu: VT, KSTT (2).", "", "Trần Hồng Hà"),
        ("", "", "", "Trần Hồng Hà"),
    )
    assert found == [(number, "signature") for number in range(4, 9)]


@pytest.mark.parametrize(
    "line",
    [
        "Danh mục này có 12 nhiệm vụ./.", "(Kèm theo Quyết định số 1/QĐ-TTg)", "Trang 2/3", "./.", "Lưu ý: đọc kỹ", "(*) Nhiệm vụ mới",
        "CHỦ TỊCH", "Người lập biểu", "THỦ TRƯỞNG ĐƠN VỊ", "T/M BAN CHỈ ĐẠO", "Nguyễn Thị Minh Khai", "TL. BỘ TRƯỞNG", "(Ký, ghi rõ họ tên)",
    ],
)  # fmt: skip
def test_lines_below_a_table_are_no_tasks(line: str) -> None:
    assert [number for number, _ in reasons(("", line, "", ""))] == [3]


@pytest.mark.parametrize(
    "last",
    [
        ("2", "Việc hai", "Bộ Y tế", ""), ("2", "Việc hai", "", "sớm"), ("", "Việc hai", "Bộ Y tế", "sớm"), ("2", "Việc hai", "", ""),
        ("", "Việc hai", "Bộ Y tế", ""), ("", "- Việc hai", "Bộ Y tế", "Ngày 15 tháng 6 năm 2025"),
        ("", "* Việc hai", "Bộ Y tế", "sớm"), ("", "Việc hai chưa rõ ai làm", "", ""), ("", "Chủ tịch Ủy ban ký quyết định", "", ""),
        ("", "Người đứng đầu Bộ Y Tế báo cáo", "Bộ Y Tế", "sớm"), ("2", "Nơi nhận hồ sơ trực tuyến", "Bộ Y tế", "sớm"),
        ("2", "Ghi chú bản đồ địa chính", "Bộ Y tế", "sớm"), ("", "Nhiệm vụ", "", "Hà Nội, ngày 5 tháng 6 năm 2025"),
        ("2", "TM. UBND ký ban hành", "Bộ Y tế", "sớm"),
    ],
)  # fmt: skip
def test_a_real_last_row_is_not_lost(last: tuple[str, ...]) -> None:
    signed = [("", "Nơi nhận:", "", "TM. CHÍNH PHỦ"), ("", "- Lưu: VT", "", "Nguyễn Văn A")]
    for below in ([], signed):
        assert [row.number for row in read_csv_table(HEAD, ONE, last, *below).rows] == [2, 3], below


def test_rows_after_a_signature_in_the_middle_are_read() -> None:
    sheet = read_csv_table(
        HEAD,
        ("I", "Một"),
        ONE,
        ("", "TM. CHÍNH PHỦ"),
        ("", "Nguyễn Văn A"),
        HEAD,
        ("II", "Hai"),
        task("1", "Việc hai"),
    )
    assert [row.values["ref"] for row in sheet.rows] == ["I/1", "II/1"]
    assert [row.reason for row in sheet.skipped] == [
        "section",
        "signature",
        "signature",
        "heading",
        "section",
    ]


@pytest.mark.parametrize("total", ["Tổng cộng", "Tổng số: 12", "Cộng", "TỔNG CỘNG: 3 nhiệm vụ"])
def test_a_total_is_no_task(total: str) -> None:
    assert reasons(("", total, "", "")) == [(3, "total")]


def test_every_row_is_a_task_or_told() -> None:
    lines = [
        "Ghi chú: x",
        "Nơi nhận:",
        "I. Mục",
        "Nguyễn Văn A",
        "Tổng cộng",
        "1",
        "Việc",
        "- x",
        "TM. UBND",
        "Bộ Y tế",
        "",
    ]

    @settings(max_examples=200, deadline=None)
    @given(st.lists(st.tuples(*[st.sampled_from(lines)] * 4), max_size=12))
    def check(rows: list[tuple[str, ...]]) -> None:
        sheet = read_csv_table(HEAD, *rows)
        numbers = [row.number for row in sheet.rows] + [row.number for row in sheet.skipped]
        assert sorted(numbers) == [number for number, row in enumerate(rows, start=2) if any(row)]

    check()


# --- answers


class Counted(list[tuple[str, int]]):
    """Rows that know how often they were gone through."""

    passes = 0

    def __iter__(self) -> Iterator[tuple[str, int]]:
        self.passes += 1
        return super().__iter__()


def test_an_answer_is_for_the_row_that_it_names() -> None:
    rows = [("PL I", 4), ("PL II", 4), ("PL II", 5)]
    assert answers_by_row({"5": "mới", "PL I!4": "a", "PL II! 4": "b"}, rows) == {
        ("PL II", 5): "mới",
        ("PL I", 4): "a",
        ("PL II", 4): "b",
    }
    for where in ("4", "9", "PL I!5", "PL III!4", "", "!", "x"):
        with pytest.raises(InvalidInput) as caught:
            answers_by_row({where: "mới"}, rows)
        assert (caught.value.code, caught.value.field) == ("answer_row_unknown", "answers"), where


def test_many_answers_go_through_the_rows_once() -> None:
    rows = Counted(("PL", number) for number in range(1_000))
    answers = answers_by_row({str(number): "mới" for number in range(1_000)}, rows)
    assert (len(answers), rows.passes) == (1_000, 1)
