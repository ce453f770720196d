"""Raising alerts when their hour comes: those of timers and those of signals, each by a loop of its own.

A fault in the one keeps nothing of the other back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.queries.schedule import next_signal_due, next_timer_due
from services.notify.settings import NotifySettings
from services.notify.use_cases import signal_alerts, timer_alerts
from services.notify.use_cases.publishing import Raised
from services.notify.use_cases.signal_deliveries import cancel_superseded
from services.notify.worker.metrics import ALERTS_RAISED, RAISE_LAG
from shared.runtime.clock import Clock, wait_for_wake
from shared.runtime.database import Database
from shared.runtime.loops import Loop, Pulse

POLL_SECONDS = 1.0  # the fallback for plans made by other processes

NextDue = Callable[[AsyncConnection], Awaitable[datetime | None]]
Raise = Callable[[Database, Clock, NotifySettings], Awaitable[int]]


def timers_loop(database: Database, clock: Clock, settings: NotifySettings) -> Loop:
    return _loop(database, clock, settings, next_timer_due, raise_timers)


def signals_loop(database: Database, clock: Clock, settings: NotifySettings) -> Loop:
    return _loop(database, clock, settings, next_signal_due, raise_signals)


async def raise_due(database: Database, clock: Clock, settings: NotifySettings) -> int:
    """One round of both: how many were settled, 0 when nothing is due."""
    of_timers = await raise_timers(database, clock, settings)
    return of_timers + await raise_signals(database, clock, settings)


async def raise_timers(database: Database, clock: Clock, settings: NotifySettings) -> int:
    """Settle a batch of the timers that are due now; how many."""
    async with database.change(clock) as (session, now):
        settled = await timer_alerts.raise_due(
            session, now=now, hour=settings.alert_hour, public_url=settings.public_url
        )
    _measure(settled)
    return len(settled)


async def raise_signals(database: Database, clock: Clock, settings: NotifySettings) -> int:
    """Settle a batch of the signals that are due now; how many.

    What they supersede is cancelled by a transaction of its own: that one must hold nothing while it waits its turn.
    """
    async with database.change(clock) as (session, now):
        settled = await signal_alerts.raise_due(
            session,
            now=now,
            hour=settings.alert_hour,
            rules=settings.signal_rules,
            public_url=settings.public_url,
        )
    if settled.raised:
        async with database.change(clock) as (session, now):
            await cancel_superseded(session, now=now)
    _measure(settled.raised)
    return settled.count


def _measure(raised: Iterable[Raised]) -> None:
    for alert in raised:
        ALERTS_RAISED.labels(alert.data.kind).inc()
        RAISE_LAG.observe((alert.data.raised_at - alert.due_at).total_seconds())


def _loop(
    database: Database, clock: Clock, settings: NotifySettings, next_due: NextDue, raise_batch: Raise
) -> Loop:
    """Sleeps until the next comes due by the suite's clock, or until something is committed."""
    wake = asyncio.Event()
    database.on_commit(wake.set)

    async def run(pulse: Pulse) -> None:
        while True:
            async with database.reading() as connection:
                due = await next_due(connection)
            if due is not None and due <= clock.now():
                if await raise_batch(database, clock, settings):
                    pulse.beat()
                    continue
                wake.clear()  # another worker holds what is due; this round's own commit is no news
            pulse.beat()
            await wait_for_wake(wake, clock, due if due and due > clock.now() else None, POLL_SECONDS)

    return run
