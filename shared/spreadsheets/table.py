"""A grid into a table: values by heading, row by row, with problems and remarks."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.errors import TooLarge
from shared.spreadsheets.cells import CellProblem, Remark, SheetRemark, SheetRemarkCode, ranges, serial
from shared.spreadsheets.grid import MAX_CELL, MAX_COLUMNS, Grid, letter
from shared.spreadsheets.headings import Columns, Header
from shared.text.folding import fold

_COLUMN_NUMBER = re.compile(r"\(?\d{1,2}\)?")

SkipReason = Literal["column_numbers", "heading"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row with text; `number` is the one the spreadsheet shows beside it.

    `fractions` are the keys of cells that a workbook holds as numbers with a fraction, `merged` of those that it merges
    over several rows.
    """

    number: int
    values: dict[str, str]
    problems: tuple[CellProblem, ...] = ()
    remarks: tuple[Remark, ...] = ()
    fractions: frozenset[str] = frozenset()
    merged: frozenset[str] = frozenset()
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row with text that is passed over: `reason` is a key of `shared.imports.words.SKIPS`."""

    number: int
    text: str
    reason: str
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read.

    Attributes:
        name: of the sheet; empty for CSV.
        above: what is printed above the heading, row by row.
        heading_row: number of the heading's first row.
        heading_end: number of its last row.
        headers: key -> heading as printed.
        unknown: headings of no known column; each row has their values under them.
        rows: every row with text below the heading, also totals and sections; each has a value for the same names.
        skipped: rows of column numbers and repeated headings.
        remarks: on the sheet as a whole.
    """

    name: str
    above: tuple[str, ...]
    heading_row: int
    heading_end: int
    headers: dict[str, str]
    unknown: tuple[str, ...]
    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...]
    remarks: tuple[SheetRemark, ...] = ()


class TableReader:
    """The rows below the heading."""

    def __init__(self, grid: Grid, header: Header, columns: Columns) -> None:
        self._grid = grid
        self._header = header
        self._columns = columns
        self._width = max(header.printed) + 1
        self._check_columns()  # first: what follows compares each heading with every other
        self._headers = {key: header.printed[index] for index, key in header.keys.items()}
        # in which order a row's first words are sought
        self._spoken = [*columns.required, *header.keys.values()]
        ours = {fold(heading) for heading in columns.ours}
        passed = {index for index, text in header.printed.items() if fold(text) in ours} - set(header.keys)
        self._passed = passed
        self._names = {i: text for i, text in header.printed.items() if i not in passed} | dict(header.keys)
        self._merged = {
            (number, column)
            for top, bottom, column in grid.merged_down
            if column in header.keys
            for number in range(top, bottom + 1)
        }
        unknown = [index for index in self._names if index not in header.keys]
        for index in unknown:
            same = [other for other in unknown if header.printed[other] == header.printed[index]]
            if len(same) > 1 or header.printed[index] in columns.headings:
                self._names[index] = f"{header.printed[index]} ({letter(index)})"
        self._unknown = tuple(self._names[index] for index in unknown)
        self._printed = self._heading_rows()

    def read(self) -> Table:
        rows: list[Row] = []
        skipped: list[Skipped] = []
        below = self._header.last + 1
        for number, cells in enumerate(self._grid.cells[below:], start=below + 1):
            if not any(text for index, text in enumerate(cells) if index not in self._passed):
                continue
            row = self._row(number, cells)
            above = skipped[-1] if skipped else None
            again = above is not None and above.reason == "heading" and above.number == number - 1
            reason = self._skip_reason(row, under_heading=again or not (rows or skipped))
            if reason is None:
                rows.append(row)
            else:
                text = next(row.values[key] for key in self._spoken if row.values.get(key))
                skipped.append(Skipped(number, text, reason, self._grid.name))
        return Table(
            self._grid.name,
            tuple(" ".join(filter(None, row)) for row in self._grid.cells[: self._header.last]),
            self._header.first + 1,
            self._header.last + 1,
            self._headers,
            self._unknown,
            tuple(rows),
            tuple(skipped),
            tuple(self._remarks(rows)),
        )

    def _check_columns(self) -> None:
        if self._width > MAX_COLUMNS:
            raise TooLarge(
                "too_many_columns",
                f"Bảng có {self._width} cột; tối đa {MAX_COLUMNS}. Xóa cột thừa.",
                f"The table has {self._width} columns; at most {MAX_COLUMNS}. Delete stray columns.",
                field="file",
            )

    def _heading_rows(self) -> list[dict[str, str]]:
        """The heading as it may be printed again: all of it in one row, or each of its rows."""
        inside = range(self._header.first, self._header.last + 1)
        each = [
            {key: fold(cells[index]) for index, key in self._header.keys.items() if index < len(cells)}
            for cells in (self._grid.cells[number] for number in inside)
        ]
        return [{key: fold(text) for key, text in self._headers.items()}, *each]

    def _row(self, number: int, cells: list[str]) -> Row:
        padded = [*cells, *[""] * (self._width - len(cells))]
        values = {name: padded[index] for index, name in self._names.items()}
        problems = [
            CellProblem(flaw, self._names[column])
            for column in sorted(self._header.keys)
            if (flaw := self._grid.flaws.get((number, column)))
        ]
        problems += self._strikes(number, values)
        problems += [
            CellProblem("cell_too_long", name) for name, value in values.items() if len(value) > MAX_CELL
        ]
        known = self._names.keys() | self._passed
        extra = [letter(i) for i, text in enumerate(padded) if text and i not in known]
        problems += [CellProblem("extra_cells", place) for place in extra]
        keys = self._header.keys.items()
        return Row(
            number,
            values,
            tuple(problems),
            tuple(self._row_remarks(number, values)),
            fractions=frozenset(key for column, key in keys if (number, column) in self._grid.fractions),
            merged=frozenset(key for column, key in keys if (number, column) in self._merged),
            sheet=self._grid.name,
        )

    def _strikes(self, number: int, values: dict[str, str]) -> list[CellProblem]:
        struck = {
            key: self._grid.struck[number, column]
            for column, key in self._header.keys.items()
            if values[key] and (number, column) in self._grid.struck
        }
        filled = sum(bool(values[key]) for key in self._header.keys.values())
        if struck and all(struck.values()) and len(struck) == filled:
            return [CellProblem("row_struck", "row")]
        return [CellProblem("text_struck", key) for key in struck]

    def _row_remarks(self, number: int, values: dict[str, str]) -> list[Remark]:
        hidden = [Remark("row_hidden", "row")] if number in self._grid.hidden_rows else []
        serials = [serial(key, values.get(key, ""), self._grid.epoch) for key in self._columns.dates]
        return hidden + [remark for remark in serials if remark]

    def _skip_reason(self, row: Row, *, under_heading: bool) -> SkipReason | None:
        """The reason for which this row is skipped, or None."""
        filled = {key: row.values[key] for key in self._headers if row.values[key]}
        if filled and any(
            all(fold(text) == printed.get(key) for key, text in filled.items()) for printed in self._printed
        ):
            return "heading"
        numbered = len(filled) >= max(len(self._headers) - 1, 1) and all(
            map(_COLUMN_NUMBER.fullmatch, filled.values())
        )
        bracketed = all(text.startswith("(") for text in filled.values())
        return "column_numbers" if numbered and (under_heading or bracketed) else None

    def _remarks(self, rows: Sequence[Row]) -> list[SheetRemark]:
        def of(found: Callable[[Row], bool]) -> str:
            return ranges(row.number for row in rows if found(row))

        hidden = [letter(i) for i in sorted(self._grid.hidden_columns) if i in self._header.printed]
        places: tuple[tuple[SheetRemarkCode, str], ...] = (
            ("rows_hidden", of(lambda row: any(each.code == "row_hidden" for each in row.remarks))),
            ("columns_hidden", ", ".join(hidden)),
            ("rows_struck", of(lambda row: any(each.code == "row_struck" for each in row.problems))),
            ("date_serials", of(lambda row: any(each.code == "date_serial" for each in row.remarks))),
        )
        return [SheetRemark(code, where) for code, where in places if where]
