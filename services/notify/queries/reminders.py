"""Reminders as their readers see them."""

from collections.abc import Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.queries.alerts import Asked, Key, for_reader
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


async def list_reminders(
    connection: AsyncConnection, asked: Asked, *, after: Key | None, limit: int
) -> Sequence[AnyRow]:
    """In the order in which they come due, one more than `limit` where there are more."""
    query = for_reader(_REMINDERS, Reminder, asked)
    if asked.status is not None:
        query = query.where(Reminder.status == asked.status)
    if after is not None:
        query = query.where(tuple_(Reminder.due_at, Reminder.id) > after)
    return (await connection.execute(query.order_by(Reminder.due_at, Reminder.id).limit(limit + 1))).all()
