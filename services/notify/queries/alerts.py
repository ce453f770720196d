"""Alerts and the timers behind them, as their readers see them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, cast, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.domain.retries import DeliveryStatus
from services.notify.queries.agencies import within
from services.notify.tables import Alert, Delivery, Timer
from shared.database import AnyRow, AnySelect

Key = tuple[datetime, UUID]


def _count(status: DeliveryStatus) -> ColumnElement[int]:
    return func.count().filter(Delivery.status == status).label(status.value)


_counts = (
    select(*(_count(status) for status in DeliveryStatus))
    .where(Delivery.alert_id == Alert.id)
    .lateral("counts")
)
# `raised` stands for an alert that nobody subscribed to.
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
_TIMERS = select(
    Timer.id,
    Timer.task_id,
    Timer.agency_code,
    Timer.revision,
    Timer.due_on,
    Timer.milestone,
    Timer.due_at,
    Timer.status,
    Timer.reason,
    Timer.changed_at,
)


async def list_alerts(
    connection: AsyncConnection,
    *,
    tenant: str | None,
    agency: str | None,
    task: UUID | None,
    status: str | None,
    after: Key | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Newest first, one more than `limit` where there are more."""
    query = _for_reader(_ALERTS, Alert, tenant, agency, task)
    if status is not None:
        query = query.where(_status == status)
    if after is not None:
        query = query.where(tuple_(Alert.raised_at, Alert.id) < after)
    query = query.order_by(Alert.raised_at.desc(), Alert.id.desc()).limit(limit + 1)
    return (await connection.execute(query)).all()


async def get_alert(connection: AsyncConnection, alert_id: UUID) -> AnyRow | None:
    return (await connection.execute(_ALERTS.where(Alert.id == alert_id))).one_or_none()


async def list_timers(
    connection: AsyncConnection,
    *,
    tenant: str | None,
    agency: str | None,
    task: UUID | None,
    status: str | None,
    after: Key | None,
    limit: int,
) -> Sequence[AnyRow]:
    """In the order in which they come due, one more than `limit` where there are more."""
    query = _for_reader(_TIMERS, Timer, tenant, agency, task)
    if status is not None:
        query = query.where(Timer.status == status)
    if after is not None:
        query = query.where(tuple_(Timer.due_at, Timer.id) > after)
    return (await connection.execute(query.order_by(Timer.due_at, Timer.id).limit(limit + 1))).all()


def _for_reader(
    query: AnySelect,
    row: type[Alert | Timer],
    tenant: str | None,
    agency: str | None,
    task: UUID | None,
) -> AnySelect:
    if tenant is not None:
        query = query.where(row.agency_code.in_(within(tenant)))
    if agency is not None:
        query = query.where(row.agency_code == agency)
    if task is not None:
        query = query.where(row.task_id == task)
    return query
