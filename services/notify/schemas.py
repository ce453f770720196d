"""Request and response shapes of the notify service."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from typing_extensions import TypedDict

from services.notify.domain.deliveries import AttemptOutcome, DeliveryReason, DeliveryStatus
from services.notify.domain.reminders import REASONS, ReminderStatus
from services.notify.domain.subscriptions import SubscriptionReason, SubscriptionStatus
from services.notify.tables import Subscription
from services.notify.use_cases.subjects import SUBJECTS
from shared.events.notify import AlertAbout, AlertAgency, AlertKind, SubjectKind
from shared.http.requests import ChangeModel, Code, RequestModel
from shared.http.scalars import Boolean
from shared.runtime.database import AnyRow

Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2048)]
EVERY_KIND: tuple[AlertKind, ...] = get_args(AlertKind)
Kinds = Annotated[tuple[AlertKind, ...], Field(min_length=1, max_length=len(EVERY_KIND))]
AlertStatus = Literal["raised", "delivering", "delivered", "failed", "cancelled"]
_REASONS = {
    str(reason): meaning
    for reasons in (REASONS, *(subject.reasons for subject in SUBJECTS.values()))
    for reason, meaning in reasons.items()
}
Reason = Annotated[
    str,
    Field(
        description="; ".join(f"`{reason}`: {meaning}" for reason, meaning in _REASONS.items()),
        json_schema_extra={"enum": list(_REASONS)},
    ),
]
Cursor = Annotated[str | None, Field(description="pass it as `cursor` to read on; null at the end")]


# --- requests ---------------------------------------------------------------------------------------------------


class NewSubscription(RequestModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://tich-hop.example.gov.vn/dondoc",
                    "agency_code": "G12",
                    "include_descendants": True,
                    "event_types": ["deadline.due", "deadline.overdue"],
                }
            ]
        }
    )

    url: Url = Field(description="https address that receives the alerts")
    agency_code: Code | None = Field(
        default=None,
        description="agency whose alerts are sent; null for every agency, which needs a key bound to none",
    )
    include_descendants: Boolean = Field(
        default=False, description="also the alerts of all agencies below it"
    )
    event_types: Kinds = Field(default=EVERY_KIND)


class SubscriptionChanges(ChangeModel):
    """Members that are left out are not changed."""

    url: Url | None = None
    include_descendants: Boolean | None = None
    event_types: Kinds | None = None
    active: Boolean | None = Field(
        default=None, description="false pauses and cancels pending deliveries; true enables again"
    )


# --- responses --------------------------------------------------------------------------------------------------


class SubscriptionView(TypedDict):
    id: UUID
    url: str
    agency_code: str | None
    include_descendants: bool
    event_types: list[str]
    status: SubscriptionStatus
    status_reason: SubscriptionReason | None
    consecutive_failures: int
    version: int
    created_at: datetime
    updated_at: datetime


class CreatedSubscription(SubscriptionView):
    secret: Annotated[
        str | None,
        Field(description="key of the signatures, in the first answer only: null when it is replayed"),
    ]
    message_vi: Annotated[str | None, Field(description="why there is no secret; null in the first answer")]
    message_en: str | None


class SubscriptionPage(TypedDict):
    items: list[SubscriptionView]
    next_cursor: Cursor


class DeliveryCounts(TypedDict):
    pending: int
    delivered: int
    failed: int
    cancelled: int


class AlertView(AlertAbout):
    """Of the members for kinds of subjects (task, database …) the one that the alert is about is set, the others are null."""

    id: UUID
    status: Annotated[
        AlertStatus, Field(description="`raised`: without a delivery, since no subscription matched")
    ]
    kind: AlertKind
    agency: AlertAgency
    message_vi: str
    message_en: str
    raised_at: datetime
    delivery_counts: DeliveryCounts


class AlertPage(TypedDict):
    items: list[AlertView]
    next_cursor: Cursor


class AttemptView(TypedDict):
    number: int
    started_at: datetime
    outcome: AttemptOutcome
    status_code: int | None
    error: str | None
    excerpt: Annotated[str | None, Field(description="start of the answer's body")]
    address: Annotated[str | None, Field(description="IP address that was called")]
    duration_ms: Annotated[int | None, Field(description="milliseconds of real time")]


class DeliveryView(TypedDict):
    id: UUID
    alert_id: Annotated[UUID | None, Field(description="null for a trial message")]
    subscription_id: UUID
    url: str
    status: DeliveryStatus
    reason: DeliveryReason | None
    attempts_made: int
    next_attempt_at: Annotated[datetime | None, Field(description="null once it has ended")]
    created_at: datetime
    ended_at: datetime | None
    attempts: list[AttemptView]


class DeliveryPage(TypedDict):
    items: list[DeliveryView]
    next_cursor: Cursor


class AlertDetail(AlertView):
    deliveries: list[DeliveryView]


class ReminderView(TypedDict):
    """`dedup_key` is unique among the reminders of one kind about the subject."""

    id: UUID
    subject_kind: SubjectKind
    subject: Annotated[str, Field(description="key of the subject: an id or a code")]
    agency_code: str
    kind: AlertKind
    dedup_key: str
    due_at: datetime
    occurred_at: Annotated[
        datetime, Field(description="instant at which its fact became true; of a planned reminder, `due_at`")
    ]
    status: ReminderStatus
    reason: Reason
    changed_at: datetime
    facts: Annotated[
        dict[str, Any], Field(description="values by which it was evaluated and which its alert reports")
    ]


class ReminderPage(TypedDict):
    items: list[ReminderView]
    next_cursor: Cursor


class AcceptedDelivery(TypedDict):
    delivery_id: UUID


# --- rows to responses ------------------------------------------------------------------------------------------


def mapping(row: AnyRow) -> dict[str, Any]:
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping


def subscription_view(row: AnyRow | Subscription) -> dict[str, Any]:
    return {name: getattr(row, name) for name in SubscriptionView.__annotations__}


def alert_view(row: AnyRow) -> dict[str, Any]:
    data: Mapping[str, Any] = row.data
    return {
        "id": row.id,
        "status": row.status,
        **{name: data[name] for name in ("kind", "agency", "message_vi", "message_en")},
        **{name: data.get(name) for name in AlertAbout.__annotations__},
        "raised_at": row.raised_at,
        "delivery_counts": {status.value: getattr(row, status.value) for status in DeliveryStatus},
    }


def attempt_views(rows: Sequence[AnyRow]) -> dict[UUID, list[dict[str, Any]]]:
    """Attempts by their delivery."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        view = mapping(row)
        found.setdefault(view.pop("delivery_id"), []).append(view)
    return found


def delivery_view(row: AnyRow, attempts: Mapping[UUID, list[dict[str, Any]]]) -> dict[str, Any]:
    return mapping(row) | {
        "attempts": attempts.get(row.id, []),
        "next_attempt_at": row.next_attempt_at if row.status == DeliveryStatus.PENDING else None,
    }
