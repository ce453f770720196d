"""Spreadsheets that offices send, read into rows of text; nothing is guessed, what is odd is reported by row."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from services.tasks.domain.naming_text import fold
from services.tasks.gateways.spreadsheet_csv import read_csv
from services.tasks.gateways.spreadsheet_grid import MAX_BYTES, MAX_CELL, MAX_COLUMNS, MAX_ROWS, Grid
from services.tasks.gateways.spreadsheet_headings import Header, Headings
from services.tasks.gateways.spreadsheet_xlsx import read_xlsx
from shared.errors import InvalidInput, TooLarge

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_GROUP_NUMBER = re.compile(r"[IVXLC]+|[A-ZĐ]")
_GROUP_LABEL = re.compile(r"(?:nhóm|phần|mục|chương)\s+\w+|[IVXLC]+(?=\.)", re.IGNORECASE)
_COLUMN_NUMBER = re.compile(r"\(?\d{1,2}\)?")
_MONTH = re.compile(r"(?:tháng\s+)?(\d{1,2})/(\d{4})", re.IGNORECASE)
_HEADED = frozenset({"title", "ref", "order_no", "section"})

ProblemCode = Literal["formula", "cell_error", "cell_too_long", "extra_cells", "duplicate_ref"]
SkipReason = Literal["section", "total", "column_numbers", "heading", "number_only"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row should not be taken as it is; `field` is a canonical key, or a heading as printed."""

    code: ProblemCode
    field: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; `number` is the one the spreadsheet shows beside it."""

    number: int
    values: dict[str, str]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    number: int
    text: str
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as read.

    Attributes:
        name: of the sheet; empty for CSV.
        headers: canonical key -> heading as printed.
        unknown: headings that mean nothing here; their values stand under them in each row.
        rows: the table's rows; `values` also has `ref`, `section` and `group_no`, empty where they cannot be told.
        skipped: rows with text that are no rows of the table.
    """

    name: str
    headers: dict[str, str]
    unknown: tuple[str, ...]
    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...]


def read_rows(filename: str, content: bytes, columns: Mapping[str, str] | None = None) -> Sheet:
    """Read a .csv or .xlsx file.

    Args:
        filename: tells CSV by its ending; XLSX is told by content.
        content: the file.
        columns: canonical key -> heading as printed, over the usual headings.

    Raises:
        InvalidInput: the file or its headings cannot be read; the sentence names the remedy.
        TooLarge: bytes, rows or columns above the limit.
    """
    headings = Headings(columns)
    grid = _grid(filename, content, headings)
    if any("\0" in cell for row in grid.cells for cell in row):
        raise InvalidInput(
            "nul_character",
            "Tệp có ký tự NUL. Mở lại bằng phần mềm bảng tính, lưu thành .xlsx hoặc CSV UTF-8 rồi nạp lại.",
            "The file has a NUL character. Open it in a spreadsheet, save as .xlsx or CSV UTF-8, and send it again.",
            field="file",
        )
    return _Table(grid, headings.find(grid.cells)).read()


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


class _Table:
    """The rows below the heading."""

    def __init__(self, grid: Grid, header: Header) -> None:
        self._grid = grid
        self._header = header
        self._width = max(header.printed) + 1
        self._check_columns()  # first: what follows compares each heading with every other
        self._names = dict(header.printed) | dict(header.keys)
        unknown = [index for index in header.printed if index not in header.keys]
        known = set(header.keys.values())
        for index in unknown:
            same = [other for other in unknown if header.printed[other] == header.printed[index]]
            if len(same) > 1 or header.printed[index] in known | {"ref", "section", "group_no"}:
                self._names[index] = f"{header.printed[index]} ({_letter(index)})"
        self._unknown = tuple(self._names[index] for index in unknown)

    def read(self) -> Sheet:
        rows: list[Row] = []
        skipped: list[Skipped] = []
        section = group = ""
        for number, cells in enumerate(
            self._grid.cells[self._header.last + 1 :], start=self._header.last + 2
        ):
            if not any(cells):
                continue
            row = self._row(number, cells)
            reason = self._skip_reason(row, first=not rows and not skipped)
            if reason is None:
                row.values["section"] = row.values.get("section") or section
                row.values["group_no"] = row.values.get("group_no") or group
                rows.append(row)
                continue
            text = next(
                (row.values[k] for k in ("title", "section", "order_no", "ref") if row.values.get(k)), ""
            )
            skipped.append(Skipped(number, text, reason))
            if reason == "section":
                section, group = text, _group_label(row.values.get("order_no", ""), text)
        if len(rows) > MAX_ROWS:
            raise TooLarge(
                "too_many_rows",
                f"Bảng có {len(rows)} dòng; tối đa {MAX_ROWS}. Chia thành nhiều tệp.",
                f"The table has {len(rows)} rows; at most {MAX_ROWS}. Split it into several files.",
                field="file",
            )
        headers = {key: self._header.printed[index] for index, key in self._header.keys.items()}
        return Sheet(self._grid.name, headers, self._unknown, tuple(_with_refs(rows)), tuple(skipped))

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
        if "list_month" in values:
            values["list_month"] = _month(values["list_month"])
        problems = [
            Problem(flaw, self._names[column])
            for column in sorted(self._header.keys)
            if (flaw := self._grid.flaws.get((number, column)))
        ]
        problems += [
            Problem("cell_too_long", name) for name, value in values.items() if len(value) > MAX_CELL
        ]
        extra = [_letter(i) for i, text in enumerate(padded) if text and i not in self._names]
        problems += [Problem("extra_cells", letter) for letter in extra]
        return Row(number, values, tuple(problems))

    def _skip_reason(self, row: Row, *, first: bool) -> SkipReason | None:
        """Why this row is not one of the table's; None when it is."""
        filled = {key: row.values[key] for key in self._header.keys.values() if row.values[key]}
        texts = list(filled.values())
        if filled and all(fold(text) == fold(self._heading(key)) for key, text in filled.items()):
            return "heading"
        if first and len(texts) >= len(self._header.keys) - 1 and all(map(_COLUMN_NUMBER.fullmatch, texts)):
            return "column_numbers"
        if row.problems or not filled or not set(filled) <= _HEADED:
            return None
        if fold(texts[0]).startswith(("tong cong", "tong so")) or fold(texts[-1]).startswith("tong cong"):
            return "total"
        marks = [filled[key] for key in ("order_no", "ref") if key in filled]
        if "title" not in filled and "section" not in filled:
            return "number_only" if all(any(map(str.isdigit, mark)) for mark in marks) else "section"
        alone = len(filled) == 1 or all(_GROUP_NUMBER.fullmatch(mark.rstrip(".)")) for mark in marks)
        return "section" if alone else None

    def _heading(self, key: str) -> str:
        return next(self._header.printed[index] for index, name in self._header.keys.items() if name == key)


def _with_refs(rows: list[Row]) -> list[Row]:
    """Give each row its reference: as printed, or its number within its month, group or section."""
    numbers = Counter(row.values.get("order_no", "") for row in rows)
    repeated = any(count > 1 for number, count in numbers.items() if number)
    refs = [row.values.get("ref") or _composed(row.values, repeated=repeated) for row in rows]
    counts = Counter(refs)
    return [
        replace(
            row,
            values=row.values | {"ref": ref},
            problems=row.problems + ((Problem("duplicate_ref", "ref"),) if ref and counts[ref] > 1 else ()),
        )
        for row, ref in zip(rows, refs, strict=True)
    ]


def _composed(values: Mapping[str, str], *, repeated: bool) -> str:
    number = values.get("order_no", "")
    within = values.get("list_month", "")
    if not within and repeated:
        within = values.get("group_no", "")
    return f"{within}/{number}" if number and within else number


def _group_label(number: str, heading: str) -> str:
    """What a section's rows are numbered under: its own number, or the "Nhóm 1" that its heading begins with."""
    label = _GROUP_LABEL.match(heading)
    return number.rstrip(".)") or (label.group() if label else "")


def _month(text: str) -> str:
    match = _MONTH.fullmatch(text)
    return f"{match[2]}-{int(match[1]):02}" if match else text


def _letter(index: int) -> str:
    """Column's letters as the spreadsheet shows them."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
