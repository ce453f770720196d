"""Spreadsheets that offices send, CSV or XLSX, read under limits into rows of text.

A service states its `Columns`; the sender may map them to headings of the sender's own. `read_workbook_apart` reads the
file in a process of its own, since a crafted one can make any parser use all memory. Nothing is guessed: problems
of a cell are reported with its row, and the meaning of rows (sections, totals, references) is left to the service.
"""

from shared.spreadsheets.apart import read_workbook_apart, write_report_apart
from shared.spreadsheets.cells import CellProblem, Remark, SheetRemark
from shared.spreadsheets.grid import MAX_BYTES, MAX_CELL, MAX_COLUMNS, MAX_ROWS
from shared.spreadsheets.headings import ANSWER_COLUMN, Columns
from shared.spreadsheets.mapping import answers_from_json, mapping_from_json
from shared.spreadsheets.notes import Heading, RowNote
from shared.spreadsheets.table import Row, Skipped, Table
from shared.spreadsheets.upload import Upload
from shared.spreadsheets.workbook import Sheet, Workbook, read_workbook

__all__ = [
    "ANSWER_COLUMN",
    "MAX_BYTES",
    "MAX_CELL",
    "MAX_COLUMNS",
    "MAX_ROWS",
    "CellProblem",
    "Columns",
    "Heading",
    "Remark",
    "Row",
    "RowNote",
    "Sheet",
    "SheetRemark",
    "Skipped",
    "Table",
    "Upload",
    "Workbook",
    "answers_from_json",
    "mapping_from_json",
    "read_workbook",
    "read_workbook_apart",
    "write_report_apart",
]
