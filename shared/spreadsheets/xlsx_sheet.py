"""Properties of the cells of a sheet: formulas, formats, merges, strikes, hidden rows and columns, the extent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.spreadsheets.grid import MAX_COLUMNS, MAX_ROWS, Flaw
from shared.spreadsheets.xlsx_book import Book, CellStyle, NumberFormat, Strikes
from shared.spreadsheets.xlsx_xml import Parts, integer, is_on, parse, place

_MAX_MERGES = 50_000
_PLAIN = CellStyle()


@dataclass
class Layout:
    """Rows from 1, columns from 0; the extent counts cells with a value only.

    Attributes:
        characters: of the shared texts that the cells refer to.
        formats: cells whose number is not shown as it is stored.
        struck: cells whose text is struck through, True where it is so as a whole.
        merged_down: (first row, last row, column) of cells merged over several rows.
    """

    first_column: int = MAX_COLUMNS
    last_column: int = -1
    last_row: int = 0
    characters: int = 0
    flaws: dict[tuple[int, int], Flaw] = field(default_factory=dict)
    formats: dict[tuple[int, int], NumberFormat] = field(default_factory=dict)
    struck: dict[tuple[int, int], bool] = field(default_factory=dict)
    merged_down: list[tuple[int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


def layout_of(parts: Parts, path: str, book: Book) -> Layout:
    scan = _SheetScan(book)
    parse(parts, path, scan.start, scan.end, scan.text)
    return scan.layout


class _SheetScan:
    """Follows one sheet's cells in the order they are written."""

    def __init__(self, book: Book) -> None:
        self.layout = Layout()
        self._book = book
        self._at = (0, -1)
        self._kind = ""
        self._style = _PLAIN
        self._value = ""
        self._strikes = Strikes()
        self._listening = False

    def start(self, tag: str, given: Mapping[str, str]) -> None:
        if tag == "row":
            self._at = (integer(given["r"]) if "r" in given else self._at[0] + 1, -1)
            if is_on(given, "hidden") and self._at[0] <= 2 * MAX_ROWS:
                self.layout.hidden_rows.add(self._at[0])
        elif tag == "c":
            self._begin_cell(given)
        elif tag in {"v", "t"}:
            self._listening = True
        elif tag == "f":
            self.layout.flaws[self._at] = "formula"
        elif tag in {"r", "strike"}:
            self._strikes.start(tag, given)
        elif tag == "mergeCell":
            self._merge(given.get("ref", ""))
        elif tag == "col" and is_on(given, "hidden"):
            first, last = integer(given.get("min", "")), integer(given.get("max", ""))
            self.layout.hidden_columns.update(range(first - 1, min(last, MAX_COLUMNS)))

    def text(self, text: str) -> None:
        if self._listening:
            self._strikes.text(text)
            if len(self._value) < 32:  # noqa: PLR2004 - whether and which number is all we ask
                self._value += text

    def end(self, tag: str) -> None:
        if tag in {"v", "t"}:
            self._listening = False
        elif tag == "c" and self._value:
            self._cell()

    def _begin_cell(self, given: Mapping[str, str]) -> None:
        self._at = place(given["r"]) if "r" in given else (self._at[0], self._at[1] + 1)
        self._kind, self._value = given.get("t", "n"), ""
        self._strikes = Strikes()
        style, styles = integer(given.get("s", "0")), self._book.styles
        self._style = styles[style] if style < len(styles) else _PLAIN

    def _cell(self) -> None:
        layout, (row, column) = self.layout, self._at
        layout.first_column = min(layout.first_column, column)
        layout.last_column = max(layout.last_column, column)
        layout.last_row = max(layout.last_row, row)
        if row > 2 * MAX_ROWS or column >= MAX_COLUMNS:
            return  # the sheet is refused for its extent
        if self._kind == "e":
            layout.flaws.setdefault(self._at, "cell_error")
        elif self._kind in {"n", "d"} and (self._style.format.is_special or {".", "E"} & set(self._value)):
            layout.formats[self._at] = self._style.format
        struck = True if self._style.struck else self._strikes.found
        if self._kind == "s" and self._value.isdigit():
            shared = int(self._value)
            layout.characters += self._book.lengths[shared] if shared < len(self._book.lengths) else 0
            struck = self._book.struck.get(shared) if struck is None else struck
        if struck is not None:
            layout.struck[self._at] = struck

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        top, column = place(first)
        bottom, _ = place(last or first)
        if bottom > top and len(self.layout.merged_down) < _MAX_MERGES:
            self.layout.merged_down.append((top, bottom, column))
