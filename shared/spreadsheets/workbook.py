"""One file into its tables: every visible sheet with the headings, or the one that is named; the outcome of each."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from shared.errors import InvalidInput, TooLarge
from shared.spreadsheets.cells import SheetRemark
from shared.spreadsheets.csv_file import read_csv
from shared.spreadsheets.grid import MAX_BYTES, MAX_ROWS, Grid, clean_name
from shared.spreadsheets.headings import Columns, Headings, HeadingsMissing
from shared.spreadsheets.table import Row, Skipped, Table, TableReader
from shared.spreadsheets.xlsx_file import XlsxFile

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_LISTED = 20  # names of sheets in a refusal

SheetOutcome = Literal["read", "hidden", "empty", "not_named", "headings_missing"]
_WORDS: Mapping[SheetOutcome, tuple[str, str]] = {
    "read": ("Đã đọc.", "Read."),
    "hidden": (
        "Trang ẩn: bỏ ẩn, hoặc nêu tên trang (sheet) để đọc.",
        "Hidden: show it, or name it (sheet), to have it read.",
    ),
    "empty": ("Trang trống.", "Empty."),
    "not_named": ("Trang khác được nêu tên.", "Another sheet was named."),
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet and its outcome, in words too; `table` if it was read. A CSV file is one sheet without a name."""

    name: str
    outcome: SheetOutcome
    detail: str
    detail_en: str
    table: Table | None = None

    @property
    def heading_row(self) -> int | None:
        return self.table.heading_row if self.table else None

    @property
    def heading_end(self) -> int | None:
        return self.table.heading_end if self.table else None

    @property
    def columns(self) -> dict[str, str]:
        return self.table.headers if self.table else {}

    @property
    def rows(self) -> int:
        return len(self.table.rows) if self.table else 0

    @property
    def ignored(self) -> tuple[str, ...]:
        return self.table.unknown if self.table else ()

    @property
    def remarks(self) -> tuple[SheetRemark, ...]:
        return self.table.remarks if self.table else ()


@dataclass(frozen=True, slots=True)
class Workbook:
    sheets: tuple[Sheet, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(sheet.table for sheet in self.sheets if sheet.table)

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for table in self.tables for row in table.rows)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        return tuple(row for table in self.tables for row in table.skipped)

    def only_table(self) -> Table:
        """The one table, where several cannot be read as one. Raises InvalidInput sheet_required."""
        if len(self.tables) > 1:
            names = _listed([table.name for table in self.tables])
            raise InvalidInput(
                "sheet_required",
                f"Nhiều trang tính có bảng ({names}): mỗi lần nhập một trang, nêu tên trang đó (sheet).",
                f"Several sheets have a table ({names}): import one at a time and name it (sheet).",
                field="sheet",
            )
        return self.tables[0]


def read_workbook(
    filename: str,
    content: bytes,
    columns: Columns,
    mapping: Mapping[str, str] | None = None,
    sheet: str | None = None,
) -> Workbook:
    """Read a .csv or .xlsx file in this process; for files of others use `read_workbook_apart`.

    Args:
        filename: CSV is recognised by its ending, XLSX by its content.
        content: the file.
        columns: what a table may have.
        mapping: key -> heading as printed, over the usual headings.
        sheet: name of the only sheet to read, also if it is hidden.

    Raises:
        InvalidInput: the file or its headings cannot be read, no sheet has that name; the sentence names the remedy.
        TooLarge: bytes, rows or columns above the limit.
    """
    headings = Headings(columns, mapping)
    sheets: list[Sheet] = []
    failures: list[HeadingsMissing] = []
    for found in _grids(filename, content, headings, sheet):
        if isinstance(found, Sheet):
            sheets.append(found)
            continue
        try:
            table = _read(found, headings, columns)
            sheets.append(_sheet(found.name, "read", table))
        except HeadingsMissing as failure:
            failures.append(failure)
            sheets.append(Sheet(found.name, "headings_missing", failure.vi, failure.en))
    workbook = Workbook(tuple(sheets))
    if not workbook.tables:
        raise _nothing_read(sheets, failures, headings)
    _check_rows(len(workbook.rows))
    return workbook


def _check_rows(count: int) -> None:
    if count > MAX_ROWS:
        raise TooLarge(
            "too_many_rows",
            f"Tệp có {count} dòng; tối đa {MAX_ROWS}. Chia thành nhiều tệp.",
            f"The file has {count} rows; at most {MAX_ROWS}. Split it into several files.",
            field="file",
        )


def _sheet(name: str, outcome: SheetOutcome, table: Table | None = None) -> Sheet:
    return Sheet(name, outcome, *_WORDS[outcome], table)


def _read(grid: Grid, headings: Headings, columns: Columns) -> Table:
    if any("\0" in cell for row in grid.cells for cell in row):
        raise InvalidInput(
            "nul_character",
            "Tệp có ký tự NUL. Mở lại bằng phần mềm bảng tính, lưu thành .xlsx hoặc CSV UTF-8 rồi nạp lại.",
            "The file has a NUL character. Open it in a spreadsheet, save as .xlsx or CSV UTF-8, and send it again.",
            field="file",
        )
    try:
        header = headings.find(grid.cells)
    except HeadingsMissing:
        raise
    except InvalidInput as refusal:
        raise _of_sheet(grid.name, refusal) from refusal
    return TableReader(grid, header, columns).read()


def _of_sheet(name: str, refusal: InvalidInput) -> InvalidInput:
    """The same refusal, with the sheet it is about."""
    vi, en = (f"Trang “{name}”: ", f'Sheet "{name}": ') if name else ("", "")
    return InvalidInput(refusal.code, vi + refusal.vi, en + refusal.en, field=refusal.field)


def _nothing_read(sheets: list[Sheet], failures: list[HeadingsMissing], headings: Headings) -> InvalidInput:
    """The headings missing in the sheet that has most of them."""
    if not failures:
        try:
            headings.find([])
        except HeadingsMissing as failure:
            failures = [failure]
    nearest = max(failures, key=lambda failure: failure.known)
    named = [sheet for sheet in sheets if sheet.detail == nearest.vi]
    several = len(sheets) > 1 and bool(named)
    return _of_sheet(named[0].name if several else "", nearest)


# --- the file ------------------------------------------------------------------------------------------------------


def _grids(filename: str, content: bytes, headings: Headings, wanted: str | None) -> Iterator[Grid | Sheet]:
    """The sheets to read, and the outcome of the others, in their order."""
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
        return _sheets(XlsxFile(content), wanted)
    if ending not in {"csv", "tsv", "txt"}:
        raise InvalidInput(
            "file_format_unknown",
            "Chỉ nhận tệp .xlsx hoặc .csv. Lưu bảng thành một trong hai dạng này rồi nạp lại.",
            "Only .xlsx or .csv files are taken. Save the table as one of these and send it again.",
            field="file",
        )
    if wanted is not None:
        raise _unknown_sheet(wanted, [])
    return iter([read_csv(content, headings.score)])


def _sheets(book: XlsxFile, wanted: str | None) -> Iterator[Grid | Sheet]:
    names = [clean_name(part.name) for part in book.sheets]
    _refuse_alike(names)
    if wanted is not None:
        wanted = _named(wanted, names)
    for part, name in zip(book.sheets, names, strict=True):
        if wanted is not None and name != wanted:
            yield _sheet(name, "not_named")
        elif wanted is None and not part.visible:
            yield _sheet(name, "hidden")
        else:
            grid = book.grid(part)
            yield grid if grid.cells else _sheet(name, "empty")


def _refuse_alike(names: list[str]) -> None:
    """Refuse what a report could not name: Excel takes a name with one more space for another."""
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise InvalidInput(
            "sheet_names_alike",
            f"Tệp có hai trang tính tên “{twice}”, chỉ khác dấu cách hay ký tự ẩn: đổi tên một trang rồi nạp lại.",
            f'Two sheets are named "{twice}", apart from spaces or hidden characters: rename one and send the file again.',
            field="file",
        )


def _named(wanted: str, names: list[str]) -> str:
    """The sheet of that name, as Excel compares them: whatever the case."""
    asked = clean_name(wanted)
    same = [name for name in names if name == asked] or [
        name for name in names if name.casefold() == asked.casefold()
    ]
    if len(same) != 1:
        raise _unknown_sheet(asked, names)
    return same[0]


def _unknown_sheet(wanted: str, names: list[str]) -> InvalidInput:
    if not names:
        return InvalidInput(
            "sheet_unknown",
            "Tệp CSV không có trang tính: bỏ tên trang (sheet).",
            "A CSV file has no sheets: leave out sheet.",
            field="sheet",
        )
    return InvalidInput(
        "sheet_unknown",
        f"Không có trang tính “{clean_name(wanted)}”. Các trang trong tệp: {_listed(names)}.",
        f'There is no sheet "{clean_name(wanted)}". The file has: {_listed(names)}.',
        field="sheet",
    )


def _listed(names: list[str]) -> str:
    return ", ".join(f"“{name}”" for name in names[:_LISTED]) + (" …" if len(names) > _LISTED else "")
