"""What both kinds of file become before their headings are read."""

import unicodedata
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

MAX_BYTES = 32 * 1024 * 1024  # 100,000 rows of 300 bytes, as the annexes have them
MAX_ROWS = 100_000
MAX_COLUMNS = 100
ABOVE_TABLE = 100  # rows that may stand above the table
MAX_CELL = 32_767  # characters, as in Excel

Flaw = Literal["formula", "cell_error"]


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells as text, from the sheet's first row and column on; other members by (row number from 1, column from 0).

    Attributes:
        fractions: cells that a workbook holds as a number with a fraction: their point is a decimal one.
        merged_down: (first row, last row, column) of cells merged over several rows; their value stands in each.
    """

    name: str
    cells: list[list[str]]
    flaws: Mapping[tuple[int, int], Flaw] = field(default_factory=dict)
    fractions: AbstractSet[tuple[int, int]] = frozenset()
    merged_down: Sequence[tuple[int, int, int]] = ()


def clean(text: str) -> str:
    """NFC, plain line ends and spaces, no marks without width, nothing at the ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    return unicodedata.normalize("NFC", text.replace("\u200b", "").replace("\ufeff", "")).strip()
