"""What a workbook says about its cells beside their values: formulas, formats, merges, where they stand."""

import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from posixpath import join, normpath
from xml.parsers import expat

from shared.spreadsheets.grid import MAX_COLUMNS, MAX_ROWS, Flaw

_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\[[^\]]*\]')
# formats that a workbook uses by number without stating them (ECMA-376 part 1, 18.8.30)
_BUILT_IN = {
    9: "0%",
    10: "0.00%",
    14: "dd/mm/yyyy",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    22: "d/m/yyyy h:mm",
}
_MAX_MERGES = 50_000
_PIECE = 1 << 20  # bytes; a comment is read anew from its start with each piece, so pieces are large


class BadPart(Exception):
    """A part of the workbook is missing or is not what its name says."""


@dataclass(frozen=True, slots=True)
class SheetPart:
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How Excel shows a number: as a date, a month, a share, or with fifteen digits, all that it stores."""

    code: str

    def show(self, value: str) -> str:
        """The value as printed in a Vietnamese document: dd/mm/yyyy, mm/yyyy, 15%."""
        dated = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d:\d\d):\d\d.*)?", value)
        pattern = _LITERAL.sub("", self.code.lower())
        if dated:
            year, month, day, time = dated.groups()
            shown = f"{day}/{month}/{year}" if "d" in pattern or "y" not in pattern else f"{month}/{year}"
            return f"{shown} {time}" if time and time != "00:00" and "h" in pattern else shown
        try:
            number = float(value)
        except ValueError:
            return value
        return f"{number * 100:.15g}%" if "%" in pattern else f"{number:.15g}"


@dataclass
class Layout:
    """Rows from 1, columns from 0; the extent counts cells with a value only.

    Attributes:
        formats: cells whose number is not shown as it is stored.
        merged_down: (first row, last row, column) of cells merged over several rows.
    """

    first_column: int = MAX_COLUMNS
    last_column: int = -1
    last_row: int = 0
    flaws: dict[tuple[int, int], Flaw] = field(default_factory=dict)
    formats: dict[tuple[int, int], NumberFormat] = field(default_factory=dict)
    merged_down: list[tuple[int, int, int]] = field(default_factory=list)


Start = Callable[[str, Mapping[str, str]], None]


def first_visible_sheet(parts: zipfile.ZipFile) -> SheetPart:
    targets: dict[str, str] = {}
    visible: list[tuple[str, str]] = []

    def relation(tag: str, given: Mapping[str, str]) -> None:
        if tag == "Relationship" and given.get("Type", "").endswith("/worksheet"):
            targets[given.get("Id", "")] = normpath(join("/xl", given.get("Target", ""))).lstrip("/")

    def sheet(tag: str, given: Mapping[str, str]) -> None:
        if tag == "sheet" and given.get("state", "visible") == "visible":
            visible.append((given.get("name", ""), given.get("id", "")))

    _parse(parts, "xl/_rels/workbook.xml.rels", relation)
    _parse(parts, "xl/workbook.xml", sheet)
    for name, relation_id in visible:
        if relation_id in targets:
            return SheetPart(name, targets[relation_id])
    raise BadPart("xl/workbook.xml")


def number_formats(parts: zipfile.ZipFile) -> list[str]:
    """Format code of each cell style, "" for none; an empty list when the workbook has no styles."""
    codes = dict(_BUILT_IN)
    styles: list[int] = []
    inside = ""

    def style(tag: str, given: Mapping[str, str]) -> None:
        nonlocal inside
        if tag in {"cellXfs", "cellStyleXfs", "dxfs"}:
            inside = tag
        elif tag == "numFmt":
            codes[_integer(given.get("numFmtId", ""))] = given.get("formatCode", "")
        elif tag == "xf" and inside == "cellXfs":
            styles.append(_integer(given.get("numFmtId", "0")))

    if "xl/styles.xml" in parts.namelist():
        _parse(parts, "xl/styles.xml", style)
    return [codes.get(style, "") for style in styles]


def layout_of(parts: zipfile.ZipFile, path: str, formats: list[str]) -> Layout:
    scan = _SheetScan(formats)
    _parse(parts, path, scan.start, scan.end, scan.text)
    return scan.layout


class _SheetScan:
    """Follows one sheet's cells in the order they are written."""

    def __init__(self, formats: list[str]) -> None:
        self.layout = Layout()
        self._formats = formats
        self._at = (0, -1)
        self._kind = ""
        self._style = 0
        self._value = ""
        self._listening = False

    def start(self, tag: str, given: Mapping[str, str]) -> None:
        if tag == "row":
            self._at = (_integer(given["r"]) if "r" in given else self._at[0] + 1, -1)
        elif tag == "c":
            self._at = _place(given["r"]) if "r" in given else (self._at[0], self._at[1] + 1)
            self._kind, self._style, self._value = given.get("t", "n"), _integer(given.get("s", "0")), ""
        elif tag in {"v", "t"}:
            self._listening = True
        elif tag == "f":
            self.layout.flaws[self._at] = "formula"
        elif tag == "mergeCell":
            self._merge(given.get("ref", ""))

    def text(self, text: str) -> None:
        if self._listening and len(self._value) < 32:  # noqa: PLR2004 - whether and which number is all we ask
            self._value += text

    def end(self, tag: str) -> None:
        if tag in {"v", "t"}:
            self._listening = False
        elif tag == "c" and self._value:
            self._cell()

    def _cell(self) -> None:
        layout, (row, column) = self.layout, self._at
        layout.first_column = min(layout.first_column, column)
        layout.last_column = max(layout.last_column, column)
        layout.last_row = max(layout.last_row, row)
        if self._kind == "e":
            layout.flaws.setdefault(self._at, "cell_error")
        elif self._kind in {"n", "d"} and row <= 2 * MAX_ROWS and column < MAX_COLUMNS:
            code = self._formats[self._style] if 0 <= self._style < len(self._formats) else ""
            if _is_special(code) or "." in self._value or "E" in self._value:
                layout.formats[self._at] = NumberFormat(code)

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        top, column = _place(first)
        bottom, _ = _place(last or first)
        if bottom > top and len(self.layout.merged_down) < _MAX_MERGES:
            self.layout.merged_down.append((top, bottom, column))


@lru_cache(maxsize=256)
def _is_special(code: str) -> bool:
    return any(sign in _LITERAL.sub("", code.lower()) for sign in ("d", "y", "m", "h", "%"))


def _place(reference: str) -> tuple[int, int]:
    match = _REFERENCE.fullmatch(reference)
    if not match:
        raise BadPart(reference)
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]), column - 1


def _integer(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", text):
        raise BadPart(text)
    return int(text)


def _parse(
    parts: zipfile.ZipFile,
    path: str,
    start: Start,
    end: Callable[[str], None] = lambda _: None,
    text: Callable[[str], None] = lambda _: None,
) -> None:
    """Read a part by local names; a document type, which no spreadsheet writes, is refused (entity bombs)."""
    parser = expat.ParserCreate(namespace_separator=" ")

    def refuse(*_: object) -> None:
        raise BadPart(path)

    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda tag, given: start(
        _local(tag), {_local(k): v for k, v in given.items()}
    )
    parser.EndElementHandler = lambda tag: end(_local(tag))
    parser.CharacterDataHandler = text
    try:
        with parts.open(path) as part:
            while piece := part.read(_PIECE):
                parser.Parse(piece)
        parser.Parse(b"", True)
    except (expat.ExpatError, KeyError) as error:
        raise BadPart(path) from error


@lru_cache(maxsize=256)
def _local(name: str) -> str:
    return name.rpartition(" ")[2]
