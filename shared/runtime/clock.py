"""The one place where the suite reads time.

A clock gives the instant and lets loops wait for one, so that a day can be simulated in a second. Where it is not
simulated, the database's clock dates changes and says what now is for figures, so that processes whose clocks differ
read what they have written (shared/runtime/stable_reads.py). Network time
(time-outs, leases, the signature's timestamp) is real time: a real receiver has a real clock. So are the log's own
times, by the database's clock: when an event was written, received, or set aside, and when a cursor was saved
(`written_at`, `received_at`, `moved_at`). No figure of the suite depends on these.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
LONGEST_SLEEP_SECONDS = (
    3600.0  # a wait is cut in sleeps, so that a far instant never overflows the event loop's timer
)


class Clock(Protocol):
    simulated: ClassVar[bool]

    def now(self) -> datetime:
        """The instant, in UTC."""
        ...

    async def sleep_until(self, instant: datetime) -> None:
        """Return once this clock shows `instant` or later."""
        ...


class SystemClock:
    simulated: ClassVar[bool] = False

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, instant: datetime) -> None:
        while (rest := (instant - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - time itself is what we wait for
            await asyncio.sleep(min(rest, LONGEST_SLEEP_SECONDS))


class SimulatedClock:
    """Shows `start` at the real instant `anchor` and runs `speed` times as fast as real time.

    Processes that are given the same anchor show the same time.
    """

    simulated: ClassVar[bool] = True

    def __init__(self, start: datetime, *, speed: float = 1.0, anchor: datetime | None = None) -> None:
        if speed <= 0:
            raise ValueError("speed must be positive")
        self._start = start.astimezone(UTC)
        self._speed = speed
        real_age = (datetime.now(UTC) - anchor).total_seconds() if anchor else 0.0
        self._origin = time.monotonic() - real_age

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self._speed)

    async def sleep_until(self, instant: datetime) -> None:
        while (rest := (instant - self.now()).total_seconds() / self._speed) > 0:  # noqa: ASYNC110 - time itself is what we wait for
            await asyncio.sleep(min(rest, LONGEST_SLEEP_SECONDS))


class ManualClock:
    """Changes only when it is moved: for simulating months step by step, and for tests.

    Those who sleep may do so on several event loops.
    """

    simulated: ClassVar[bool] = True

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._sleepers: set[Callable[[], object]] = set()

    def now(self) -> datetime:
        return self._now

    def move_to(self, instant: datetime) -> None:
        if instant < self._now:
            raise ValueError("time does not run backwards")
        self._now = instant.astimezone(UTC)
        for wake in tuple(self._sleepers):
            wake()

    def advance(self, **delta: float) -> None:
        """Move on by the keyword arguments of `timedelta`."""
        self.move_to(self._now + timedelta(**delta))

    async def sleep_until(self, instant: datetime) -> None:
        moved = asyncio.Event()
        wake = partial(asyncio.get_running_loop().call_soon_threadsafe, moved.set)
        self._sleepers.add(wake)
        try:
            while self._now < instant:
                await moved.wait()
                moved.clear()
        finally:
            self._sleepers.discard(wake)


def local_date(instant: datetime) -> date:
    """The working day that an instant falls on."""
    return instant.astimezone(LOCAL_ZONE).date()


def local_instant(day: date, hour: int = 0) -> datetime:
    """The instant, in UTC, of `hour` o'clock local time on that working day."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=LOCAL_ZONE).astimezone(UTC)


async def wait_for_wake(
    wake: asyncio.Event, clock: Clock, until: datetime | None, poll_seconds: float
) -> None:
    """Return when woken, when the clock shows `until`, or after `poll_seconds` of real time; clears `wake`."""
    waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(wake.wait())]
    if until is not None:
        waits.append(asyncio.ensure_future(clock.sleep_until(until)))
    try:
        await asyncio.wait(waits, timeout=poll_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    wake.clear()
