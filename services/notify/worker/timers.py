"""Raising alerts when their hour comes."""

import asyncio

from services.notify.queries.schedule import next_due_instant
from services.notify.settings import NotifySettings
from services.notify.use_cases import alerts
from services.notify.worker.metrics import ALERTS_RAISED, RAISE_LAG
from shared.clock import Clock, wait_for_wake
from shared.database import Database
from shared.loops import Loop, Pulse

POLL_SECONDS = 1.0  # the fallback for plans made by other processes


async def raise_due(database: Database, clock: Clock, settings: NotifySettings) -> int:
    """One round: raise a batch of what is due now; the number of alerts, 0 when nothing is."""
    async with database.transaction() as session:
        raised = await alerts.raise_due(
            session, now=clock.now(), hour=settings.alert_hour, public_url=settings.public_url
        )
    for alert in raised:
        ALERTS_RAISED.labels(alert.data.kind).inc()
        RAISE_LAG.observe((alert.data.raised_at - alert.due_at).total_seconds())
    return len(raised)


def timers_loop(database: Database, clock: Clock, settings: NotifySettings) -> Loop:
    """Sleeps until the next timer comes due by the suite's clock, or until something is committed."""
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
