"""Spreadsheets that offices send, CSV or XLSX, read under limits into rows of text.

A service states its `Columns`; the sender may map them to headings of the sender's own. `read_table_apart` reads the
file in a process of its own, since a crafted one can make any parser ask for all there is. Nothing is guessed: what is
odd about a cell is reported with its row, and what rows mean (sections, totals, references) is the service's business.
"""

from shared.spreadsheets.apart import read_table_apart
from shared.spreadsheets.grid import MAX_BYTES, MAX_CELL, MAX_COLUMNS, MAX_ROWS
from shared.spreadsheets.headings import Columns
from shared.spreadsheets.mapping import mapping_from_json
from shared.spreadsheets.table import CellProblem, Row, Skipped, Table, read_table

__all__ = [
    "MAX_BYTES",
    "MAX_CELL",
    "MAX_COLUMNS",
    "MAX_ROWS",
    "CellProblem",
    "Columns",
    "Row",
    "Skipped",
    "Table",
    "mapping_from_json",
    "read_table",
    "read_table_apart",
]
