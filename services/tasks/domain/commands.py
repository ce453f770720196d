"""Requested changes of tasks, as values that the rules check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.tasks.domain.deadlines import Reading
from shared.errors import InvalidInput


class Role(StrEnum):
    LEAD = "lead"
    CO_LEAD = "co_lead"
    COORDINATE = "coordinate"
    DIRECT = "direct"
    ACCOUNTABLE = "accountable"


LEADING = frozenset({Role.LEAD, Role.CO_LEAD})  # whose task it is: they submit, they are counted


@dataclass(frozen=True, slots=True)
class NewAssignment:
    """`position`: the title of the agency's head, where the head is named; `unit`: the part of it that is."""

    agency_code: str
    role: Role
    position: str | None = None
    unit: str | None = None


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
    """Changes to a recorded task; what is left out stays. `words`: title, deliverable, priority."""

    words: Mapping[str, str | None] = field(default_factory=dict)
    reading: Reading | None = None
    assignments: tuple[NewAssignment, ...] | None = None
    citations: tuple[NewCitation, ...] = ()


@dataclass(frozen=True, slots=True)
class NewEvidence:
    kind: str
    reference: str
    title: str


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """A task reported done. `agency_code` is the agency that reports; None when the office does it for them."""

    agency_code: str | None
    completed_on: date
    summary: str
    evidence: tuple[NewEvidence, ...]


def check_assignments(assignments: Sequence[NewAssignment], members: Sequence[str]) -> None:
    """A task has exactly one lead, or goes to the members of a group; no agency has a role twice."""
    leads = [item for item in assignments if item.role is Role.LEAD]
    if members and any(item.role in LEADING for item in assignments):
        raise InvalidInput(
            "lead_and_group",
            "Nhiệm vụ giao cho một nhóm thì mỗi thành viên là một cơ quan chủ trì: bỏ cơ quan chủ trì riêng.",
            "A task given to a group is led by each member: leave out the separate lead.",
            field="assignments",
        )
    if not members and len(leads) != 1:
        raise InvalidInput(
            "lead_required",
            f"Cần đúng một cơ quan chủ trì (lead), đang có {len(leads)}; cơ quan khác cùng chủ trì ghi co_lead.",
            f"Exactly one lead is needed, there are {len(leads)}; others who lead with it are co_lead.",
            field="assignments",
        )
    if len({(item.agency_code, item.role) for item in assignments}) != len(assignments):
        raise InvalidInput(
            "assignment_repeated",
            "Một cơ quan được ghi hai lần cùng vai trò: giữ một dòng.",
            "An agency stands twice in one role: keep one.",
            field="assignments",
        )


def check_assigned_on(assigned_on: date, today: date, field: str) -> None:
    if assigned_on > today:
        raise InvalidInput(
            "assigned_in_future",
            f"Ngày giao {assigned_on:%d/%m/%Y} sau hôm nay {today:%d/%m/%Y}: kiểm tra ngày giao, ngày văn bản.",
            f"The task would be assigned on {assigned_on}, after today {today}: check that day, or the document's.",
            field=field,
        )


def check_completed_on(completed_on: date, assigned_on: date, today: date) -> None:
    if completed_on > today:
        raise InvalidInput(
            "completed_in_future",
            f"Ngày hoàn thành {completed_on:%d/%m/%Y} sau hôm nay {today:%d/%m/%Y}: ghi ngày đã hoàn thành thật.",
            f"completed_on {completed_on} is after today {today}: give the day it was really done.",
            field="completed_on",
        )
    if completed_on < assigned_on:
        raise InvalidInput(
            "completed_before_assigned",
            f"Ngày hoàn thành {completed_on:%d/%m/%Y} trước ngày giao {assigned_on:%d/%m/%Y}.",
            f"completed_on {completed_on} is before the task was assigned, {assigned_on}.",
            field="completed_on",
        )
