"""Our own downtime: the intake and the watch each report that they run, and nothing is late because one of them did not."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.datasets.domain.downtime import LONGEST_TOLERATED_SECONDS, Component, Gap, judged_until
from services.datasets.domain.observation import SHORTEST_PERIOD_SECONDS
from services.datasets.settings import DatasetsSettings
from services.datasets.use_cases.downtime import record_liveness
from services.datasets.worker import report_liveness
from services.datasets.worker.liveness import intake_loop
from shared.runtime.clock import Clock, SimulatedClock
from shared.runtime.loops import Loops
from tests.datasets.world import SETTINGS, START, World
from tests.support.bus import running, wait_for
from tests.support.writing import writing

TOLERATED = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2))

# --- the rule


@pytest.mark.parametrize(
    ("shown", "real", "is_start", "expected"),
    [
        (5, 5, False, False),  # as long as is tolerated
        (6, 6, False, True),
        (6, 0, False, False),  # the clock was moved, or runs fast
        (6, 0, True, True),  # nobody was there, whatever clock the time was shown by
        (5, 9, True, False),
        (0, 9, False, False),  # a clock that stood still: no heartbeat was due
    ],
)
def test_a_rest_is_a_downtime(shown: int, real: int, is_start: bool, expected: bool) -> None:
    gap = Gap(START, START + shown * MINUTE, real * MINUTE)
    assert gap.is_downtime(TOLERATED, is_start=is_start) is expected


@given(shown=spans, real=spans)
def test_silence_is_told_no_further_than_heartbeats_were_taken(shown: timedelta, real: timedelta) -> None:
    gap = Gap(START, START + shown, real)
    until = judged_until(gap, gap.until, TOLERATED)
    assert until == (gap.until if shown > TOLERATED < real else START)


def test_an_intake_that_never_ran_or_whose_clock_is_ahead_holds_nothing_up() -> None:
    assert judged_until(None, START, TOLERATED) == START
    assert judged_until(Gap(START + MINUTE, START, timedelta(0)), START, TOLERATED) == START


# --- recorded


async def leave(world: World, component: Component, *, is_start: bool = False) -> datetime | None:
    return await report_liveness(
        world.database, world.clock, world.settings, is_start=is_start, component=component
    )


async def did_not_run(world: World, component: Component) -> None:
    """In real time too."""
    await world.execute(
        "UPDATE liveness SET real_at = real_at - interval '1 day' WHERE component = :component",
        component=component,
    )


async def test_while_the_intake_alone_rests_things_become_unknown_never_late(world: World) -> None:
    await world.register()
    await world.beat()
    await leave(world, Component.INTAKE, is_start=True)
    await leave(world, Component.WATCH, is_start=True)
    await did_not_run(world, Component.INTAKE)
    for _ in range(10):
        world.clock.advance(hours=1)
        await leave(world, Component.WATCH)
        await world.watch()
    assert await world.transitions() == [("unknown", "up", 0), ("up", "unknown", 70)]
    assert await leave(world, Component.INTAKE, is_start=True) == START
    await world.watch()
    assert await world.state() == ("unknown", START + 70 * MINUTE)
    world.clock.advance(hours=4)
    await leave(world, Component.INTAKE)
    await world.watch()
    assert (await world.transitions())[2:] == [("unknown", "late", 670), ("late", "down", 780)]


async def test_a_rest_of_a_few_beats_makes_nothing_late_however_short_its_period(world: World) -> None:
    await world.register(heartbeat={"period_seconds": 60, "grace_seconds": 0})
    await world.beat()
    for component in Component:
        await leave(world, component, is_start=True)
    await did_not_run(world, Component.INTAKE)
    for _ in range(10):
        world.clock.advance(seconds=20)
        await leave(world, Component.WATCH)
        await world.watch()
    assert await leave(world, Component.INTAKE, is_start=True) == START
    await world.watch()
    assert await world.transitions() == [("unknown", "up", 0), ("up", "unknown", 1)]
    asked = {"from": START.isoformat(), "to": world.now.isoformat()}
    found = await world.get("/databases/DB/intervals", params=asked)
    assert [item["state"] for item in found["items"]] == ["up", "unknown"]


def test_no_rest_is_tolerated_in_which_two_heartbeats_are_lost() -> None:
    assert LONGEST_TOLERATED_SECONDS <= SHORTEST_PERIOD_SECONDS
    known = SETTINGS.model_dump()
    with pytest.raises(ValidationError, match="downtime_seconds"):
        DatasetsSettings(**known | {"downtime_seconds": LONGEST_TOLERATED_SECONDS + 1})


async def test_silence_is_not_told_before_the_intake_has_told_of_itself(world: World) -> None:
    """It may have just died: a heartbeat may have come to nobody."""
    await world.register()
    await world.beat()
    await leave(world, Component.INTAKE, is_start=True)
    world.clock.advance(minutes=75)
    await world.watch()
    assert await world.transitions() == [("unknown", "up", 0)]
    world.clock.advance(minutes=5)
    await leave(world, Component.INTAKE)
    world.clock.advance(minutes=300)
    await world.watch()
    assert await world.transitions() == [("unknown", "up", 0), ("up", "late", 70)]
    [event] = await world.rows("SELECT time FROM outbox WHERE data ->> 'after' = 'late' AND subject = 'DB'")
    assert event.time == world.now  # recorded at the examination, not when it became true


async def test_both_may_rest_from_the_same_instant(world: World) -> None:
    for component in Component:
        await leave(world, component, is_start=True)
    world.clock.advance(hours=1)
    for component in Component:
        assert await leave(world, component, is_start=True) == START
    rows = await world.rows(
        "SELECT component, started_at, ended_at, known_from FROM downtimes ORDER BY component"
    )
    downtime = (START, world.now, START + SETTINGS.downtime)
    assert [tuple(row) for row in rows] == [("intake", *downtime), ("watch", *downtime)]


async def test_a_beat_under_way_does_not_put_a_question_back(world: World) -> None:
    """Figures are asked no later than before the oldest change under way; a report of liveness is none that began years ago."""
    await world.register()
    async with writing(world.database) as session:
        await record_liveness(
            session, now=world.now, downtime=TOLERATED, is_start=True, component=Component.INTAKE
        )
        answer = await world.get("/statistics")
    assert datetime.fromisoformat(answer["known_at"]) == world.now


# --- several processes, and a clock that runs fast


def serving(world: World, clock: Clock) -> AbstractAsyncContextManager[Loops]:
    return running(intake=intake_loop(world.database, clock, world.settings))


async def beaten(world: World, clock: Clock) -> None:
    """Return when the intake has reported at this time or later."""
    now = clock.now()

    async def has_reported() -> bool:
        return bool(
            await world.rows("SELECT 1 FROM liveness WHERE component = 'intake' AND at >= :now", now=now)
        )

    await wait_for(has_reported)


async def test_any_process_that_serves_counts_also_by_a_fast_clock(world: World) -> None:
    anchor = datetime.now(UTC)

    def clock() -> SimulatedClock:
        return SimulatedClock(
            START, speed=50_000, anchor=anchor
        )  # every report lies hours after the one before

    async def downtimes() -> bool:
        return bool(await world.rows("SELECT 1 FROM downtimes WHERE component = 'intake'"))

    async with serving(world, clock()):
        await beaten(world, clock())
        async with serving(world, clock()):
            await beaten(world, clock())
        await beaten(world, clock())
        async with serving(world, clock()):
            await beaten(world, clock())
            await beaten(world, clock())
    assert not await downtimes()
    async with serving(world, clock()):  # none was there before it
        await wait_for(downtimes)


async def test_an_intake_follows_the_clock_that_the_watch_waits_by(world: World) -> None:
    async with serving(world, world.clock):
        for _ in range(3):
            await beaten(world, world.clock)
            world.clock.advance(hours=5)
        await beaten(world, world.clock)
    assert await world.rows("SELECT 1 FROM downtimes") == []
