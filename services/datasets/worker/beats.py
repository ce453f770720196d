"""The beats that the parts of ours leave while they run; those of the intake, while this process serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from services.datasets.domain.downtime import Part
from services.datasets.settings import DatasetsSettings
from services.datasets.use_cases.downtime import beat
from shared.runtime.clock import Clock, wait_for_wake
from shared.runtime.database import Database, driver_connection
from shared.runtime.loops import Loop, Pulse

BEAT_SECONDS = 5.0  # real time, or less on a clock that runs fast
SHORTEST_SECONDS = 0.2  # real time, however fast the clock runs
CLOSE_SECONDS = 1.0
_PRESENT = {Part.INTAKE: 0x696E74616B65, Part.WATCH: 0x7761746368}  # "intake", "watch"


async def leave_beat(
    database: Database,
    clock: Clock,
    settings: DatasetsSettings,
    *,
    is_start: bool = False,
    part: Part = Part.WATCH,
) -> datetime | None:
    """Leave a beat; returns when the downtime began that it ends, if it ends one."""
    async with database.change(clock) as (session, now):
        return await beat(session, now=now, downtime=settings.downtime, is_start=is_start, part=part)


class Beats:
    """The beats of a part of ours in one process."""

    def __init__(self, database: Database, clock: Clock, settings: DatasetsSettings, part: Part) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._part = part
        # of this process; when the loop alone was restarted, the beat's real time tells what was missed
        self._is_start = True

    @asynccontextmanager
    async def present(self) -> AsyncIterator[Any]:
        """Count among the processes that run this part, by a session lock; yields the connection that holds it."""
        lock, key = await driver_connection(self._database), _PRESENT[self._part]
        try:
            is_alone = await lock.fetchval("SELECT pg_try_advisory_lock($1)", key)
            await lock.execute("SELECT pg_advisory_lock_shared($1)", key)
            if is_alone:
                await lock.execute("SELECT pg_advisory_unlock($1)", key)
            self._is_start = self._is_start and is_alone
            yield lock
        finally:
            await lock.close(timeout=CLOSE_SECONDS)

    async def leave(self) -> None:
        is_start = self._is_start
        await leave_beat(self._database, self._clock, self._settings, is_start=is_start, part=self._part)
        self._is_start = False


def intake_loop(database: Database, clock: Clock, settings: DatasetsSettings) -> Loop:
    """Tells that heartbeats are taken; often enough that the watch, which waits for it, is not held up."""
    beats = Beats(database, clock, settings, Part.INTAKE)
    never = asyncio.Event()

    async def run(pulse: Pulse) -> None:
        async with beats.present() as lock:
            while not lock.is_closed():  # without it a further process would take itself for the first
                following = clock.now() + timedelta(seconds=BEAT_SECONDS)
                await beats.leave()
                pulse.beat()
                await asyncio.sleep(SHORTEST_SECONDS)
                await wait_for_wake(never, clock, following, BEAT_SECONDS)
        raise ConnectionError("lost the lock that tells of this process")

    return run
