"""Events of the notify service: each alert when it is raised, the same in the log and in webhooks."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from shared.events.datasets import ContradictionKind, Kind, ObservedState
from shared.events.envelope import EventData, catalogue
from shared.events.finance import Level

DeadlineAlertKind = Literal["deadline.reminder", "deadline.due", "deadline.overdue"]
DatabaseAlertKind = Literal[
    "dataset.late",
    "dataset.down",
    "dataset.recovered",
    "dataset.contradiction.opened",
    "dataset.contradiction.closed",
]
BudgetAlertKind = Literal["budget.behind", "budget.idle", "budget.unallocated"]
AlertKind = Literal[DeadlineAlertKind, DatabaseAlertKind, BudgetAlertKind]


SubjectKind = Literal["task", "database", "budget"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AlertTask(_Part):
    id: UUID
    title: str
    deadline_text: str
    due_on: date
    deliverable: str | None = None
    link: str


class AlertDatabase(_Part):
    """`observed` is what was seen of it when this came to be, `since` when it began."""

    code: str
    name: str
    kind: Kind
    observed: ObservedState
    since: datetime
    link: str


class AlertContradiction(_Part):
    """`closed_at` is null while it is open."""

    kind: ContradictionKind
    words_vi: str
    words_en: str
    opened_at: datetime
    closed_at: datetime | None = None


class AlertBudget(_Part):
    """Money is integer đồng. `rate` is what was disbursed of what is to be spent, in percent to one place."""

    id: str = Field(description="as in the events of finance")
    year: int
    level: Level
    approved: int
    allocated: int
    unallocated: int
    disbursed: int
    to_spend: int | None = Field(
        default=None,
        description="disbursed, and what can still be: what was carried over or cancelled is not to be spent any more",
    )
    rate: float | None = Field(default=None, description="null where nothing is to be spent")
    expected: int | None = Field(
        default=None,
        description="of budget.behind: what would be disbursed on the day of raising, were what is to be spent spent "
        "evenly over the year",
    )
    link: str


class AlertAgency(_Part):
    code: str
    name: str


class AlertAbout(TypedDict):
    """The parts of alerts that say what they are about, in a list of alerts of every kind."""

    milestone: Annotated[str | None, Field(description="of a deadline; null for other alerts")]
    task: AlertTask | None
    database: AlertDatabase | None
    contradiction: AlertContradiction | None
    budget: AlertBudget | None


class Alert(EventData):
    """The members of every alert: `agency` is the one it is about."""

    alert_id: UUID
    agency: AlertAgency
    message_vi: str
    message_en: str
    raised_at: datetime

    def subject(self) -> str:
        return str(self.alert_id)

    def about_agency(self) -> str:
        return self.agency.code


class AlertRaised(Alert):
    event_type: ClassVar[str] = "vn.dondoc.notify.alert.raised.v1"

    kind: DeadlineAlertKind
    milestone: str = Field(description="T-30, T-14, T-7, T-3, T-1, T0, T+1, T+7, then weekly T+14 ...")
    task: AlertTask


class DatabaseAlerted(Alert):
    """`occurred_at` is when it became true, whenever it was noticed."""

    event_type: ClassVar[str] = "vn.dondoc.notify.database.alerted.v1"

    kind: DatabaseAlertKind
    database: AlertDatabase
    contradiction: AlertContradiction | None = None
    occurred_at: datetime


class BudgetAlerted(Alert):
    event_type: ClassVar[str] = "vn.dondoc.notify.budget.alerted.v1"

    kind: BudgetAlertKind
    budget: AlertBudget


class SubscriptionTested(EventData):
    """Sent to one subscription when its owner asks for a trial; never on the log."""

    event_type: ClassVar[str] = "vn.dondoc.notify.subscription.tested.v1"

    subscription_id: UUID
    message_vi: str
    message_en: str
    sent_at: datetime

    def subject(self) -> str:
        return str(self.subscription_id)


EVENTS = catalogue(AlertRaised, DatabaseAlerted, BudgetAlerted, SubscriptionTested)
