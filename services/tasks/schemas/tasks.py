"""Tasks: as they are assigned, changed and read."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.tasks.domain.assignments import LEADING
from services.tasks.domain.status import Status
from services.tasks.schemas.deadlines import ReadingOut
from services.tasks.schemas.fields import Day, Kind
from shared.errors import InvalidInput
from shared.events.tasks import Role
from shared.http.answers import Answer, example
from shared.http.requests import ChangeModel, Code, DocumentNumber, Line, Paragraph, RequestModel, Verbatim
from shared.runtime.database import AnyRow

Priority = Literal["normal", "high", "urgent"]


class AssignmentIn(RequestModel):
    """Name an agency, or a group: a task led by a group fans out into one task per member."""

    agency_code: Code | None = None
    group_code: Code | None = None
    role: Role
    position: Annotated[
        Line | None, Field(description="title of the agency's head, where the document names the head")
    ] = None
    unit: Annotated[Line | None, Field(description="part of the agency that the document names")] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.agency_code is None) == (self.group_code is None):
            raise InvalidInput(
                "assignee_required",
                "Ghi đúng một trong agency_code hoặc group_code.",
                "Give exactly one of agency_code and group_code.",
                field="assignments",
            )
        if self.unit is not None and self.group_code is not None:
            raise InvalidInput(
                "unit_of_group",
                "Đơn vị (unit) là của một cơ quan, không phải của một nhóm: ghi agency_code, hoặc bỏ unit.",
                "A unit is part of an agency, not of a group: give agency_code, or leave unit out.",
                field="unit",
            )
        return self


class CitationIn(RequestModel):
    document_code: DocumentNumber
    clause: Line | None = None


class TaskIn(RequestModel):
    model_config = example(
        title="Trình đề án đánh giá mức độ hoàn thành nhiệm vụ chuyển đổi số",
        programme="57-NQ/TW",
        deadline_text="Tháng 5/2026",
        deliverable="Đề án",
        priority="high",
        assignments=[
            {"agency_code": "G09", "role": "lead"},
            {"agency_code": "G12", "role": "coordinate"},
        ],
        citations=[{"document_code": "71/NQ-CP", "clause": "Phụ lục III, mục 1"}],
    )

    title: Annotated[Paragraph, Field(description="the task in the words of the document")]
    programme: DocumentNumber
    kind: Kind | None = Field(default=None, description="by default as the deadline is read")
    deadline_text: Verbatim = ""
    deliverable: Paragraph | None = None
    priority: Priority = "normal"
    assignments: Annotated[tuple[AssignmentIn, ...], Field(min_length=1, max_length=100)]
    citations: Annotated[tuple[CitationIn, ...], Field(max_length=50)] = ()
    assigned_on: Day | None = Field(
        default=None,
        description="day it holds from; by default the day of the first cited document, else today",
    )


class TaskChange(ChangeModel):
    """Members of the body are changed. A deadline that has a date moves by an extension only."""

    nullable = frozenset({"deliverable"})

    title: Paragraph | None = None
    deliverable: Paragraph | None = None
    priority: Priority | None = None
    deadline_text: Verbatim | None = None
    assignments: Annotated[tuple[AssignmentIn, ...], Field(min_length=1, max_length=100)] | None = None
    citations: Annotated[tuple[CitationIn, ...], Field(max_length=50)] = Field(
        default=(), description="further documents that give this task; those already cited stay"
    )


class CancellationIn(RequestModel):
    reason: Paragraph


class AssignmentOut(Answer):
    agency_code: str
    role: Role
    position: str | None = Field(description="title of the agency's head, where the document names the head")
    unit: str | None = Field(description="part of the agency that the document names")


class CitationOut(Answer):
    document_code: str
    clause: str | None


IN_FULL = Field(description="null in the public form")
HIDDEN = ("version", "submitted", "deadline", "deadline_revision", "priority", "coordinate_text")


class TaskOut(Answer):
    """`status` and `due_on` are those of the day asked for; `submitted`: a submission awaits its decision.

    The public form holds what the directive document says of a task and its status on the day: members that say "null in
    the public form" are null, and `assignments` name those who lead.
    """

    id: UUID
    form: Literal["full", "public"] = Field(
        description="public: it concerns neither the key's agency nor one below it"
    )
    version: int | None = IN_FULL
    title: str
    programme: str
    kind: Kind
    status: Status
    submitted: bool | None = IN_FULL
    deadline_text: str
    due_on: date | None
    deadline: ReadingOut | None = IN_FULL
    deadline_revision: int | None = IN_FULL
    deliverable: str | None
    priority: Priority | None = IN_FULL
    parent_id: UUID | None
    members: int = Field(description="tasks that this one, given to a group, fans out to")
    lead_text: str | None = Field(description="text of the leading agencies as printed, for an imported task")
    coordinate_text: str | None = IN_FULL
    assigned_on: date
    recorded_at: datetime
    assignments: list[AssignmentOut]
    citations: list[CitationOut]

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        return cls.model_validate(task_members(row))


def task_members(row: AnyRow) -> dict[str, Any]:
    """A row in the shape of `TaskOut`, not validated: lists are serialised from it."""
    recurrence = None
    if row.recurs_every:
        recurrence = {
            "every": row.recurs_every,
            "due_day": row.recurs_due_day,
            "due_month": row.recurs_due_month,
        }
    members = row._asdict()
    reading = {
        "text": row.deadline_text,
        "kind": members.pop("deadline_kind"),
        "start_on": members.pop("start_on"),
        "due_on": members.pop("reading_due_on"),
        "recurrence": recurrence,
        "flags": members.pop("flags"),
        "unread_words": members.pop("unread_words"),
    }
    for name in ("recurs_every", "recurs_due_day", "recurs_due_month", "due_on_now", "rank"):
        members.pop(name, None)
    concerned = members.pop("concerned")
    members |= {
        "form": "full" if concerned else "public",
        "programme": members.pop("programme_code"),
        "members": members.pop("children_count"),
        "deadline_revision": members.pop("revision"),
        "deadline": reading,
    }
    return members if concerned else _public(members)


def _public(members: dict[str, Any]) -> dict[str, Any]:
    leading = [each for each in members["assignments"] if each["role"] in LEADING]
    return members | dict.fromkeys(HIDDEN) | {"assignments": leading}


class TaskPage(Answer):
    items: list[TaskOut]
    next_cursor: str | None
