"""The next instants at which something is due, and the sizes of the backlogs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.runtime.database import AnyRow

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
_NEXT_RETRY = text(
    "SELECT min(next_attempt_at) FROM deliveries"
    " WHERE status = 'pending' AND lease_token IS NULL AND attempts > 0"
    " AND next_attempt_at > CAST(:now AS timestamptz)"
)
_REMINDERS = text(
    """
    SELECT subject_kind, count(*) AS pending,
           count(*) FILTER (WHERE due_at <= CAST(:now AS timestamptz)) AS due, min(due_at) AS oldest
    FROM reminders WHERE status = 'pending' GROUP BY subject_kind
    """
)
_DELIVERIES = text(
    """
    SELECT (SELECT count(*) FROM deliveries WHERE status = 'pending' AND lease_token IS NULL) AS pending,
           (SELECT count(*) FROM deliveries WHERE lease_token IS NOT NULL) AS in_flight,
           (SELECT count(*) FROM deliveries WHERE status = 'failed') AS failed
    """
)


async def next_due_by_kind(
    connection: AsyncConnection, subject_kinds: Collection[str]
) -> Mapping[str, datetime]:
    """The earliest `due_at` of pending reminders by kind of subject; kinds without one are left out."""
    found = await connection.execute(NEXT_DUE, {"subject_kinds": list(subject_kinds)})
    return {row.subject_kind: row.due_at for row in found}


async def next_retry_instant(connection: AsyncConnection, now: datetime) -> datetime | None:
    """When the next retry comes due after `now`; first attempts are due from the start."""
    due: datetime | None = (await connection.execute(_NEXT_RETRY, {"now": now})).scalar_one()
    return due


async def reminder_backlog(connection: AsyncConnection, now: datetime) -> Sequence[AnyRow]:
    """Pending reminders, those due of them and the oldest instant at which one came due, by kind of subject."""
    return (await connection.execute(_REMINDERS, {"now": now})).all()


async def delivery_backlog(connection: AsyncConnection) -> AnyRow:
    """Deliveries pending, in flight and failed, counted from partial indexes alone."""
    return (await connection.execute(_DELIVERIES)).one()
