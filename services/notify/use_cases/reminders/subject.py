"""The interface of a subject: its events, its copy, its reminders and its alerts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.tables import Reminder, SubjectCopy
from services.notify.use_cases.reminders.plan import NewReminder, SubjectKey
from shared.events.envelope import EventData
from shared.events.notify import Alert, SubjectKind
from shared.log.inbox import EventMetadata
from shared.runtime.clock import local_date

Copy = TypeVar("Copy", bound=SubjectCopy)
Rules = TypeVar("Rules")


@dataclass(frozen=True, slots=True)
class EvaluationContext(Generic[Rules]):
    """The instant and the operator's settings by which reminders of a subject are planned, evaluated and rendered.

    Attributes:
        now: of the suite's clock.
        alert_hour: hour of the day in Asia/Ho_Chi_Minh at which planned reminders come due.
        stale_after: an event recorded longer ago causes no alert.
        public_url: the beginning of links, without a slash at its end.
        rules: of this subject alone.
        today: of `now`, in Asia/Ho_Chi_Minh.
    """

    now: datetime
    alert_hour: int
    stale_after: timedelta
    public_url: str
    rules: Rules
    today: date = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "today", local_date(self.now))


@dataclass(frozen=True, slots=True)
class Due(Generic[Copy]):
    """A reminder that came due, the copy of its subject, and the name of its agency."""

    reminder: Reminder
    copy: Copy
    agency: str

    @property
    def subject(self) -> SubjectKey:
        return SubjectKey(self.reminder.subject_kind, self.reminder.subject)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A due reminder evaluated against the present.

    Attributes:
        holds: whether it is raised; otherwise it is cancelled as no longer true.
        facts: the values that decided it, reported by its alert; None leaves those of the reminder.
        planned: the reminder that follows it.
    """

    holds: bool = True
    facts: dict[str, Any] | None = None
    planned: NewReminder | None = None


def _nothing(*_: object) -> tuple[()]:
    return ()


def _no_rules(_: object) -> Any:
    return None


@dataclass(frozen=True, slots=True)
class Subject(Generic[Copy, Rules]):
    """A kind of thing that agencies are reminded about.

    Attributes:
        kind: its word in tables, events and filters; the key of the alert's payload about it.
        table: our copy of it.
        key: type of its key where a request names one.
        key_description: of that parameter.
        source: the service whose log reports it.
        events: the contracts of that log which change it, by type.
        alert: the contract of its alerts.
        webhook: name of its alerts in the API's description.
        webhook_description: as a route's docstring: “Vietnamese. / English.” in one line.
        apply: changes the copy by an event, plans and ends reminders by it.
        evaluate: whether the newest due reminder of a series still holds; the others of it are superseded.
        render: the members of an alert from a due reminder and its facts, besides id, kind, agency and instant.
        passed_over: reminders after a due one that came due as well before they were planned.
        rules: the subject's rules, read from the settings.
        supersedes_retries: whether a newer alert of a series ends the retries of an older one.
        reasons: for which its reminders end, besides those of every reminder, each with its meaning.
    """

    kind: SubjectKind
    table: type[Copy]
    key: Any
    key_description: str
    source: str
    events: Mapping[str, type[EventData]]
    alert: type[Alert]
    webhook: str
    webhook_description: str
    apply: Callable[[AsyncSession, EventData, EventMetadata, EvaluationContext[Rules]], Awaitable[None]]
    evaluate: Callable[[Due[Copy], EvaluationContext[Rules]], Evaluation]
    render: Callable[[Due[Copy], Mapping[str, Any], EvaluationContext[Rules]], Mapping[str, object]]
    passed_over: Callable[[Due[Copy], EvaluationContext[Rules]], Sequence[NewReminder]] = _nothing
    rules: Callable[[Any], Rules] = _no_rules
    supersedes_retries: bool = True
    reasons: Mapping[str, str] = field(default_factory=dict)


AnySubject: TypeAlias = Subject[Any, Any]
AnyContext: TypeAlias = EvaluationContext[Any]
