"""Three clocks that keep one promise: `sleep_until` returns once `now` shows the instant."""

import asyncio
import threading
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.runtime.clock import (
    LOCAL_ZONE,
    ManualClock,
    SimulatedClock,
    SystemClock,
    local_date,
    local_instant,
    wait_for_wake,
)
from shared.runtime.threads import run_in_thread

START = datetime(2025, 4, 10, tzinfo=LOCAL_ZONE)
DAY_PER_2_SECONDS = 43_200.0


def test_a_simulated_clock_runs_so_many_times_as_fast() -> None:
    clock = SimulatedClock(START, speed=DAY_PER_2_SECONDS)
    began, before, seen = time.monotonic(), clock.now(), time.monotonic()
    while time.monotonic() < seen + 0.01:
        pass
    passed, real_passed = clock.now() - before, time.monotonic() - began
    assert before.tzinfo is UTC
    assert (
        timedelta(seconds=0.01 * DAY_PER_2_SECONDS)
        <= passed
        <= timedelta(seconds=real_passed * DAY_PER_2_SECONDS)
    )


def test_processes_with_one_anchor_show_one_time() -> None:
    anchor = datetime.now(UTC) - timedelta(seconds=10)
    one, other = (SimulatedClock(START, speed=3600, anchor=anchor) for _ in range(2))
    difference = abs(other.now() - one.now())
    assert difference < timedelta(
        hours=1
    )  # a second of real time between the two constructors, at the very most
    assert timedelta(hours=10) <= one.now() - START < timedelta(hours=11)


def test_an_anchor_to_come_shows_the_time_before_the_start() -> None:
    clock = SimulatedClock(START, anchor=datetime.now(UTC) + timedelta(hours=1))
    assert clock.now() < START


@pytest.mark.parametrize("speed", [0, -1])
def test_time_does_not_stand_still_or_run_backwards(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        SimulatedClock(START, speed=speed)
    with pytest.raises(ValueError, match="backwards"):
        ManualClock(START).move_to(START - timedelta(seconds=1))


async def test_waiting_wakes_at_the_simulated_instant() -> None:
    clock = SimulatedClock(START, speed=DAY_PER_2_SECONDS)
    until, began = clock.now() + timedelta(hours=1), time.monotonic()
    await clock.sleep_until(until)
    assert until <= clock.now()
    assert time.monotonic() - began < 5  # an hour is 83 ms; the rest is a busy machine's


async def test_an_instant_that_has_passed_is_not_waited_for() -> None:
    """Waiting for it would last for ever, and the time-out would fail."""
    for clock in (SystemClock(), SimulatedClock(START), ManualClock(START)):
        async with asyncio.timeout(5):
            await clock.sleep_until(datetime(2000, 1, 1, tzinfo=UTC))


async def test_a_manual_clock_wakes_whoever_waits_for_the_instant_and_no_one_else() -> None:
    clock = ManualClock(START)
    woken: list[int] = []

    async def wait(hours: int) -> None:
        await clock.sleep_until(START + timedelta(hours=hours))
        woken.append(hours)

    tasks = [asyncio.create_task(wait(hours)) for hours in (3, 1, 2)]
    await asyncio.sleep(0)
    assert woken == []
    clock.advance(hours=2)
    await asyncio.gather(tasks[1], tasks[2])
    assert sorted(woken) == [1, 2]
    clock.advance(hours=1)
    await tasks[0]


class TestWaitForWake:
    @pytest.fixture
    def wake(self) -> asyncio.Event:
        return asyncio.Event()

    async def test_returns_when_woken_and_forgets_it(self, wake: asyncio.Event) -> None:
        wake.set()
        async with asyncio.timeout(5):
            await wait_for_wake(wake, ManualClock(START), None, poll_seconds=60)
        assert not wake.is_set()

    async def test_returns_at_the_instant(self, wake: asyncio.Event) -> None:
        clock = ManualClock(START)
        waiting = asyncio.create_task(wait_for_wake(wake, clock, START + timedelta(days=1), poll_seconds=60))
        await asyncio.sleep(0)
        assert not waiting.done()
        clock.advance(days=1)
        async with asyncio.timeout(5):
            await waiting

    async def test_returns_after_the_poll(self, wake: asyncio.Event) -> None:
        """Else it would wait for ever, and the time-out would fail."""
        async with asyncio.timeout(5):
            await wait_for_wake(wake, ManualClock(START), START + timedelta(days=1), poll_seconds=0.001)

    async def test_leaves_no_task_behind_when_cancelled(self, wake: asyncio.Event) -> None:
        before = asyncio.all_tasks()
        waiting = asyncio.create_task(wait_for_wake(wake, ManualClock(START), START + timedelta(1), 60))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert asyncio.all_tasks() == before


def test_a_working_day_begins_at_midnight_in_ha_noi() -> None:
    assert local_date(datetime(2025, 5, 19, 16, 59, 59, tzinfo=UTC)) == date(2025, 5, 19)
    assert local_date(datetime(2025, 5, 19, 17, tzinfo=UTC)) == date(2025, 5, 20)
    assert local_instant(date(2025, 5, 20), 8) == datetime(2025, 5, 20, 1, tzinfo=UTC)


@given(st.dates(date(1945, 9, 2), date(2200, 12, 31)), st.integers(0, 23))
def test_an_instant_falls_on_the_day_it_was_made_of(day: date, hour: int) -> None:
    assert local_date(local_instant(day, hour)) == day


async def test_a_manual_clock_wakes_sleepers_on_every_event_loop() -> None:
    clock, asleep = ManualClock(START), threading.Event()

    async def sleep() -> None:
        sleeping = asyncio.create_task(clock.sleep_until(START + timedelta(days=1)))
        await asyncio.sleep(0)
        asleep.set()
        await sleeping

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(run_in_thread(sleep, "sleeping"))
        group.create_task(clock.sleep_until(START + timedelta(days=1)))
        assert await asyncio.to_thread(asleep.wait, 20)
        clock.advance(hours=1)
        clock.advance(days=1)
