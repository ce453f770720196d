"""Figures for any day and any state of knowledge, with the codes behind them."""

from datetime import timedelta
from typing import Any

from tests.datasets.world import World


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
