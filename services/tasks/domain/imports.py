"""From one row of an annex to a task: assignments, the reading of its deadline, and problems."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.tasks.domain.annexes.assignments import Assigned, assign
from services.tasks.domain.annexes.places import Place
from services.tasks.domain.annexes.recognition import Answer, Origin
from services.tasks.domain.annexes.row_answers import read_answer
from services.tasks.domain.deadlines import DeadlineKind, Reading
from shared.imports.rows import Problem, text_problems
from shared.naming.mentions import Naming
from shared.naming.refusals import too_many_unknown_names
from shared.text.folding import fold

LIMITS = {
    "title": 4000,
    "deliverable": 4000,
    "deadline_text": 1000,
    "lead_text": 2000,
    "coordinate_text": 2000,
    "ref": 200,
}
PRIORITIES = {
    "": "normal", "thuong": "normal", "binh thuong": "normal", "normal": "normal", "cao": "high", "high": "high",
    "khan": "urgent", "hoa toc": "urgent", "thuong khan": "urgent", "urgent": "urgent",
}  # fmt: skip
KINDS = {
    "": None,
    "co thoi han": "dated",
    "dated": "dated",
    "thuong xuyen": "standing",
    "standing": "standing",
}


@dataclass(slots=True)
class ReadRow:
    """A row as understood. With a problem it is refused; warnings are for a person to read later."""

    number: int
    digest: str
    ref: str | None
    title: str
    deliverable: str | None
    reading: Reading
    standing: bool
    priority: str
    lead_text: str
    coordinate_text: str | None
    assigned: Assigned = field(default_factory=Assigned)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    sheet: str = ""
    place: Place = field(default_factory=Place)
    order_no: str = ""
    answer: Answer | UUID | None = None

    @property
    def origin(self) -> Origin | None:
        """Place, title and digest; None for a row that could not be read."""
        return Origin(self.place, self.title, self.digest) if self.digest else None


def understand(
    number: int,
    values: Mapping[str, str],
    *,
    reading: Reading,
    lead: Naming | None,
    coordinate: Naming | None,
) -> ReadRow:
    """A row from its cells, the reading of its deadline and its namings; None for a naming that was not looked up, after too many unknown names."""
    kind = KINDS.get(fold(values.get("kind", "")), "")
    row = ReadRow(
        number=number,
        digest=import_digest(values),
        ref=values.get("ref") or None,
        title=values.get("title", ""),
        deliverable=values.get("deliverable") or None,
        reading=reading,
        standing=kind == "standing" if kind else reading.standing,
        priority=PRIORITIES.get(fold(values.get("priority", "")), ""),
        lead_text=values.get("lead_text", ""),
        coordinate_text=values.get("coordinate_text") or None,
    )
    row.order_no = values.get("order_no", "")
    row.answer, wrong = read_answer(values.get("answer", ""))
    row.problems += [wrong] if wrong else []
    row.problems += _shape_problems(values, row, kind)
    named = (("lead_text", lead), ("coordinate_text", coordinate))
    row.problems += [too_many_unknown_names(name) for name, naming in named if naming is None]
    row.assigned = assign(row.lead_text if lead else "", lead or Naming(), coordinate or Naming())
    row.problems += row.assigned.problems
    row.warnings += row.assigned.warnings
    return row


def unread(number: int, values: Mapping[str, str], problem: Problem) -> ReadRow:
    """A row that could not be read at all; it matches no earlier import."""
    return ReadRow(
        number=number,
        digest="",
        ref=values.get("ref") or None,
        title=values.get("title", ""),
        deliverable=None,
        reading=Reading(values.get("deadline_text", ""), DeadlineKind.NONE),
        standing=False,
        priority="normal",
        lead_text=values.get("lead_text", ""),
        coordinate_text=None,
        order_no=values.get("order_no", ""),
        problems=[problem],
    )


def import_digest(values: Mapping[str, Any]) -> str:
    """A digest of a row's cells: equal if these differ in spaces, line breaks and case only."""
    names = ("title", "deliverable", "deadline_text", "lead_text", "coordinate_text", "priority", "kind")
    words = (" ".join(values.get(name, "").split()).casefold() for name in names)
    return hashlib.sha256("\x1f".join(words).encode()).hexdigest()[:32]


def _shape_problems(values: Mapping[str, str], row: ReadRow, kind: str | None) -> list[Problem]:
    found = text_problems(values, required=("title", "lead_text"), limits=LIMITS, plain=LIMITS)
    if row.title and not any(map(str.isalpha, row.title)):
        found.append(
            Problem(
                "title",
                "title_without_words",
                f"“{row.title[:60]}” không phải tên nhiệm vụ: ghi nội dung nhiệm vụ bằng chữ.",
                f'"{row.title[:60]}" names no task: write in words what is to be done.',
            )
        )
    if not row.priority:
        words = "thường, cao, khẩn (normal, high, urgent)"
        found.append(
            Problem(
                "priority", "priority_unknown", f"Mức ưu tiên là một trong: {words}.", f"One of: {words}."
            )
        )
    if kind == "":
        words = "có thời hạn, thường xuyên (dated, standing)"
        found.append(Problem("kind", "kind_unknown", f"Loại là một trong: {words}.", f"One of: {words}."))
    return found
