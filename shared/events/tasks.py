"""Events of the tasks service: the state of an agency, group, programme, document, task or API key after a change.

Every event carries the whole state of its aggregate, so that a reader needs no other event to understand it.
"""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import EventData, catalogue

Role = Literal["lead", "co_lead", "coordinate", "direct", "accountable"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Identifier(_Part):
    scheme: str
    value: str
    valid_from: date | None = None
    valid_to: date | None = None


class Predecessor(_Part):
    """A body that is no more, its last day, and the agencies that answer for it, the main one first.

    `unit`: it lives on as a unit of the first of them.
    """

    name: str
    short_name: str | None = None
    valid_to: date | None = None
    successor_codes: tuple[str, ...]
    unit: bool = False


class AgencyRecorded(EventData):
    """`aliases` are further ways of writing its name, former names of its own among them."""

    event_type: ClassVar[str] = "vn.dondoc.tasks.agency.recorded.v1"

    code: str
    name: str
    short_name: str | None = None
    bloc: str
    level: Literal["central", "province", "commune"]
    parent_code: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    aliases: tuple[str, ...] = ()
    predecessors: tuple[Predecessor, ...] = ()

    def subject(self) -> str:
        return self.code


class MembershipState(_Part):
    """A time of membership; `valid_from` of None is as far back as asked."""

    agency_code: str
    valid_from: date | None = None
    valid_to: date | None = None


class GroupRecorded(EventData):
    """`member_codes` are those of the day of the change, `memberships` all of them; `aliases` name this group alone."""

    event_type: ClassVar[str] = "vn.dondoc.tasks.group.recorded.v1"

    code: str
    name: str
    member_codes: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    memberships: tuple[MembershipState, ...] = ()

    def subject(self) -> str:
        return self.code


class ProgrammeRecorded(EventData):
    event_type: ClassVar[str] = "vn.dondoc.tasks.programme.recorded.v1"

    code: str
    title: str

    def subject(self) -> str:
        return self.code


class DocumentRecorded(EventData):
    event_type: ClassVar[str] = "vn.dondoc.tasks.document.recorded.v1"

    code: str
    type: str
    issuer_code: str | None = None
    issued_on: date
    title: str

    def subject(self) -> str:
        return self.code


RecurrencePeriod = Literal["month", "quarter", "year"]


class RecurrenceState(_Part):
    """Due at the end of each period, or on `due_day` of its month number `due_month` (none: the last)."""

    every: RecurrencePeriod
    due_day: int | None = None
    due_month: int | None = None


class CycleState(_Part):
    """A recurrence of any period; `due_day` of a week counts from Monday = 1, `due_month` within the period."""

    every: Literal["day", "week", "month", "quarter", "half", "year"]
    due_day: int | None = None
    due_month: int | None = None


class DeadlineState(_Part):
    """The deadline in force: its words, their reading, and which revision it is (1 = as first assigned).

    `cycle` says every recurrence; `recurrence` only those by month, quarter or year.
    """

    revision: int
    text: str
    kind: str
    start_on: date | None = None
    due_on: date | None = None
    recurrence: RecurrenceState | None = None
    flags: tuple[str, ...] = ()
    unread_words: tuple[str, ...] = ()
    cycle: CycleState | None = None


class AssignmentState(_Part):
    """`position`: the title of the agency's head, where the head is named; `unit`: the part of the agency that is."""

    agency_code: str
    role: Role
    position: str | None = None
    unit: str | None = None


class CitationState(_Part):
    document_code: str
    clause: str | None = None


class TaskState(_Part):
    """`children` counts the members that a task given to a group fans out to; such a task is reported through them."""

    id: UUID
    version: int
    title: str
    programme: str
    kind: Literal["dated", "standing"]
    state: Literal["open", "completed", "cancelled", "merged"]
    deliverable: str | None = None
    priority: Literal["normal", "high", "urgent"] = "normal"
    parent_id: UUID | None = None
    children: int = 0
    deadline: DeadlineState
    assignments: tuple[AssignmentState, ...] = ()
    citations: tuple[CitationState, ...] = ()
    completed_on: date | None = None


class TaskEvent(EventData):
    task: TaskState

    def subject(self) -> str:
        return str(self.task.id)


class TaskCreated(TaskEvent):
    event_type: ClassVar[str] = "vn.dondoc.tasks.task.created.v1"


class TaskAmended(TaskEvent):
    event_type: ClassVar[str] = "vn.dondoc.tasks.task.amended.v1"

    changed: tuple[str, ...]


class TaskSubmitted(TaskEvent):
    event_type: ClassVar[str] = "vn.dondoc.tasks.task.submitted.v1"

    submission_id: UUID
    agency_code: str | None
    completed_on: date


class TaskCompleted(TaskEvent):
    event_type: ClassVar[str] = "vn.dondoc.tasks.task.completed.v1"

    submission_id: UUID
    completed_on: date
    accepted_at: datetime


class SubmissionReturned(TaskEvent):
    event_type: ClassVar[str] = "vn.dondoc.tasks.task.returned.v1"

    submission_id: UUID
    reason: str


class DeadlineExtended(TaskEvent):
    """`in_force` is false where a later approval, typed in before, still holds: `task.deadline` has not moved."""

    event_type: ClassVar[str] = "vn.dondoc.tasks.task.extended.v1"

    reason: str
    document_code: str
    in_force: bool = True


class TaskCancelled(TaskEvent):
    event_type: ClassVar[str] = "vn.dondoc.tasks.task.cancelled.v1"

    reason: str


class KeyIssued(EventData):
    """An API key; its secret part is recorded nowhere. `agency_code`: the agency it is bound to.

    `defence_security`: it may see and move money of that field.
    """

    event_type: ClassVar[str] = "vn.dondoc.tasks.key.issued.v1"

    prefix: str
    name: str
    role: str
    agency_code: str | None = None
    expires_at: datetime | None = None
    defence_security: bool = False

    def subject(self) -> str:
        return self.prefix


class KeyRevoked(EventData):
    """`expires_at`: when the key would have ended by itself; None for never, or where that is on no record."""

    event_type: ClassVar[str] = "vn.dondoc.tasks.key.revoked.v1"

    prefix: str
    revoked_at: datetime
    expires_at: datetime | None = None

    def subject(self) -> str:
        return self.prefix


EVENTS = catalogue(
    AgencyRecorded,
    GroupRecorded,
    ProgrammeRecorded,
    DocumentRecorded,
    TaskCreated,
    TaskAmended,
    TaskSubmitted,
    TaskCompleted,
    SubmissionReturned,
    DeadlineExtended,
    TaskCancelled,
    KeyIssued,
    KeyRevoked,
)
