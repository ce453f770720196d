"""The parts common to all sheets of a workbook: their list, cell styles, shared texts that are struck through."""

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from posixpath import join, normpath

from shared.spreadsheets.grid import EPOCH
from shared.spreadsheets.xlsx_xml import BadPart, Parts, integer, is_on, parse

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
_MAX_CODE = 255  # characters of a number format; Excel takes no more
_MAC_EPOCH = date(1904, 1, 1)


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A sheet of cells; `name` as it is stored, `path` that of its part."""

    name: str
    path: str
    visible: bool


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """The form in which Excel shows a number: as a date, a month, a share, or with fifteen digits, all that it stores."""

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

    @property
    def is_special(self) -> bool:
        return _is_special(self.code)


@dataclass(frozen=True, slots=True)
class CellStyle:
    format: NumberFormat = NumberFormat("")
    struck: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """Common to all sheets.

    Attributes:
        sheets: of cells, in the order of their tabs.
        epoch: the day of the serial number 0.
        styles: by number; empty when the workbook has none.
        lengths: characters of each shared text, by its number.
        struck: numbers of the shared texts that are struck through, True where they are so as a whole.
    """

    sheets: tuple[SheetPart, ...]
    epoch: date
    styles: tuple[CellStyle, ...]
    lengths: Sequence[int]
    struck: Mapping[int, bool]


def read_book(parts: Parts) -> Book:
    sheets, epoch = _sheets(parts)
    names = parts.namelist()
    styles = _styles(parts) if "xl/styles.xml" in names else ()
    lengths, struck = _shared_texts(parts) if "xl/sharedStrings.xml" in names else ((), {})
    return Book(sheets, epoch, styles, lengths, struck)


def _sheets(parts: Parts) -> tuple[tuple[SheetPart, ...], date]:
    targets: dict[str, str] = {}
    listed: list[tuple[str, str, bool]] = []
    epoch = EPOCH

    def relation(tag: str, given: Mapping[str, str]) -> None:
        if tag == "Relationship" and given.get("Type", "").endswith("/worksheet"):
            targets[given.get("Id", "")] = normpath(join("/xl", given.get("Target", ""))).lstrip("/")

    def sheet(tag: str, given: Mapping[str, str]) -> None:
        nonlocal epoch
        if tag == "sheet":
            visible = given.get("state", "visible") == "visible"
            listed.append((given.get("name", ""), given.get("id", ""), visible))
        elif tag == "workbookPr" and is_on(given, "date1904"):
            epoch = _MAC_EPOCH

    parse(parts, "xl/_rels/workbook.xml.rels", relation)
    parse(parts, "xl/workbook.xml", sheet)
    found = tuple(SheetPart(name, targets[key], shown) for name, key, shown in listed if key in targets)
    if len({part.name for part in found}) < len(found) or not any(part.visible for part in found):
        raise BadPart("xl/workbook.xml")  # Excel writes neither
    return found, epoch


def _styles(parts: Parts) -> tuple[CellStyle, ...]:
    codes = dict(_BUILT_IN)
    fonts: list[bool] = []
    styles: list[tuple[int, int]] = []
    inside = ""

    def style(tag: str, given: Mapping[str, str]) -> None:
        nonlocal inside
        if tag in {"cellXfs", "cellStyleXfs", "dxfs", "fonts"}:
            inside = tag
        elif tag == "numFmt":
            codes[integer(given.get("numFmtId", ""))] = code = given.get("formatCode", "")
            if len(code) > _MAX_CODE:
                raise BadPart("xl/styles.xml")
        elif tag == "font" and inside == "fonts":
            fonts.append(False)
        elif tag == "strike" and inside == "fonts" and fonts:
            fonts[-1] = is_on(given, "val", otherwise=True)
        elif tag == "xf" and inside == "cellXfs":
            styles.append((integer(given.get("numFmtId", "0")), integer(given.get("fontId", "0"))))

    parse(parts, "xl/styles.xml", style)
    return tuple(
        CellStyle(NumberFormat(codes.get(code, "")), font < len(fonts) and fonts[font])
        for code, font in styles
    )


class Strikes:
    """Follows the runs of one text: whether all, some or none of it is struck through."""

    def __init__(self) -> None:
        self._run = False
        self._seen: set[bool] = set()

    def start(self, tag: str, given: Mapping[str, str]) -> None:
        if tag == "r":
            self._run = False
        elif tag == "strike":
            self._run = is_on(given, "val", otherwise=True)

    def text(self, text: str) -> None:
        if text.strip():
            self._seen.add(self._run)

    @property
    def found(self) -> bool | None:
        """True for the whole text, False for a part of it, None for nothing."""
        return None if True not in self._seen else self._seen == {True}


def _shared_texts(parts: Parts) -> tuple[Sequence[int], dict[int, bool]]:
    """The length of each shared text, and which are struck through."""
    lengths = array("I")
    found: dict[int, bool] = {}
    length = 0
    strikes = Strikes()
    listening = False

    def start(tag: str, given: Mapping[str, str]) -> None:
        nonlocal strikes, listening, length
        if tag == "si":
            strikes, length = Strikes(), 0
        listening = tag == "t"
        strikes.start(tag, given)

    def end(tag: str) -> None:
        nonlocal listening
        listening = False
        if tag == "si":
            if strikes.found is not None:
                found[len(lengths)] = strikes.found
            lengths.append(length)

    def text(text: str) -> None:
        nonlocal length
        if listening:
            length += len(text)
            strikes.text(text)

    parse(parts, "xl/sharedStrings.xml", start, end, text)
    return lengths, found


@lru_cache(maxsize=256)
def _is_special(code: str) -> bool:
    return any(sign in _LITERAL.sub("", code.lower()) for sign in ("d", "y", "m", "h", "%"))
