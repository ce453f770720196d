"""The rows of a table that are tasks, with their headings, and the reasons for which the others are skipped."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from services.tasks.domain.annexes.places import Place, Sections, first_words, is_number, number_of, roman
from services.tasks.domain.annexes.tails import TailReason, may_be_signature, opens_tail
from shared.spreadsheets import Row, Skipped, Table
from shared.text.folding import fold

_LABEL = re.compile(r"[IVXLC]{1,6}|[A-ZĐ]")
_NUMBERS = re.compile(r"[\d.,()\s/-]{1,12}")
_BELOW = re.compile(r"[a-zđ]|[-–+•*]")
_MONTH = re.compile(r"(?:tháng\s+)?(\d{1,2})/(\d{4})", re.IGNORECASE)
_HEADED = frozenset({"title", "ref", "order_no", "section"})

SkipReason = Literal["section", "total", "column_numbers", "heading", "number_only"] | TailReason


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A row that is a task: its values with `ref` and `section` (empty if missing), and its place."""

    row: Row
    place: Place


def tasks_of(table: Table, annex: str = "") -> tuple[tuple[TaskRow, ...], tuple[Skipped, ...]]:
    """The rows that give tasks, and the others. `annex`: the table's name in its document."""
    found = list(_Layout(table, annex).read())
    rows = tuple(item for item in found if isinstance(item, TaskRow))
    skipped = [*table.skipped, *(item for item in found if isinstance(item, Skipped))]
    return rows, tuple(sorted(skipped, key=lambda row: row.number))


@dataclass
class _Layout:
    """Classifies the rows in order; keeps the headings in force and the reason of a tail that was begun."""

    table: Table
    annex: str
    sections: Sections = field(default_factory=Sections)
    tail: TailReason | None = None

    def read(self) -> Iterator[TaskRow | Skipped]:
        rows = self.table.rows
        last = max((n for n, row in enumerate(rows) if self._is_whole(row)), default=-1)
        for place, row in enumerate(rows):
            following = rows[place + 1] if place + 1 < len(rows) else None
            reason = self._skip_reason(row, following, below=place > last)
            if reason is None:
                yield self._task(row)
                continue
            text = first_words(row.values) or next((text for text in row.values.values() if text), "")
            if reason == "section":
                self.sections.enter(row.values.get("order_no", "") or row.values.get("ref", ""), text)
            yield Skipped(row.number, text, reason, self.table.name)

    def _filled(self, row: Row) -> list[str]:
        """Its columns with text, from left to right."""
        return [key for key in self.table.headers if row.values[key]]

    def _opens_tail(self, row: Row, *, below: bool) -> TailReason | None:
        own = [key for key in self._filled(row) if key not in row.merged]
        return None if _is_numbered(row) else opens_tail(row.values, own, below=below)

    def _is_whole(self, row: Row) -> bool:
        """True for a row that can only be a task: unlike signatures and notes it has a title, and a lead or deadline."""
        values = row.values
        lead, deadline = values.get("lead_text", ""), values.get("deadline_text", "")
        if not values.get("title") or self._opens_tail(row, below=False):
            return False
        if _is_numbered(row) or (lead and deadline):
            return bool(lead or deadline)
        return bool(lead) and "lead_text" not in row.merged and not may_be_signature(lead)

    def _skip_reason(self, row: Row, following: Row | None, *, below: bool) -> SkipReason | None:
        """The reason for which a row gives no task; None where it does. `below`: no row from here on can only be a task."""
        if self._is_whole(row):
            self.tail = None
            return None
        filled = self._filled(row)
        if opened := self._opens_tail(row, below=below):
            self.tail = opened
            return opened
        if row.problems or not filled:
            return None
        reason = self._heading(row, filled, following)
        labelled = reason == "section" and _LABEL.fullmatch(number_of(row.values.get("order_no", "")))
        if self.tail and not labelled:
            return "total" if reason == "total" else self.tail
        self.tail = None
        lost = reason == "section" and below and not _is_numbered(row) and len(filled) == 1
        return None if lost else reason

    def _heading(self, row: Row, filled: Sequence[str], following: Row | None) -> SkipReason | None:
        if not _HEADED.issuperset(filled):
            return None
        values = row.values
        first, last = (fold(values[filled[at]]) for at in (0, -1))
        if first == "cong" or first.startswith(("tong cong", "tong so")) or last.startswith("tong cong"):
            return "total"
        marks = [values[key] for key in ("order_no", "ref") if key in filled]
        if "title" not in filled and "section" not in filled:
            return "number_only" if all(map(_NUMBERS.fullmatch, marks)) else "section"
        if len(filled) == 1 or all(_LABEL.fullmatch(number_of(mark)) for mark in marks):
            return "section"
        return "section" if following and _stands_above(marks[0], following.values) else None

    def _task(self, row: Row) -> TaskRow:
        values = row.values
        ref, number = values.get("ref", "").strip(), number_of(values.get("order_no", ""))
        sections = self._sections(values)
        numbers = sections.numbers
        if ref:  # a code of its own, unique in the document
            place = Place(self.annex, (), ref)
        elif values.get("list_month"):
            numbers = (_month(values["list_month"]),)
            place = Place(self.annex, numbers, number)
        else:
            place = Place(self.annex, sections.labels, number)
        own = {
            "ref": ref or ("/".join((*numbers, number)) if number else ""),
            "section": values.get("section") or self.sections.heading,
            "order_no": values.get("order_no", ""),
        }
        return TaskRow(replace(row, values={**values, **own}), place)

    def _sections(self, values: Mapping[str, str]) -> Sections:
        """By the row's own columns where it has them, else the headings above it."""
        heading = values.get("section") or values.get("group_no")
        if not heading:
            return self.sections
        own = Sections()
        own.enter(values.get("group_no", ""), heading)
        return own


def _is_numbered(row: Row) -> bool:
    return is_number(row.values.get("order_no", "")) or bool(row.values.get("ref"))


def _stands_above(mark: str, following: Mapping[str, str]) -> bool:
    """True for a row without agency or deadline that is the heading of the next: "1" above "1.1", "a)" or a dash."""
    number, below = number_of(mark), following.get("order_no", "").strip()
    if not number or not below:
        return False
    deeper = number_of(below).startswith(f"{number}.")
    lettered = number[0].isdigit() and bool(_BELOW.fullmatch(number_of(below) or below[:1]))
    return deeper or (lettered and not roman(number_of(below)))


def _month(text: str) -> str:
    match = _MONTH.fullmatch(text)
    return f"{match[2]}-{int(match[1]):02}" if match else text
