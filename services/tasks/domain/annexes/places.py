"""The place of a row in its document: the annex, the path of sections, the number."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from shared.spreadsheets import Table

_ANNEX = re.compile(
    r"(?:phụ lục|pl)\.?\s*(?:số)?\s*([IVXLC]+|[0-9]{1,3})\s?[-.]?\s?([A-ZĐ]?)(?![\w/])", re.IGNORECASE
)
_ROMAN = re.compile(r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
# a heading's own label: "Nhóm 1", "Phần II", "I.", "A)", "1.2."
_WORDED = re.compile(
    r"((?i:nhóm|phần|mục|chương|tiểu mục|điều|khoản))\s+(?i:thứ\s+)?(?:[IVXLC]{1,6}|\d{1,3}(?:\.\d{1,3})*|[A-ZĐ])(?!\w)"
)
_LEADING = re.compile(r"([IVXLC]{1,6}|[A-ZĐ]|[a-zđ]|\d{1,3}(?:\.\d{1,3}){0,3})\s*[.)/:–-]\s*(?=\S)")
_LONGEST_NUMBER = 12  # characters: "III.12.10.a"
_BULLETS = "-–—+*•"

Style = str  # "roman", "letter", "digit", "small", "none", or the word of a label such as "nhóm"


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a row, as printed: `section` are the labels of its sections, from the outermost inwards."""

    annex: str = ""
    section: tuple[str, ...] = ()
    number: str = ""

    @property
    def key(self) -> tuple[tuple[str, ...], str]:
        """Section and number in the form that is compared, without case, dots and brackets; "đ" follows "d" in a list."""
        return tuple(_bare(label) for label in self.section), _bare(self.number)


def _bare(label: str) -> str:
    folded = label.casefold()
    return folded if folded.isalnum() else " ".join(re.findall(r"[^\W_]+", folded))


@lru_cache(maxsize=256)  # asked of every row
def annex_key(name: str) -> str:
    """The form in which names of annexes are compared: "Phụ lục I", "PHỤ LỤC SỐ 1: Danh mục …" and "PL01" are one."""
    match = _ANNEX.match(name.strip())
    if not match:
        return _bare(name)
    digits = match[1].upper()
    number = int(digits) if digits.isdigit() else roman(digits)
    return f"phu luc {number or digits.lower()}{match[2].lower()}"


def annex_named(words: str) -> str:
    """The annex that a line or a sheet's name begins with; empty for none."""
    match = _ANNEX.match(words.strip())
    return f"Phụ lục {match[1].upper()}{match[2].upper()}" if match else ""


def annex_of(table: Table, *, alone: bool) -> str:
    """The annex a table is: by the line above it, by its sheet's name, else by that name where it is not `alone`."""
    above = [line for text in table.above for line in text.splitlines()]
    named = [annex_named(words) for words in (*above, table.name)]
    return next(filter(None, named), "" if alone else table.name)


def roman(digits: str) -> int:
    """Value of a Roman number below 100; 0 for other text."""
    if not _ROMAN.fullmatch(digits):
        return 0
    values = [_VALUES[digit] for digit in digits]
    return sum(
        -value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True)
    )


def is_number(cell: str) -> bool:
    """True where a cell of the numbers' column is a number; words may stand there by mistake."""
    number = number_of(cell)
    if not 0 < len(number) <= _LONGEST_NUMBER or " " in number:
        return False
    return any(map(str.isdigit, number)) or len(number) == 1 or bool(roman(number))


def number_of(cell: str) -> str:
    """A row's number as printed, without closing punctuation; a bullet is no number."""
    return cell.strip().strip(_BULLETS).strip().rstrip(".):/").strip()


@dataclass(slots=True)
class Sections:
    """The headings in force at the current row, the outermost first."""

    _open: list[tuple[Style, str]] = field(default_factory=list)
    heading: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The number of each open heading, or its words where it has no number."""
        return tuple(label for _, label in self._open)

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(label for style, label in self._open if style != "none")

    def enter(self, number: str, heading: str) -> None:
        """Open a heading; the open one of its style and those below it end."""
        label, style = self._label(number_of(number), heading)
        depth = self._depth(style, label)
        self._open = [*self._open[:depth], (style, label)]
        self.heading = heading

    def _label(self, number: str, heading: str) -> tuple[str, Style]:
        if not is_number(number):  # a heading in the numbers' column
            number = ""
        if not number and (worded := _WORDED.match(heading)):
            return worded.group(), worded[1].casefold()
        if not number and (leading := _LEADING.match(heading)):
            number = leading[1]
        if not number:
            return heading, "none"
        if number[0].isdigit():
            return number, "digit"
        if number.islower():
            return number, "small"
        return number, "letter" if self._is_letter(number) else "roman"

    def _is_letter(self, label: str) -> bool:
        """True for a label that counts A, B, C: "C" after "B" and "I" after "H" do, else I, V, X, L, C and D are Roman."""
        if not roman(label):
            return True
        letters = [open_label for style, open_label in self._open if style == "letter"]
        return len(label) == 1 and bool(letters) and ord(letters[-1][0]) + 1 == ord(label)

    def _depth(self, style: Style, label: str) -> int:
        """The number of open headings that contain this one."""
        dots = label.count(".")
        for depth, (other, open_label) in enumerate(self._open):
            if other == style and (style != "digit" or open_label.count(".") >= dots):
                return depth
        return len(self._open)


def first_words(values: Mapping[str, str]) -> str:
    """A row's first words."""
    return next((values[key] for key in ("title", "section", "order_no", "ref") if values.get(key)), "")
