"""What the notify service tells: each alert as it is raised, to the log and to webhooks alike."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.envelope import EventData, catalogue

AlertKind = Literal["deadline.reminder", "deadline.due", "deadline.overdue"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AlertTask(_Part):
    id: UUID
    title: str
    deadline_text: str
    due_on: date
    deliverable: str | None = None
    link: str


class AlertAgency(_Part):
    code: str
    name: str


class AlertRaised(EventData):
    event_type: ClassVar[str] = "vn.dondoc.notify.alert.raised.v1"

    alert_id: UUID
    kind: AlertKind
    milestone: str = Field(description="T-30, T-14, T-7, T-3, T-1, T0, T+1, T+7, then weekly T+14 ...")
    task: AlertTask
    agency: AlertAgency
    message_vi: str
    message_en: str
    raised_at: datetime

    def subject(self) -> str:
        return str(self.alert_id)


class SubscriptionTested(EventData):
    """Sent to one subscription when its owner asks for a trial; never on the log."""

    event_type: ClassVar[str] = "vn.dondoc.notify.subscription.tested.v1"

    subscription_id: UUID
    message_vi: str
    message_en: str
    sent_at: datetime

    def subject(self) -> str:
        return str(self.subscription_id)


EVENTS = catalogue(AlertRaised, SubscriptionTested)
