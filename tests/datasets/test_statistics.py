"""Figures for any day and any state of knowledge, with the codes behind them."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.datasets.domain.statistics import DatabaseFacts
from services.datasets.queries.downtime import load_downtimes
from services.datasets.queries.statistics import load_database_facts, work_out_facts
from services.datasets.use_cases.projection import Comparison, compare_watches, rebuild_watches
from services.datasets.worker import report_liveness
from shared.runtime.clock import local_date
from shared.runtime.stable_reads import AsOf
from tests.datasets.world import HOURLY, World
from tests.support.writing import writing


async def registered(world: World, kind: str, number: int, **declared: Any) -> list[str]:
    """Some databases of a kind, each with the same declaration."""
    before = len(await world.rows("SELECT 1 FROM databases"))
    codes = [f"{kind.upper()}-{before + item:03}" for item in range(number)]
    for code in codes:
        await world.register(code, kind=kind, heartbeat=None)
        if declared:
            await world.declare(code, effective_on="2026-03-09", **declared)
    return codes


def count(measure: dict[str, Any]) -> int:
    assert measure["count"] == len(measure["codes"]) == len(set(measure["codes"]))
    return int(measure["count"])


async def shape_of_10_march(world: World) -> None:
    await registered(world, "national", 3, phase="building")
    failing = await registered(world, "national", 2, phase="operating", ndc_connection="synchronised")
    await registered(world, "national", 7, phase="operating", ndc_connection="synchronised")
    for code in failing:
        await world.assess(code, criterion="accurate", passed=True)
        await world.assess(code, criterion="live", passed=False)
    await registered(world, "sector", 28, phase="operating", ndc_connection="connected")
    await registered(world, "sector", 40, phase="operating", ndc_connection="none")
    await registered(world, "sector", 30, phase="building", ndc_connection="connected")
    await registered(world, "sector", 6)
    await registered(world, "system", 7, phase="operating", ndc_connection="connected")
    await registered(world, "system", 7, phase="operating", ndc_connection="testing")
    await registered(world, "platform", 20, phase="planned")
    await registered(world, "platform", 21, phase="building")
    await registered(world, "platform", 43, phase="none")


async def test_the_shape_of_10_march_2026(world: World) -> None:
    await shape_of_10_march(world)
    found = await world.get("/statistics", params={"as_of": "2026-03-10", "group_by": "kind"})
    by_kind = {group["key"]: group for group in found["groups"]}
    national, sector = by_kind["national"], by_kind["sector"]
    assert count(national["total"]) == 12
    assert count(national["without_platform"]) == 3
    assert count(national["failing_criteria"]) == 2
    assert count(sector["total"]) == 104
    assert count(sector["incomplete_or_unconnected"]) == 76
    assert (count(by_kind["system"]["connected"]), count(by_kind["system"]["total"])) == (7, 14)
    assert (count(by_kind["platform"]["planned"]), count(by_kind["platform"]["total"])) == (41, 84)
    assert count(found["whole"]["total"]) == 214
    for group in (found["whole"], *found["groups"]):
        for split in ("by_phase", "by_ndc_connection", "by_observed"):
            assert sum(map(count, group[split].values())) == group["total"]["count"]
    assert count(sector["by_phase"]["undeclared"]) == 6
    owners = await world.get("/statistics", params={"as_of": "2026-03-10", "group_by": "owner"})
    assert [(group["key"], count(group["total"])) for group in owners["groups"]] == [("G12", 214)]


async def test_what_was_believed_stays_what_was_believed(world: World) -> None:
    [code] = await registered(world, "national", 1, phase="building")
    asked = {"as_of": "2026-03-10"}
    world.clock.advance(minutes=1)
    before = await world.get("/statistics", params=asked)
    world.clock.advance(minutes=1)
    await world.declare(code, effective_on="2026-03-10", phase="operating", ndc_connection="connected")
    await world.assess(code, passed=False)
    after = await world.get("/statistics", params=asked)
    assert count(before["whole"]["without_platform"]) == 1
    assert (count(after["whole"]["without_platform"]), count(after["whole"]["failing_criteria"])) == (0, 1)
    again = await world.get("/statistics", params=asked | {"known_at": before["known_at"]})
    assert again == before
    day_before = await world.get("/statistics", params={"as_of": "2026-03-09"})
    assert count(day_before["whole"]["without_platform"]) == 1


async def test_states_are_those_of_the_day_by_what_was_known(world: World) -> None:
    await world.register()
    await world.beat()
    world.clock.advance(minutes=30)
    up = await world.get("/statistics")
    world.clock.advance(days=1)
    down = await world.get("/statistics")
    assert count(up["whole"]["by_observed"]["up"]) == 1
    assert count(down["whole"]["by_observed"]["down"]) == 1
    world.clock.advance(minutes=1)
    await world.beat(minutes_ago=40)
    await world.beat(minutes_ago=10)
    assert count((await world.get("/statistics"))["whole"]["by_observed"]["up"]) == 1
    at_down = {"known_at": down["known_at"], "as_of": down["as_of"]}
    assert (
        count(
            (await world.get("/statistics", params={"as_of": "2026-03-10"}))["whole"]["by_observed"]["down"]
        )
        == 1
    )
    assert await world.get("/statistics", params={"known_at": up["known_at"], "as_of": up["as_of"]}) == up
    assert await world.get("/statistics", params=at_down) == down
    earlier = await world.get("/statistics", params={"known_at": (world.now - timedelta(days=2)).isoformat()})
    assert count(earlier["whole"]["total"]) == 0


async def test_of_a_criterion_the_latest_result_counts(world: World) -> None:
    await world.register()
    await world.declare(phase="operating")
    await world.assess(passed=False, as_of="2026-03-01")
    await world.assess(passed=True, as_of="2026-03-05")
    await world.assess(passed=False, as_of="2026-03-03")
    found = await world.get("/statistics")
    assert count(found["whole"]["failing_criteria"]) == 0
    found = await world.get("/statistics", params={"as_of": "2026-03-04"})
    assert count(found["whole"]["failing_criteria"]) == 0  # the declaration came later
    await world.assess(passed=False, as_of="2026-03-05")
    found = await world.get("/statistics")
    assert found["whole"]["failing_criteria"] == {"count": 1, "codes": ["DB"]}


# --- what is read from watches

STEPS = (
    "beat", "beat late", "beat empty", "pass ten minutes", "pass two hours", "pass a day", "watch", "declare operating",
    "declare none yesterday", "pass a criterion", "fail a criterion", "maintain", "expect daily", "change owner", "outage",
)  # fmt: skip


async def take(world: World, step: str, code: str) -> None:
    path, today = f"/databases/{code}", local_date(world.now)
    match step.split():
        case ["pass", *words] if words != ["a", "criterion"]:
            spans = {"minutes": timedelta(minutes=10), "hours": timedelta(hours=2), "day": timedelta(days=1)}
            world.clock.move_to(world.now + spans[words[-1]])
        case ["beat", *when]:
            await world.beat(code, 50 if when == ["late"] else 0, count=0 if when == ["empty"] else 100)
        case ["watch"]:
            await world.watch()
        case ["declare", phase, *when]:
            day = today - timedelta(days=len(when))
            connection = "connected" if phase == "operating" else "none"
            await world.declare(code, day.isoformat(), phase=phase, ndc_connection=connection)
        case [verdict, "a", "criterion"]:
            await world.assess(code, passed=verdict == "pass", as_of=today.isoformat())
        case ["maintain"]:
            window = {"from": world.now + timedelta(minutes=5), "until": world.now + timedelta(hours=1)}
            given = {name: at.isoformat() for name, at in window.items()}
            await world.post(f"{path}/maintenance", given | {"reason": "Nâng cấp"})
        case ["outage"]:
            await report_liveness(world.database, world.clock, world.settings, is_start=True)
        case [verb, *_]:
            change = (
                {"owner_code": "G16"}
                if verb == "change"
                else {"heartbeat": HOURLY | {"period_seconds": 86_400}}
            )
            [watch] = await world.rows("SELECT version FROM watches WHERE database_code = :code", code=code)
            await world.send("PATCH", path, json=change, headers={"If-Match": f'"{watch.version}"'})


async def both(world: World, *, days_ago: int = 0) -> tuple[list[DatabaseFacts], list[DatabaseFacts]]:
    """The facts as figures read them, and as the records alone say."""
    async with world.database.stable_snapshot(world.clock, None) as (connection, moment):
        asked = AsOf(local_date(moment.now) - timedelta(days=days_ago), moment.known_at)
        downtimes = await load_downtimes(connection, asked.known_at, world.settings.downtime)
        read = await load_database_facts(connection, asked, world.settings.downtime)
        return read, await work_out_facts(connection, None, asked, downtimes)


@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.booleans()), min_size=3, max_size=10))
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_watches_say_what_the_records_say(world: World, steps: list[tuple[str, bool]]) -> None:
    begin = world.now
    codes = [f"{letter}{begin.timestamp():.0f}" for letter in "AB"]
    for code in codes:
        await world.register(code)
    for step, second in steps:
        world.clock.move_to(world.now + timedelta(seconds=1))
        await take(world, step, codes[second])
        for days_ago in (0, 1):
            read, worked_out = await both(world, days_ago=days_ago)
            assert read == worked_out, (step, days_ago)
    world.clock.move_to(world.now + timedelta(minutes=1))
    await world.watch()
    answering = "SELECT count(*) FROM watches WHERE next_check_at IS NULL OR next_check_at > :now"
    assert await world.rows(answering, now=world.now) == await world.rows("SELECT count(*) FROM databases")
    read, worked_out = await both(world)
    assert read == worked_out


async def test_watches_that_differ_are_found_and_written_anew(world: World) -> None:
    await world.register()
    await world.declare(phase="operating", ndc_connection="connected")
    await world.assess(passed=False)
    before, _ = await both(world)
    assert await compare_watches(world.database) == Comparison(1, 0)
    for damage in ("phase = 'none'", "ndc_connection = NULL", "fails = false"):
        async with writing(world.database) as session:
            await session.execute(text(f"UPDATE watches SET {damage}"))  # noqa: S608 - our own words
        assert await compare_watches(world.database) == Comparison(1, 1)
        assert await rebuild_watches(world.database) == Comparison(1, 1)
        assert await compare_watches(world.database) == Comparison(1, 0)
    await world.watch()
    assert await both(world) == (before, before)
