"""The observed states of a database: recorded when they change, dated when they became true, in any order of arrival."""

import asyncio
import itertools
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.datasets.worker import report_liveness
from tests.datasets.world import START, World, minutes


async def test_a_database_that_falls_silent_is_late_then_down_then_up_again(world: World) -> None:
    await world.register()
    await world.beat()
    world.clock.advance(hours=2)
    await world.watch()
    world.clock.advance(hours=3)
    await world.watch()
    await world.beat()
    assert (await world.state())[0] == "down"
    world.clock.advance(hours=1)
    await world.beat()
    assert await world.transitions() == [
        ("unknown", "up", 0),
        ("up", "late", 70),
        ("late", "down", 180),
        ("down", "up", 360),
    ]
    events = await world.events()
    assert [version for _, version, _ in events] == [1, 2, 3, 4, 5, 6]
    assert [verb for verb, _, _ in events] == ["registered", *["observed"] * 3, "heard", "observed"]


async def test_who_looks_late_tells_every_change_with_its_own_date(world: World) -> None:
    await world.register()
    await world.beat()
    world.clock.advance(hours=30)
    await world.beat(minutes_ago=5)
    await world.beat()
    transitions = await world.transitions()
    assert transitions == [
        ("unknown", "up", 0),
        ("up", "late", 70),
        ("late", "down", 180),
        ("down", "up", 1800),
    ]


async def test_a_heartbeat_that_arrives_late_takes_back_what_was_told(world: World) -> None:
    await world.register()
    await world.beat()
    world.clock.advance(minutes=80)
    await world.watch()
    assert (await world.state())[0] == "late"
    await world.beat(minutes_ago=20)
    assert await world.state() == ("up", START)
    [*_, last] = [data for verb, _, data in await world.events() if verb == "observed"]
    assert (last["before"], last["after"], minutes(last["at"])) == ("late", "up", 0)
    found = await world.get(
        "/databases/DB/intervals", params={"from": START.isoformat(), "to": world.now.isoformat()}
    )
    assert [item["state"] for item in found["items"]] == ["up"]


async def test_the_first_count_above_zero_makes_later_zeros_no_signs_of_life(world: World) -> None:
    """Also where it arrives late, within a time that was recorded as up by those zeros."""
    await world.register()
    for minutes_ago in (180, 120, 60, 0):
        await world.beat(minutes_ago=minutes_ago, record_count=0)
    assert (await world.state())[0] == "up"
    await world.beat(minutes_ago=170, record_count=9)
    assert (await world.state())[0] == "late"


async def test_a_late_batch_in_any_order_tells_of_no_loss_without_saying_what_was_heard_since(
    world: World,
) -> None:
    """24 orders. Every event of a loss shows that the newest heartbeat known by then vouches for now."""
    batch = (600, 560, 200, 20)
    for course, order in enumerate(itertools.permutations(batch)):
        code = f"DB{course}"
        await world.register(code)
        read = 0
        for place, minutes_ago in enumerate(order):
            await world.beat(code, minutes_ago=minutes_ago)
            newest = world.now - timedelta(minutes=min(order[: place + 1]))
            events = [data for verb, _, data in await world.events(code) if verb != "registered"]
            for data in events[read:]:
                heard = datetime.fromisoformat(data["database"]["heard_until"])
                assert heard == newest + timedelta(minutes=70)
                if data.get("after") in {"late", "down"} and 20 in order[: place + 1]:
                    assert heard > world.now
            read = len(events)
        assert (await world.state(code))[0] in {"up", "down"}


async def test_most_heartbeats_cost_no_event_and_no_look_back(world: World) -> None:
    await world.register()
    await world.beat()
    for _ in range(5):
        world.clock.advance(minutes=60)
        await world.beat()
    assert len(await world.events()) == 2  # registered, up
    [watch] = await world.rows("SELECT is_steady, last_heartbeat_at, next_check_at FROM watches")
    assert watch.is_steady
    assert watch.last_heartbeat_at == world.now
    assert watch.next_check_at == world.now + timedelta(minutes=70)


async def test_a_heartbeat_out_of_order_leaves_the_last_one_standing(world: World) -> None:
    await world.register()
    synced: dict[str, Any] = {"last_sync_at": (START - timedelta(hours=1)).isoformat()}
    await world.beat(minutes_ago=30, count=1, **synced)
    await world.beat(count=3, **synced)
    await world.beat(minutes_ago=10, count=2, **synced)
    [watch] = await world.rows("SELECT record_count, last_heartbeat_at FROM watches")
    assert (watch.record_count, watch.last_heartbeat_at) == (3, world.now)


async def test_a_clock_that_runs_ahead_counts_when_its_time_has_come(world: World) -> None:
    await world.register()
    await world.beat(minutes_ago=-3)
    assert (await world.state())[0] == "unknown"
    world.clock.advance(minutes=3)
    await world.watch()
    assert await world.state() == ("up", world.now)
    await world.beat(minutes_ago=-2, count=7)
    [watch] = await world.rows("SELECT record_count FROM watches")
    assert watch.record_count == 100
    world.clock.advance(minutes=2)
    await world.watch()
    [watch] = await world.rows("SELECT record_count FROM watches")
    assert watch.record_count == 7


async def test_without_an_expectation_nothing_is_known(world: World) -> None:
    await world.register(heartbeat=None)
    await world.beat()
    world.clock.advance(days=3)
    await world.watch()
    assert await world.state() == ("unknown", START)


async def test_maintenance_shows_while_it_lasts_and_is_no_silence(world: World) -> None:
    await world.register()
    await world.beat()
    window = {
        "from": (START + timedelta(minutes=30)).isoformat(),
        "until": (START + timedelta(minutes=150)).isoformat(),
    }
    await world.post("/databases/DB/maintenance", window | {"reason": "Nâng cấp"})
    world.clock.advance(hours=4)
    await world.watch()
    assert await world.transitions() == [
        ("unknown", "up", 0),
        ("up", "maintenance", 30),
        ("maintenance", "up", 150),
        ("up", "late", 190),
    ]


async def test_maintenance_announced_afterwards_changes_what_is_known_not_what_was(world: World) -> None:
    await world.register()
    await world.beat()
    world.clock.advance(minutes=100)
    await world.watch()
    before = world.now
    world.clock.advance(minutes=1)
    window = {
        "from": (START + timedelta(minutes=30)).isoformat(),
        "until": (START + timedelta(minutes=90)).isoformat(),
    }
    await world.post("/databases/DB/maintenance", window | {"reason": "Báo muộn"})
    assert (await world.state())[0] == "up"
    asked = {"from": START.isoformat(), "to": before.isoformat(), "known_at": before.isoformat()}
    then = await world.get("/databases/DB/intervals", params=asked)
    assert [item["state"] for item in then["items"]] == ["up", "late"]
    now = await world.get("/databases/DB/intervals", params={**asked, "known_at": world.now.isoformat()})
    assert [item["state"] for item in now["items"]] == ["up", "maintenance", "up"]


async def many_beats(world: World, code: str, seconds_between: int, number: int) -> None:
    """Heartbeats of a long past, written straight into the table."""
    await world.execute(
        "INSERT INTO heartbeats (database_code, run_id, observed_at, record_count, recorded_at)"
        " SELECT :code, 'old' || n, CAST(:start AS timestamptz) + n * make_interval(secs => :between), 5, :start"
        " FROM generate_series(0, :last) n",
        code=code,
        start=START,
        between=seconds_between,
        last=number - 1,
    )


async def test_a_long_past_is_looked_back_through_to_its_beginning(world: World) -> None:
    await world.register(heartbeat={"period_seconds": 60, "grace_seconds": 0})
    await many_beats(world, "DB", 30, 12_000)
    world.clock.advance(seconds=30 * 12_000)
    await world.examine()
    assert await world.state() == ("up", START)
    asked = {"from": START.isoformat(), "to": world.now.isoformat()}
    found = await world.get("/databases/DB/intervals", params=asked)
    assert [item["state"] for item in found["items"]] == ["up"]


async def test_one_that_never_sends_in_time_is_late_again_and_again(world: World) -> None:
    await world.register(heartbeat={"period_seconds": 60, "grace_seconds": 0})
    await many_beats(world, "DB", 100, 6_000)
    world.clock.advance(seconds=100 * 6_000 - 30)
    await world.examine()
    assert await world.state() == ("late", world.now - timedelta(seconds=10))
    asked = {"from": START.isoformat(), "to": (START + timedelta(seconds=300)).isoformat()}
    found = await world.get("/databases/DB/intervals", params=asked)
    assert [item["state"] for item in found["items"]] == ["up", "late"] * 3


# --- our own downtime


async def test_our_own_downtime_makes_things_unknown_never_down(world: World) -> None:
    await world.register()
    await world.beat()
    await report_liveness(world.database, world.clock, world.settings, is_start=True)
    world.clock.advance(hours=10)
    assert await report_liveness(world.database, world.clock, world.settings, is_start=True) == START
    await world.watch()
    assert await world.transitions() == [("unknown", "up", 0), ("up", "unknown", 70)]
    world.clock.advance(hours=4)
    await world.watch()
    assert (await world.transitions())[2:] == [("unknown", "late", 670), ("late", "down", 780)]


async def test_what_was_told_of_a_downtime_is_worked_out_anew(world: World) -> None:
    """Nothing was down, so one heartbeat was enough to be up again."""
    await world.register()
    await world.beat()
    await report_liveness(world.database, world.clock, world.settings, is_start=True)
    world.clock.advance(hours=10)
    await world.beat(minutes_ago=30)
    await world.beat()
    assert await world.state() == ("up", world.now)
    await report_liveness(world.database, world.clock, world.settings, is_start=True)
    await world.watch()
    assert await world.state() == ("up", world.now - timedelta(minutes=30))


async def test_a_downtime_under_way_is_told_at_once_and_afterwards_the_same(world: World) -> None:
    """Until our watch runs again nobody has recorded the downtime, yet answers take it into account."""
    await world.register()
    await world.beat()
    await report_liveness(world.database, world.clock, world.settings)
    await world.execute("UPDATE liveness SET real_at = real_at - interval '1 hour'")
    world.clock.advance(hours=2)
    asked = {"from": START.isoformat(), "to": world.now.isoformat(), "known_at": world.now.isoformat()}
    during = await world.get("/databases/DB/intervals", params=asked)
    assert [item["state"] for item in during["items"]] == ["up", "unknown"]
    assert (await world.get("/databases/DB"))["observed"]["state"] == "unknown"
    world.clock.advance(hours=8)
    await report_liveness(world.database, world.clock, world.settings, is_start=True)
    await world.watch()
    world.clock.advance(hours=5)
    assert await world.get("/databases/DB/intervals", params=asked) == during


async def test_a_clock_that_is_moved_is_no_downtime(world: World) -> None:
    await report_liveness(world.database, world.clock, world.settings, is_start=True)
    world.clock.advance(days=40)
    assert await report_liveness(world.database, world.clock, world.settings) is None
    await world.execute("UPDATE liveness SET real_at = real_at - interval '1 hour'")
    world.clock.advance(days=1)
    assert await report_liveness(world.database, world.clock, world.settings) == START + timedelta(days=40)


async def test_a_short_rest_is_no_downtime(world: World) -> None:
    await report_liveness(world.database, world.clock, world.settings, is_start=True)
    world.clock.advance(seconds=30)
    assert await report_liveness(world.database, world.clock, world.settings, is_start=True) is None


async def test_a_heartbeat_vouches_also_while_we_did_not_watch(world: World) -> None:
    await world.register()
    await report_liveness(world.database, world.clock, world.settings, is_start=True)
    for _ in range(5):
        await world.beat()
        world.clock.advance(hours=1)
    await world.beat()
    await report_liveness(world.database, world.clock, world.settings, is_start=True)
    await world.watch()
    assert await world.state() == ("up", START)
    assert len(await world.transitions()) == 1


# --- the same whatever came first

COMPARED = (
    "observed, observed_since, next_check_at, silence_check_at, other_check_at, is_steady, checked_at, "
    "last_heartbeat_at, heard_until, last_sync_at, record_count"
)


@given(
    beats=st.lists(
        st.tuples(st.integers(0, 300), st.sampled_from([0, 5, 9])),
        min_size=1,
        max_size=9,
        unique_by=lambda item: item[0],
    ),
    data=st.data(),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_order_of_arrival_ends_in_the_same_watch(
    world: World, beats: list[tuple[int, int]], data: st.DataObject
) -> None:
    """One database sends in order as time passes, the others at the end in any order, with replays: each by itself, or all
    in one request."""
    begin = world.now
    in_order, shuffled, at_once = codes = [f"{letter}{begin.timestamp():.0f}" for letter in "ABC"]
    for code in codes:
        await world.register(code)

    def body(minute: int, count: int) -> dict[str, Any]:
        observed_at = (begin + timedelta(minutes=minute)).isoformat()
        return {
            "observed_at": observed_at,
            "record_count": count,
            "last_sync_at": observed_at,
            "run_id": f"r{minute}",
        }

    for minute, count in sorted(beats):
        world.clock.move_to(begin + timedelta(minutes=minute))
        await world.post(f"/databases/{in_order}/heartbeats", body(minute, count), 202)
    world.clock.move_to(begin + timedelta(minutes=data.draw(st.integers(300, 700))))
    late = data.draw(st.permutations([*beats, *beats[:2]]))
    for minute, count in late:
        await world.post(f"/databases/{shuffled}/heartbeats", body(minute, count), 202)
    together = [body(minute, count) | {"database_code": at_once} for minute, count in late]
    counted = await world.post("/heartbeats", {"heartbeats": together}, 202)
    assert (counted["counted"], counted["repeated"]) == (len(beats), len(late) - len(beats))
    await world.watch()
    for code in codes:
        await world.examine(code)
    statement = f"SELECT {COMPARED} FROM watches WHERE database_code = :code"  # noqa: S608 - our own words
    one, *others = [await world.rows(statement, code=code) for code in codes]
    assert others == [one, one]
    asked = {"from": begin.isoformat(), "to": world.now.isoformat()}
    one, *others = [
        (await world.get(f"/databases/{code}/intervals", params=asked))["items"] for code in codes
    ]
    assert others == [one, one]
    observed = (await world.get(f"/databases/{in_order}"))["observed"]
    states = await world.rows(
        "SELECT observed, observed_since FROM watches WHERE database_code = :code", code=in_order
    )
    assert [(observed["state"], observed["since"])] == [
        (row.observed, row.observed_since.isoformat().replace("+00:00", "Z")) for row in states
    ]
    open_kinds = [
        [row.kind for row in await world.rows(
            "SELECT kind FROM contradictions WHERE database_code = :code AND closed_at IS NULL ORDER BY kind", code=code
        )]
        for code in codes
    ]  # fmt: skip
    assert open_kinds[1:] == open_kinds[:1] * 2


async def test_many_at_once_end_where_one_after_the_other_would(world: World) -> None:
    await world.register()
    world.clock.advance(hours=3)
    bodies = [world.heartbeat(minutes_ago=minute, count=1000 - minute) for minute in range(40)]
    await asyncio.gather(
        *(world.post("/databases/DB/heartbeats", body, 202) for body in [*bodies, *bodies[:10]]),
        world.examine(),
        world.examine(),
    )
    await world.examine()
    assert await world.state() == ("up", world.now - timedelta(minutes=39))
    [watch] = await world.rows("SELECT record_count, last_heartbeat_at FROM watches")
    assert (watch.record_count, watch.last_heartbeat_at) == (1000, world.now)
    assert (await world.rows("SELECT count(*) AS number FROM heartbeats"))[0].number == 40
    assert len(await world.transitions()) == 1
