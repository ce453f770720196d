"""Alerts, and the timers and signals behind them, as their readers see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, cast, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.domain.deliveries import DeliveryStatus
from services.notify.domain.signals import SubjectKind
from services.notify.tables import Agency, Alert, Delivery, Signal, Timer
from shared.agencies import within
from shared.runtime.database import AnyRow, AnySelect

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
_SIGNALS = select(*(getattr(Signal, name) for name in Signal.__table__.columns.keys()))  # noqa: SIM118 - columns iterate as columns


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose alerts, timers or signals, and about what; `tenant` is the agency to which the reader is bound."""

    tenant: str | None = None
    agency: str | None = None
    kind: str | None = None
    task: UUID | None = None
    database: str | None = None
    budget: str | None = None
    status: str | None = None


async def list_alerts(
    connection: AsyncConnection, asked: Asked, *, after: Key | None, limit: int
) -> Sequence[AnyRow]:
    """Newest first, one more than `limit` where there are more."""
    query = _for_reader(_ALERTS, Alert, asked)
    for subject_kind, subject in _subjects(asked):
        told = select(Signal.id).where(Signal.subject_kind == subject_kind, Signal.subject == subject)
        query = query.where(Alert.signal_id.in_(told))
    if asked.task is not None:
        query = query.where(Alert.task_id == asked.task)
    if asked.kind is not None:
        query = query.where(Alert.kind == asked.kind)
    if asked.status is not None:
        query = query.where(_status == asked.status)
    if after is not None:
        query = query.where(tuple_(Alert.raised_at, Alert.id) < after)
    query = query.order_by(Alert.raised_at.desc(), Alert.id.desc()).limit(limit + 1)
    return (await connection.execute(query)).all()


async def get_alert(connection: AsyncConnection, alert_id: UUID) -> AnyRow | None:
    return (await connection.execute(_ALERTS.where(Alert.id == alert_id))).one_or_none()


async def list_timers(
    connection: AsyncConnection, asked: Asked, *, after: Key | None, limit: int
) -> Sequence[AnyRow]:
    """In the order in which they come due, one more than `limit` where there are more."""
    query = _for_reader(_TIMERS, Timer, asked)
    if asked.task is not None:
        query = query.where(Timer.task_id == asked.task)
    return await _in_order(connection, query, Timer, asked, after=after, limit=limit)


async def list_signals(
    connection: AsyncConnection, asked: Asked, *, after: Key | None, limit: int
) -> Sequence[AnyRow]:
    """As `list_timers`."""
    query = _for_reader(_SIGNALS, Signal, asked)
    for subject_kind, subject in _subjects(asked):
        query = query.where(Signal.subject_kind == subject_kind, Signal.subject == subject)
    if asked.kind is not None:
        query = query.where(Signal.kind == asked.kind)
    return await _in_order(connection, query, Signal, asked, after=after, limit=limit)


async def _in_order(
    connection: AsyncConnection,
    query: AnySelect,
    row: type[Timer | Signal],
    asked: Asked,
    *,
    after: Key | None,
    limit: int,
) -> Sequence[AnyRow]:
    if asked.status is not None:
        query = query.where(row.status == asked.status)
    if after is not None:
        query = query.where(tuple_(row.due_at, row.id) > after)
    return (await connection.execute(query.order_by(row.due_at, row.id).limit(limit + 1))).all()


def _for_reader(query: AnySelect, row: type[Alert | Timer | Signal], asked: Asked) -> AnySelect:
    if asked.tenant is not None:
        query = query.where(row.agency_code.in_(within(Agency, asked.tenant)))
    if asked.agency is not None:
        query = query.where(row.agency_code == asked.agency)
    return query


def _subjects(asked: Asked) -> list[tuple[SubjectKind, str]]:
    named = [(SubjectKind.DATABASE, asked.database), (SubjectKind.BUDGET, asked.budget)]
    return [(kind, subject) for kind, subject in named if subject is not None]
