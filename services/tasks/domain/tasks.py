"""Tasks as they are assigned and amended, and the rule of the day on which one is assigned."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.tasks.domain.assignments import NewAssignment
from services.tasks.domain.deadlines import Reading
from shared.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class NewCitation:
    document_code: str
    clause: str | None = None


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task as assigned. `members` are the agencies of a group: each gets a task of its own under this one.

    `titles`: member -> the title of its head, where the heads are named. Without an `id` it gets one.
    """

    title: str
    programme_code: str
    standing: bool
    reading: Reading
    deliverable: str | None
    priority: str
    assignments: tuple[NewAssignment, ...]
    citations: tuple[NewCitation, ...]
    assigned_on: date
    members: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    lead_text: str | None = None
    coordinate_text: str | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """Changes to a recorded task; members that are left out stay as they are. `words`: title, deliverable, priority."""

    words: Mapping[str, str | None] = field(default_factory=dict)
    reading: Reading | None = None
    assignments: tuple[NewAssignment, ...] | None = None
    citations: tuple[NewCitation, ...] = ()


def check_assigned_on(assigned_on: date, today: date, field: str) -> None:
    if assigned_on > today:
        raise InvalidInput(
            "assigned_in_future",
            f"Ngày giao {assigned_on:%d/%m/%Y} sau hôm nay {today:%d/%m/%Y}: kiểm tra ngày giao, ngày văn bản.",
            f"The task would be assigned on {assigned_on}, after today {today}: check that day, or the document's.",
            field=field,
        )
