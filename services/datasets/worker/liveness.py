"""Reports of liveness: the watch reports while it runs, the intake while this process serves HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from services.datasets.domain.downtime import Component
from services.datasets.settings import DatasetsSettings
from services.datasets.use_cases.downtime import record_liveness
from shared.runtime.clock import Clock, wait_for_wake
from shared.runtime.database import Database, driver_connection
from shared.runtime.loops import Liveness, Loop

REPORT_SECONDS = 5.0  # real time, or less on a clock that runs fast
SHORTEST_SECONDS = 0.2  # real time, however fast the clock runs
CLOSE_SECONDS = 1.0
_PRESENT = {Component.INTAKE: 0x696E74616B65, Component.WATCH: 0x7761746368}  # "intake", "watch"


async def report_liveness(
    database: Database,
    clock: Clock,
    settings: DatasetsSettings,
    *,
    is_start: bool = False,
    component: Component = Component.WATCH,
) -> datetime | None:
    """Record that a component runs; returns the start of the downtime that this ends, or None."""
    async with database.change(clock) as (session, now):
        return await record_liveness(
            session, now=now, downtime=settings.downtime, is_start=is_start, component=component
        )


class LivenessReporter:
    """Reports that a component runs in this process."""

    def __init__(
        self, database: Database, clock: Clock, settings: DatasetsSettings, component: Component
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._component = component
        # of this process; where the loop alone was restarted, the report's real time shows the gap
        self._is_start = True

    @asynccontextmanager
    async def present(self) -> AsyncIterator[Any]:
        """Hold a shared session lock as one of the processes that run this component; yields its connection."""
        lock, key = await driver_connection(self._database), _PRESENT[self._component]
        try:
            is_alone = await lock.fetchval("SELECT pg_try_advisory_lock($1)", key)
            await lock.execute("SELECT pg_advisory_lock_shared($1)", key)
            if is_alone:
                await lock.execute("SELECT pg_advisory_unlock($1)", key)
            self._is_start = self._is_start and is_alone
            yield lock
        finally:
            await lock.close(timeout=CLOSE_SECONDS)

    async def report(self) -> None:
        is_start = self._is_start
        await report_liveness(
            self._database, self._clock, self._settings, is_start=is_start, component=self._component
        )
        self._is_start = False


def intake_loop(database: Database, clock: Clock, settings: DatasetsSettings) -> Loop:
    """Reports that the intake runs, often enough that the watch, which waits for it, is not delayed."""
    reporter = LivenessReporter(database, clock, settings, Component.INTAKE)
    never = asyncio.Event()

    async def run(liveness: Liveness) -> None:
        async with reporter.present() as lock:
            while not lock.is_closed():  # without the lock a further process would consider itself the first
                following = clock.now() + timedelta(seconds=REPORT_SECONDS)
                await reporter.report()
                liveness.report()
                await asyncio.sleep(SHORTEST_SECONDS)
                await wait_for_wake(never, clock, following, REPORT_SECONDS)
        raise ConnectionError("lost the session lock of this process")

    return run
