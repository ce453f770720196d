"""Raising alerts when their hour comes."""

import asyncio

from services.notify.queries.schedule import next_due_instant
from services.notify.settings import NotifySettings
from services.notify.use_cases import alerts, signal_alerts
from services.notify.worker.metrics import ALERTS_RAISED, RAISE_LAG
from shared.clock import Clock, wait_for_wake
from shared.database import Database
from shared.loops import Loop, Pulse

POLL_SECONDS = 1.0  # the fallback for plans made by other processes


async def raise_due(database: Database, clock: Clock, settings: NotifySettings) -> int:
    """One round: settle a batch of the timers and of the signals that are due now; how many, 0 when nothing is.

    Each batch has its own transaction, so that a fault in the one keeps nothing of the other back.
    """
    hour, public_url = settings.alert_hour, settings.public_url
    async with database.transaction() as session:
        of_timers = await alerts.raise_due(session, now=clock.now(), hour=hour, public_url=public_url)
    async with database.transaction() as session:
        of_signals = await signal_alerts.raise_due(
            session, now=clock.now(), hour=hour, rules=settings.signal_rules, public_url=public_url
        )
    for alert in (*of_timers, *of_signals.raised):
        ALERTS_RAISED.labels(alert.data.kind).inc()
        RAISE_LAG.observe((alert.data.raised_at - alert.due_at).total_seconds())
    return len(of_timers) + of_signals.count


def timers_loop(database: Database, clock: Clock, settings: NotifySettings) -> Loop:
    """Sleeps until the next timer or signal comes due by the suite's clock, or until something is committed."""
    wake = asyncio.Event()
    database.on_commit(wake.set)

    async def run(pulse: Pulse) -> None:
        while True:
            async with database.reading() as connection:
                due = await next_due_instant(connection)
            if due is not None and due <= clock.now():
                if await raise_due(database, clock, settings):
                    pulse.beat()
                    continue
                wake.clear()  # another worker holds what is due; this round's own commit is no news
            pulse.beat()
            await wait_for_wake(wake, clock, due if due and due > clock.now() else None, POLL_SECONDS)

    return run
