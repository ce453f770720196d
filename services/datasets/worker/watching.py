"""The watch: examines databases when their state may have changed, and reports its own liveness."""

import asyncio
import time

from sqlalchemy import func, select

from services.datasets.domain.downtime import Component
from services.datasets.settings import DatasetsSettings
from services.datasets.tables import Watch
from services.datasets.use_cases.downtime import silence_judged_until
from services.datasets.use_cases.watching import WatchRules, examine_database
from services.datasets.worker.liveness import REPORT_SECONDS, LivenessReporter
from shared.runtime.clock import Clock, wait_for_wake
from shared.runtime.database import Database
from shared.runtime.loops import Liveness, Loop

POLL_SECONDS = 1.0  # the fallback for changes made by other processes
BATCH = 50  # databases per transaction: few, so that heartbeats wait only briefly for their locks

_NEXT = select(func.min(Watch.next_check_at)).where(Watch.next_check_at.is_not(None))


def rules_of(settings: DatasetsSettings) -> WatchRules:
    return WatchRules(settings.silent_after, settings.downtime)


async def watch_due(database: Database, clock: Clock, settings: DatasetsSettings) -> int:
    """Examine a batch of due databases, as far as silence may be judged; returns their number."""
    async with database.change(clock) as (session, now):
        until = await silence_judged_until(session, now=now, downtime=settings.downtime)
        due = (
            select(Watch.database_code)
            .where(Watch.next_check_at <= until)
            .order_by(Watch.next_check_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        codes = list(await session.scalars(due))
        for code in codes:
            await examine_database(session, code, rules_of(settings), at=now, until=until)
    return len(codes)


def watch_loop(database: Database, clock: Clock, settings: DatasetsSettings) -> Loop:
    """Sleeps until the next database is to be examined, or until something is committed; reports its liveness meanwhile."""
    wake = asyncio.Event()
    database.on_commit(wake.set)
    reporter = LivenessReporter(database, clock, settings, Component.WATCH)

    async def run(liveness: Liveness) -> None:
        async with reporter.present() as lock:
            next_report = 0.0
            while not lock.is_closed():  # without the lock a further process would consider itself the first
                if time.monotonic() >= next_report:
                    await reporter.report()
                    next_report = time.monotonic() + REPORT_SECONDS
                liveness.report()
                async with database.reading() as connection:
                    due = (await connection.execute(_NEXT)).scalar_one()
                if due is not None and due <= clock.now():
                    if await watch_due(database, clock, settings):
                        continue
                    wake.clear()  # due rows are locked elsewhere or wait for the intake; our own commit does not count
                await wait_for_wake(wake, clock, due if due and due > clock.now() else None, POLL_SECONDS)
        raise ConnectionError("lost the session lock of this process")

    return run
