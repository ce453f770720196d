"""One file into one table: what stands under which heading, row by row, and what is odd about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.errors import InvalidInput, TooLarge
from shared.folding import fold
from shared.spreadsheets.csv_file import read_csv
from shared.spreadsheets.grid import MAX_BYTES, MAX_CELL, MAX_COLUMNS, MAX_ROWS, Flaw, Grid
from shared.spreadsheets.headings import Columns, Header, Headings
from shared.spreadsheets.xlsx_file import read_xlsx

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_COLUMN_NUMBER = re.compile(r"\(?\d{1,2}\)?")

CellCode = Flaw | Literal["cell_too_long", "extra_cells"]
SkipReason = Literal["column_numbers", "heading"]
_WORDS: Mapping[CellCode, tuple[str, str]] = {
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
}


@dataclass(frozen=True, slots=True)
class CellProblem:
    """Why a row should not be taken as it is; `field` is a key, a heading as printed, or a column's letters."""

    code: CellCode
    field: str

    @property
    def vi(self) -> str:
        return _WORDS[self.code][0]

    @property
    def en(self) -> str:
        return _WORDS[self.code][1]


@dataclass(frozen=True, slots=True)
class Row:
    """One row with text; `number` is the one the spreadsheet shows beside it.

    `fractions` are the keys of cells that a workbook holds as numbers with a fraction, `merged` of those that it merges
    over several rows.
    """

    number: int
    values: dict[str, str]
    problems: tuple[CellProblem, ...] = ()
    fractions: frozenset[str] = frozenset()
    merged: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that says nothing: the heading once more, or the columns' numbers below it."""

    number: int
    text: str
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read.

    Attributes:
        name: of the sheet; empty for CSV.
        above: what is printed above the heading, row by row.
        headers: key -> heading as printed.
        unknown: headings that mean nothing here; their values stand under them in each row.
        rows: every row with text below the heading, also totals and sections; each has a value for the same names.
        skipped: rows that say nothing.
    """

    name: str
    above: tuple[str, ...]
    headers: dict[str, str]
    unknown: tuple[str, ...]
    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...]


def read_table(
    filename: str, content: bytes, columns: Columns, mapping: Mapping[str, str] | None = None
) -> Table:
    """Read a .csv or .xlsx file in this process; for files of others use `read_table_apart`.

    Args:
        filename: tells CSV by its ending; XLSX is told by content.
        content: the file.
        columns: what the table may have.
        mapping: key -> heading as printed, over the usual headings.

    Raises:
        InvalidInput: the file or its headings cannot be read; the sentence names the remedy.
        TooLarge: bytes, rows or columns above the limit.
    """
    headings = Headings(columns, mapping)
    grid = _grid(filename, content, headings)
    if any("\0" in cell for row in grid.cells for cell in row):
        raise InvalidInput(
            "nul_character",
            "Tệp có ký tự NUL. Mở lại bằng phần mềm bảng tính, lưu thành .xlsx hoặc CSV UTF-8 rồi nạp lại.",
            "The file has a NUL character. Open it in a spreadsheet, save as .xlsx or CSV UTF-8, and send it again.",
            field="file",
        )
    return _Reader(grid, headings.find(grid.cells), columns).read()


def _grid(filename: str, content: bytes, headings: Headings) -> Grid:
    if len(content) > MAX_BYTES:
        raise TooLarge(
            "file_too_large",
            f"Tệp vượt {MAX_BYTES // 2**20} MB. Chia nhỏ tệp hoặc bỏ ảnh, trang tính không dùng.",
            f"The file is larger than {MAX_BYTES // 2**20} MB. Split it, or remove pictures and unused sheets.",
            field="file",
        )
    ending = filename.lower().rpartition(".")[2]
    if content.startswith(_OLE) or ending == "xls":
        raise InvalidInput(
            "file_format_old",
            "Tệp .xls cũ hoặc có mật khẩu. Mở bằng Excel, bỏ mật khẩu nếu có và lưu thành .xlsx.",
            "An old .xls file, or one with a password. Open it in Excel, remove any password and save as .xlsx.",
            field="file",
        )
    if content.startswith(_ZIP) or ending == "xlsx":
        return read_xlsx(content)
    if ending in {"csv", "tsv", "txt"}:
        return read_csv(content, headings.score)
    raise InvalidInput(
        "file_format_unknown",
        "Chỉ nhận tệp .xlsx hoặc .csv. Lưu bảng thành một trong hai dạng này rồi nạp lại.",
        "Only .xlsx or .csv files are taken. Save the table as one of these and send it again.",
        field="file",
    )


class _Reader:
    """The rows below the heading."""

    def __init__(self, grid: Grid, header: Header, columns: Columns) -> None:
        self._grid = grid
        self._header = header
        self._width = max(header.printed) + 1
        self._check_columns()  # first: what follows compares each heading with every other
        self._headers = {key: header.printed[index] for index, key in header.keys.items()}
        self._spoken = [
            *columns.required,
            *header.keys.values(),
        ]  # in which order a row's first words are sought
        self._names = dict(header.printed) | dict(header.keys)
        self._merged = {
            (number, column)
            for top, bottom, column in grid.merged_down
            if column in header.keys
            for number in range(top, bottom + 1)
        }
        unknown = [index for index in header.printed if index not in header.keys]
        for index in unknown:
            same = [other for other in unknown if header.printed[other] == header.printed[index]]
            if len(same) > 1 or header.printed[index] in columns.headings:
                self._names[index] = f"{header.printed[index]} ({_letter(index)})"
        self._unknown = tuple(self._names[index] for index in unknown)

    def read(self) -> Table:
        rows: list[Row] = []
        skipped: list[Skipped] = []
        below = self._header.last + 1
        for number, cells in enumerate(self._grid.cells[below:], start=below + 1):
            if not any(cells):
                continue
            row = self._row(number, cells)
            reason = self._skip_reason(row, first=not rows and not skipped)
            if reason is None:
                rows.append(row)
            else:
                text = next(row.values[key] for key in self._spoken if row.values.get(key))
                skipped.append(Skipped(number, text, reason))
        if len(rows) > MAX_ROWS:
            raise TooLarge(
                "too_many_rows",
                f"Bảng có {len(rows)} dòng; tối đa {MAX_ROWS}. Chia thành nhiều tệp.",
                f"The table has {len(rows)} rows; at most {MAX_ROWS}. Split it into several files.",
                field="file",
            )
        above = tuple(" ".join(filter(None, row)) for row in self._grid.cells[: self._header.last])
        return Table(self._grid.name, above, self._headers, self._unknown, tuple(rows), tuple(skipped))

    def _check_columns(self) -> None:
        if self._width > MAX_COLUMNS:
            raise TooLarge(
                "too_many_columns",
                f"Bảng có {self._width} cột; tối đa {MAX_COLUMNS}. Xóa cột thừa.",
                f"The table has {self._width} columns; at most {MAX_COLUMNS}. Delete stray columns.",
                field="file",
            )

    def _row(self, number: int, cells: list[str]) -> Row:
        padded = [*cells, *[""] * (self._width - len(cells))]
        values = {name: padded[index] for index, name in self._names.items()}
        problems = [
            CellProblem(flaw, self._names[column])
            for column in sorted(self._header.keys)
            if (flaw := self._grid.flaws.get((number, column)))
        ]
        problems += [
            CellProblem("cell_too_long", name) for name, value in values.items() if len(value) > MAX_CELL
        ]
        extra = [_letter(i) for i, text in enumerate(padded) if text and i not in self._names]
        problems += [CellProblem("extra_cells", letter) for letter in extra]
        keys = self._header.keys.items()
        fractions = frozenset(key for column, key in keys if (number, column) in self._grid.fractions)
        merged = frozenset(key for column, key in keys if (number, column) in self._merged)
        return Row(number, values, tuple(problems), fractions, merged)

    def _skip_reason(self, row: Row, *, first: bool) -> SkipReason | None:
        """Why this row says nothing; None when it says something."""
        filled = {key: row.values[key] for key in self._headers if row.values[key]}
        if filled and all(fold(text) == fold(self._headers[key]) for key, text in filled.items()):
            return "heading"
        numbered = len(filled) >= max(len(self._headers) - 1, 1) and all(
            map(_COLUMN_NUMBER.fullmatch, filled.values())
        )
        return "column_numbers" if first and numbered else None


def _letter(index: int) -> str:
    """Column's letters as the spreadsheet shows them."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
