"""When there is next something to do, and how much waits."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.runtime.database import AnyRow

_NEXT_TIMER_DUE = text("SELECT min(due_at) FROM timers WHERE status = 'pending'")
_NEXT_SIGNAL_DUE = text("SELECT min(due_at) FROM signals WHERE status = 'pending'")
_NEXT_RETRY = text(
    "SELECT min(next_attempt_at) FROM deliveries"
    " WHERE status = 'pending' AND lease_token IS NULL AND attempts > 0"
    " AND next_attempt_at > CAST(:now AS timestamptz)"
)
_BACKLOG = text(
    """
    SELECT (SELECT count(*) FROM timers WHERE status = 'pending') AS timers_pending,
           (SELECT count(*) FROM timers WHERE status = 'pending' AND due_at <= CAST(:now AS timestamptz))
               AS timers_overdue,
           (SELECT min(due_at) FROM timers WHERE status = 'pending') AS oldest_due,
           (SELECT count(*) FROM signals WHERE status = 'pending') AS signals_pending,
           (SELECT count(*) FROM signals WHERE status = 'pending' AND due_at <= CAST(:now AS timestamptz))
               AS signals_overdue,
           (SELECT min(due_at) FROM signals WHERE status = 'pending') AS oldest_signal_due,
           (SELECT count(*) FROM deliveries WHERE status = 'pending' AND lease_token IS NULL)
               AS deliveries_pending,
           (SELECT count(*) FROM deliveries WHERE lease_token IS NOT NULL) AS deliveries_in_flight,
           (SELECT count(*) FROM deliveries WHERE status = 'failed') AS deliveries_failed
    """
)


async def next_timer_due(connection: AsyncConnection) -> datetime | None:
    """When the next pending timer comes due, or came; None when none is pending."""
    due: datetime | None = (await connection.execute(_NEXT_TIMER_DUE)).scalar_one()
    return due


async def next_signal_due(connection: AsyncConnection) -> datetime | None:
    """When the next pending signal comes due, or came; None when none is pending."""
    due: datetime | None = (await connection.execute(_NEXT_SIGNAL_DUE)).scalar_one()
    return due


async def next_due_instant(connection: AsyncConnection) -> datetime | None:
    """When the next timer or signal comes due, or came."""
    found = (await next_timer_due(connection), await next_signal_due(connection))
    return min((due for due in found if due is not None), default=None)


async def next_retry_instant(connection: AsyncConnection, now: datetime) -> datetime | None:
    """When the next retry comes due after `now`; first attempts are due from the start."""
    due: datetime | None = (await connection.execute(_NEXT_RETRY, {"now": now})).scalar_one()
    return due


async def backlog(connection: AsyncConnection, now: datetime) -> AnyRow:
    """Counts of what waits, from partial indexes alone."""
    return (await connection.execute(_BACKLOG, {"now": now})).one()
