"""Queries of alerts, with the status that follows from their deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Text, bindparam, case, cast, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.domain.deliveries import DeliveryStatus
from services.notify.tables import Agency, Alert, Delivery, Reminder, Subscription
from shared.agencies import within
from shared.runtime.database import AnyRow, AnySelect

_tenant = bindparam("tenant", type_=Text)


def _count(status: DeliveryStatus) -> ColumnElement[int]:
    return func.count().filter(Delivery.status == status).label(status.value)


# Deliveries that the reader sees: those to subscriptions of the agency to which he is bound, or all.
_counts = (
    select(*(_count(status) for status in DeliveryStatus))
    .join(Subscription, Subscription.id == Delivery.subscription_id)
    .where(
        Delivery.alert_id == Alert.id,
        (Subscription.agency_code == _tenant) | _tenant.is_(None),
    )
    .lateral("counts")
)
# `raised`: an alert without a delivery.
_status = case(
    (_counts.c.pending > 0, "delivering"),
    (_counts.c.failed > 0, "failed"),
    (_counts.c.delivered > 0, "delivered"),
    (_counts.c.cancelled > 0, "cancelled"),
    else_="raised",
)
_ALERTS = select(
    Alert.id,
    Alert.raised_at,
    Alert.agency_code,
    _status.label("status"),
    *(_counts.c[status.value] for status in DeliveryStatus),
    cast(Alert.body, JSONB)["data"].label("data"),
).join(_counts, true())


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list of alerts or reminders; `tenant` is the agency to which the reader is bound.

    `subjects` are kinds of subjects, each with the key of one, or None for all of the kind.
    """

    tenant: str | None = None
    agency: str | None = None
    kind: str | None = None
    subjects: Sequence[tuple[str, str | None]] = ()
    status: str | None = None


async def list_alerts(
    connection: AsyncConnection, filters: Filters, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AnyRow]:
    """Newest first, one more than `limit` where there are more."""
    query = filtered(_ALERTS, Alert, filters)
    if filters.status is not None:
        query = query.where(_status == filters.status)
    if after is not None:
        query = query.where(tuple_(Alert.raised_at, Alert.id) < after)
    query = query.order_by(Alert.raised_at.desc(), Alert.id.desc()).limit(limit + 1)
    return (await connection.execute(query, {"tenant": filters.tenant})).all()


async def get_alert(connection: AsyncConnection, alert_id: UUID, tenant: str | None) -> AnyRow | None:
    return (await connection.execute(_ALERTS.where(Alert.id == alert_id), {"tenant": tenant})).one_or_none()


def filtered(query: AnySelect, row: type[Alert | Reminder], filters: Filters) -> AnySelect:
    """The rows that match the filters, of agencies that the reader may see."""
    if filters.tenant is not None:
        query = query.where(row.agency_code.in_(within(Agency, filters.tenant)))
    if filters.agency is not None:
        query = query.where(row.agency_code == filters.agency)
    if filters.kind is not None:
        query = query.where(row.kind == filters.kind)
    for subject_kind, subject in filters.subjects:
        query = query.where(row.subject_kind == subject_kind)
        if subject is not None:
            query = query.where(row.subject == subject)
    return query
