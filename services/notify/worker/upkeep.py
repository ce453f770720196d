"""Every few seconds: leases that ran out end, as do retries of what is superseded; and what waits is counted."""

import asyncio
from datetime import datetime

from services.notify.domain.deliveries import AttemptOutcome
from services.notify.queries.schedule import backlog
from services.notify.use_cases.deliveries.leases import expire_leases
from services.notify.use_cases.signal_deliveries import cancel_superseded
from services.notify.use_cases.subscriptions import cancel_unsubscribed
from services.notify.worker.metrics import ATTEMPTS, DELIVERIES, SIGNAL_LAG, SIGNALS, TIMER_LAG, TIMERS
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.loops import Loop, Pulse

INTERVAL_SECONDS = 5.0  # real time: leases and operators live in it


def upkeep_loop(database: Database, clock: Clock) -> Loop:
    async def run(pulse: Pulse) -> None:
        while True:
            async with database.change(clock) as (session, now):
                await cancel_superseded(session, now=now)
                await cancel_unsubscribed(session, now=now)
            async with database.reading() as connection:
                ATTEMPTS.labels(AttemptOutcome.LOST).inc(await expire_leases(connection))
                waiting = await backlog(connection, now)
            TIMERS.labels("pending").set(waiting.timers_pending)
            TIMERS.labels("overdue").set(waiting.timers_overdue)
            TIMER_LAG.set(_lag(waiting.oldest_due, now))
            SIGNALS.labels("pending").set(waiting.signals_pending)
            SIGNALS.labels("overdue").set(waiting.signals_overdue)
            SIGNAL_LAG.set(_lag(waiting.oldest_signal_due, now))
            DELIVERIES.labels("pending").set(waiting.deliveries_pending)
            DELIVERIES.labels("in_flight").set(waiting.deliveries_in_flight)
            DELIVERIES.labels("failed").set(waiting.deliveries_failed)
            pulse.beat()
            await asyncio.sleep(INTERVAL_SECONDS)

    return run


def _lag(due: datetime | None, now: datetime) -> float:
    return max(0.0, (now - due).total_seconds()) if due else 0.0
