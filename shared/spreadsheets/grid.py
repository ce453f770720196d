"""Cells of a CSV or XLSX sheet before its headings are read."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from shared.text.characters import without_ignorable

MAX_BYTES = 32 * 1024 * 1024  # 100,000 rows of 300 bytes, as the annexes have them
MAX_ROWS = 100_000  # of all tables of a file
MAX_COLUMNS = 100
ABOVE_TABLE = 100  # rows that may precede the table
MAX_CELL = 32_767  # characters, as in Excel
EPOCH = date(1899, 12, 30)  # the day of the serial number 0
_NAME = 100  # characters; Excel allows 31
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

Flaw = Literal["formula", "cell_error"]


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells as text, from the sheet's first row and column on. Rows count from 1, columns from 0.

    Attributes:
        name: of the sheet; empty for CSV.
        flaws: what is wrong with a cell.
        struck: cells struck through, True where they are so as a whole.
        fractions: cells that a workbook holds as a number with a fraction: their point is a decimal one.
        merged_down: (first row, last row, column) of cells merged over several rows; their value is in each.
    """

    name: str
    cells: list[list[str]]
    flaws: Mapping[tuple[int, int], Flaw] = field(default_factory=dict)
    struck: Mapping[tuple[int, int], bool] = field(default_factory=dict)
    fractions: AbstractSet[tuple[int, int]] = frozenset()
    merged_down: Sequence[tuple[int, int, int]] = ()
    hidden_rows: AbstractSet[int] = frozenset()
    hidden_columns: AbstractSet[int] = frozenset()
    epoch: date = EPOCH


def clean(text: str) -> str:
    """NFC, plain line ends and spaces, nothing that is drawn as nothing, nothing at the ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    return unicodedata.normalize("NFC", without_ignorable(text)).strip()


def clean_name(text: str) -> str:
    """A sheet's name on one line, without what would hide in it."""
    return clean(_UNSEEN.sub("\ufffd", text))[:_NAME]


def letter(index: int) -> str:
    """Column's letters as the spreadsheet shows them."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
