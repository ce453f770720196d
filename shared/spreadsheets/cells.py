"""Problems and remarks of cells and rows."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Literal

from shared.spreadsheets.grid import EPOCH, MAX_CELL, Flaw

ProblemCode = Flaw | Literal["cell_too_long", "extra_cells", "text_struck", "row_struck"]
RemarkCode = Literal["row_hidden", "date_serial"]
SheetRemarkCode = Literal["rows_hidden", "columns_hidden", "rows_struck", "date_serials"]

_SERIAL = re.compile(r"\d{5}")
_FIRST, _LAST = date(2000, 1, 1), date(2099, 12, 31)  # what a deadline or a day of payment may be
_WORDS: Mapping[str, tuple[str, str]] = {
    "formula": ("Ô chứa công thức: thay bằng giá trị.", "The cell holds a formula: replace it by its value."),
    "cell_error": (
        "Ô báo lỗi (#REF!, #N/A …): sửa ô.",
        "The cell shows an error (#REF!, #N/A …): correct it.",
    ),
    "cell_too_long": (
        f"Ô dài quá {MAX_CELL} ký tự: rút gọn.",
        f"The cell is longer than {MAX_CELL} characters: shorten it.",
    ),
    "extra_cells": (
        "Ô nằm ngoài các cột có tiêu đề: kiểm tra dấu phân cách, xóa ô thừa hoặc thêm tiêu đề.",
        "The cell stands under no heading: check the delimiter, delete the cell or add a heading.",
    ),
    "text_struck": (
        "Ô có chữ bị gạch ngang: xóa phần đã bỏ, hoặc bỏ gạch ngang nếu còn hiệu lực.",
        "The cell has words struck through: delete what no longer holds, or take the strike off.",
    ),
    "row_struck": (
        "Cả dòng bị gạch ngang: xóa dòng nếu đã bỏ, hoặc bỏ gạch ngang nếu còn hiệu lực.",
        "The whole row is struck through: delete it if it no longer holds, or take the strike off.",
    ),
    "row_hidden": (
        "Dòng đang bị ẩn trong tệp: vẫn được đọc; nếu không cần, xóa dòng.",
        "The row is hidden in the file: it is read all the same; delete it if it is not wanted.",
    ),
    "date_serial": (
        "Số {text} có thể là ngày {day:%d/%m/%Y} mất định dạng: ghi lại dạng dd/MM/yyyy.",
        "{text} may be the day {day} that lost its format: write it as dd/MM/yyyy.",
    ),
    "rows_hidden": ("Dòng bị ẩn, vẫn được đọc: {where}.", "Rows that are hidden, and read: {where}."),
    "columns_hidden": (
        "Cột bị ẩn, vẫn được đọc: {where}.",
        "Columns that are hidden, and read: {where}.",
    ),
    "rows_struck": (
        "Dòng bị gạch ngang, không nhận: {where}.",
        "Rows that are struck through, and refused: {where}.",
    ),
    "date_serials": (
        "Ô giống số thứ tự ngày của Excel, ở dòng: {where}.",
        "Cells that look like serial numbers of days, in rows: {where}.",
    ),
}


@dataclass(frozen=True, slots=True)
class CellProblem:
    """An error in a row, for which it should not be taken as it is; `field` is a key, a heading as printed, a column's letters, or "row"."""

    code: ProblemCode
    field: str

    @property
    def vi(self) -> str:
        return _WORDS[self.code][0]

    @property
    def en(self) -> str:
        return _WORDS[self.code][1]


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark on a row that is read, for a person to check; of a serial number, its `text` and the `day` it may be."""

    code: RemarkCode
    field: str
    text: str = ""
    day: date = EPOCH

    @property
    def vi(self) -> str:
        return _WORDS[self.code][0].format(text=self.text, day=self.day)

    @property
    def en(self) -> str:
        return _WORDS[self.code][1].format(text=self.text, day=self.day)


@dataclass(frozen=True, slots=True)
class SheetRemark:
    """The same for a whole sheet: the numbers of its rows or the letters of its columns."""

    code: SheetRemarkCode
    where: str

    @property
    def vi(self) -> str:
        return _WORDS[self.code][0].format(where=self.where)

    @property
    def en(self) -> str:
        return _WORDS[self.code][1].format(where=self.where)


def serial(field: str, text: str, epoch: date) -> Remark | None:
    """A remark where a text is what is left of a date cell that lost its format."""
    if not _SERIAL.fullmatch(text):
        return None
    day = epoch + timedelta(days=int(text))
    return Remark("date_serial", field, text, day) if _FIRST <= day <= _LAST else None


def ranges(numbers: Iterable[int]) -> str:
    """The numbers 3, 5, 6, 7, 8, 9 as "3, 5-9"."""
    runs = groupby(enumerate(sorted(set(numbers))), key=lambda item: item[1] - item[0])
    ends = [(run[0][1], run[-1][1]) for run in (list(items) for _, items in runs)]
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ends)
