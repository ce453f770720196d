"""Queries of reminders, of the next to come due and of the backlog."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.queries.alerts import Filters, filtered
from services.notify.tables import Reminder
from shared.runtime.database import AnyRow

_REMINDERS = select(
    Reminder.id,
    Reminder.subject_kind,
    Reminder.subject,
    Reminder.agency_code,
    Reminder.kind,
    Reminder.dedup_key,
    Reminder.due_at,
    Reminder.occurred_at,
    Reminder.status,
    Reminder.reason,
    Reminder.changed_at,
    Reminder.facts,
)
# One probe of the partial index for each kind of subject.
NEXT_DUE = text(
    """
    SELECT subject_kind, due_at
    FROM unnest(CAST(:subject_kinds AS text[])) AS kinds (subject_kind)
    CROSS JOIN LATERAL (
        SELECT due_at FROM reminders
        WHERE status = 'pending' AND reminders.subject_kind = kinds.subject_kind
        ORDER BY due_at LIMIT 1
    ) AS next
    """
)
_BACKLOG = text(
    """
    SELECT subject_kind, count(*) AS pending,
           count(*) FILTER (WHERE due_at <= CAST(:now AS timestamptz)) AS due, min(due_at) AS oldest
    FROM reminders WHERE status = 'pending' GROUP BY subject_kind
    """
)


async def list_reminders(
    connection: AsyncConnection, filters: Filters, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AnyRow]:
    """In the order in which they come due, one more than `limit` where there are more."""
    query = filtered(_REMINDERS, Reminder, filters)
    if filters.status is not None:
        query = query.where(Reminder.status == filters.status)
    if after is not None:
        query = query.where(tuple_(Reminder.due_at, Reminder.id) > after)
    return (await connection.execute(query.order_by(Reminder.due_at, Reminder.id).limit(limit + 1))).all()


async def next_due_by_kind(
    connection: AsyncConnection, subject_kinds: Collection[str]
) -> Mapping[str, datetime]:
    """The earliest `due_at` of pending reminders by kind of subject; kinds without one are left out."""
    found = await connection.execute(NEXT_DUE, {"subject_kinds": list(subject_kinds)})
    return {row.subject_kind: row.due_at for row in found}


async def reminder_backlog(connection: AsyncConnection, now: datetime) -> Sequence[AnyRow]:
    """By kind of subject: the number of pending reminders, of those due, and the earliest `due_at`."""
    return (await connection.execute(_BACKLOG, {"now": now})).all()
