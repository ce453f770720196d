"""An imported file with the report on each of its rows in additional columns.

The cells are text, also where they begin like a formula. An import of the workbook ignores these columns.
`python -m shared.spreadsheets.report` does so in a process of its own, as files of others need: on its input a line of
JSON, {"headings", "notes", "asks"}, and the file; on its output the workbook in base64.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl
from openpyxl.cell import Cell, MergedCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from shared.spreadsheets.child import run
from shared.spreadsheets.csv_file import read_csv
from shared.spreadsheets.grid import MAX_CELL, MAX_COLUMNS, clean_name
from shared.spreadsheets.headings import ANSWER_COLUMN, REPORT_COLUMNS
from shared.spreadsheets.notes import Heading, RowNote
from shared.text.folding import fold

CSV_SHEET = "Dữ liệu"
_ZIP = b"PK\x03\x04"
_WIDTHS = {REPORT_COLUMNS[0]: 16, REPORT_COLUMNS[1]: 60, REPORT_COLUMNS[2]: 48, ANSWER_COLUMN: 20}
_FILLS = {"accepted": "E2F0D9", "refused": "F8CBAD", "question": "FFE699"}
_WRAPPED = Alignment(wrap_text=True, vertical="top")


def write_report(
    content: bytes, headings: Sequence[Heading], notes: Sequence[RowNote], *, asks: bool
) -> bytes:
    """The file with its notes as XLSX; `asks` for a column in which questions can be answered."""
    is_workbook = content.startswith(_ZIP)
    book = (
        openpyxl.load_workbook(io.BytesIO(content), rich_text=True)
        if is_workbook
        else _of_csv(content, headings)
    )
    wanted = (*REPORT_COLUMNS, ANSWER_COLUMN) if asks else REPORT_COLUMNS
    by_sheet: dict[str, list[RowNote]] = {}
    for note in notes:
        by_sheet.setdefault(note.sheet, []).append(note)
    sheets = {clean_name(sheet.title): sheet for sheet in book.worksheets}
    for heading in headings:
        sheet = sheets[heading.sheet if is_workbook else CSV_SHEET]
        columns = _columns(sheet, heading, wanted)
        for note in by_sheet.get(heading.sheet, ()):
            _write_note(sheet, note, columns)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _of_csv(content: bytes, headings: Sequence[Heading]) -> Any:
    known = {fold(name) for heading in headings for name in heading.printed}
    grid = read_csv(
        content, lambda table: max((len(known & set(map(fold, row))) for row in table), default=0)
    )
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = CSV_SHEET
    for number, cells in enumerate(grid.cells, start=1):
        for column, text in enumerate(cells, start=1):
            if text:
                _put(sheet, number, column, text)
    return book


def _columns(sheet: Worksheet, heading: Heading, wanted: Sequence[str]) -> Mapping[str, int]:
    """The index of each report column: that of an earlier report, else after the last one in use."""
    last, found = 0, {}
    for cell in (cell for row in sheet.iter_rows(max_col=MAX_COLUMNS) for cell in row):
        if cell.value not in {None, ""} if isinstance(cell.value, str) else cell.value is not None:
            last = max(last, cell.column)
            if cell.row == heading.row and isinstance(cell.value, str) and cell.value in wanted:
                found[cell.value] = cell.column
    last = max([last, *(area.max_col for area in sheet.merged_cells.ranges if area.max_col <= MAX_COLUMNS)])
    for name in wanted:
        if name not in found:
            last += 1
            found[name] = last
            _put(sheet, heading.row, last, name).font = Font(bold=True)
            sheet.column_dimensions[get_column_letter(last)].width = _WIDTHS[name]
    return found


def _write_note(sheet: Worksheet, note: RowNote, columns: Mapping[str, int]) -> None:
    texts = zip(REPORT_COLUMNS, (note.outcome, note.reason, note.suggestion), strict=True)
    cells = [_put(sheet, note.row, columns[name], text) for name, text in texts]
    if color := _FILLS.get(note.code):
        cells[0].fill = PatternFill("solid", fgColor=color)


def _put(sheet: Worksheet, row: int, column: int, text: str) -> Cell:
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        raise TypeError(f"{cell.coordinate} is part of a merged cell")
    cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", text)[:MAX_CELL] or None
    if text:
        cell.data_type = "s"
        cell.quotePrefix = text[0] in "=+-@\t\r"
        cell.alignment = _WRAPPED
    return cell


def _answer(asked: dict[str, Any], content: bytes) -> list[dict[str, Any]]:
    headings = [Heading(sheet, row, tuple(printed)) for sheet, row, printed in asked["headings"]]
    notes = [RowNote(*each) for each in asked["notes"]]
    return [{"report": base64.b64encode(write_report(content, headings, notes, asks=asked["asks"])).decode()}]


if __name__ == "__main__":
    run(_answer)
