"""The loop that expires leases, cancels superseded retries and measures the backlogs, every few seconds."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from services.notify.domain.deliveries import AttemptOutcome
from services.notify.queries.deliveries import delivery_backlog
from services.notify.queries.reminders import reminder_backlog
from services.notify.use_cases.deliveries.leases import expire_leases
from services.notify.use_cases.reminders.outdated import cancel_superseded
from services.notify.use_cases.subjects import SUBJECTS
from services.notify.use_cases.subscriptions import cancel_unsubscribed
from services.notify.worker.metrics import ATTEMPTS, DELIVERIES, REMINDER_LAG, REMINDERS
from shared.runtime.clock import Clock
from shared.runtime.database import AnyRow, Database
from shared.runtime.loops import Liveness, Loop

INTERVAL_SECONDS = 5.0  # real time, as leases
_SUPERSEDING = [kind for kind, subject in SUBJECTS.items() if subject.supersedes_retries]


def upkeep_loop(database: Database, clock: Clock) -> Loop:
    async def run(liveness: Liveness) -> None:
        while True:
            async with database.change(clock) as (session, now):
                await cancel_superseded(session, _SUPERSEDING, now)
            await cancel_all_unsubscribed(database, clock)
            async with database.bookkeeping() as session:
                lost = await expire_leases(session)
            ATTEMPTS.labels(AttemptOutcome.LOST).inc(lost)
            async with database.reading() as connection:
                _measure_reminders(await reminder_backlog(connection, now), now)
                deliveries = await delivery_backlog(connection)
            for status in ("pending", "in_flight", "failed"):
                DELIVERIES.labels(status).set(getattr(deliveries, status))
            liveness.report()
            await asyncio.sleep(INTERVAL_SECONDS)

    return run


async def cancel_all_unsubscribed(database: Database, clock: Clock) -> None:
    """Transactions of a bounded number each: between two of them results of calls are recorded."""
    left = 1
    while left:
        async with database.change(clock) as (session, now):
            left = await cancel_unsubscribed(session, now)


def _measure_reminders(backlog: Sequence[AnyRow], now: datetime) -> None:
    waiting = {row.subject_kind: row for row in backlog}
    for kind in SUBJECTS:
        row = waiting.get(kind)
        REMINDERS.labels(kind, "pending").set(row.pending if row else 0)
        REMINDERS.labels(kind, "overdue").set(row.due if row else 0)
        REMINDER_LAG.labels(kind).set(max(0.0, (now - row.oldest).total_seconds()) if row else 0.0)
