"""Contradictions between declarations and observations."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.datasets.domain.contradictions import (
    Contradiction,
    ContradictionKind,
    Declared,
    HeartbeatSummary,
    contradictions,
    declared_until,
    description,
)
from services.datasets.domain.declarations import DatedValue, held_since, in_force
from services.datasets.domain.spans import Span
from shared.runtime.clock import local_instant
from tests.datasets.world import HOURLY, START, World, minutes

DAY = timedelta(days=1)
ZERO = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return ZERO + number * DAY


def found(
    declared: Declared,
    heartbeats: HeartbeatSummary,
    *,
    expected: bool = True,
    uncounted: tuple[Span, ...] = (),
) -> list[Contradiction]:
    return list(
        contradictions(
            declared,
            heartbeats,
            registered_at=day(0),
            expected=expected,
            silent_after=7 * DAY,
            uncounted=uncounted,
        )
    )


JOINED = Declared(joined_since=day(-100))
SYNCHRONISED = Declared(joined_since=day(-100), synchronised_since=day(-100))
NONE = Declared(none_since=day(2))


@pytest.mark.parametrize(
    ("declared", "heartbeats", "expected"),
    [
        (Declared(), HeartbeatSummary(), []),
        (Declared(), HeartbeatSummary(last_at=day(1), record_count=5), []),
        (JOINED, HeartbeatSummary(), [("joined_but_silent", 7, 0, None)]),
        (JOINED, HeartbeatSummary(last_at=day(3)), [("joined_but_silent", 10, 3, None)]),
        (Declared(joined_since=day(20)), HeartbeatSummary(last_at=day(3)), [("joined_but_silent", 20, 3, None)]),
        (NONE, HeartbeatSummary(), []),
        (NONE, HeartbeatSummary(last_at=day(1)), []),
        (NONE, HeartbeatSummary(last_at=day(9), first_since_none=day(5)), [("none_but_sending", 5, 5, None)]),
        (SYNCHRONISED, HeartbeatSummary(last_at=day(30), last_sync_at=day(29)),
         [("joined_but_silent", 37, 30, None), ("synchronised_but_stale", 36, 29, 37)]),
        (SYNCHRONISED, HeartbeatSummary(last_at=day(30), last_sync_at=day(10)),
         [("joined_but_silent", 37, 30, None), ("synchronised_but_stale", 17, 10, 37)]),
        (SYNCHRONISED, HeartbeatSummary(last_at=day(30)),
         [("joined_but_silent", 37, 30, None), ("synchronised_but_stale", 7, 0, 37)]),
        (Declared(), HeartbeatSummary(last_at=day(3), record_count=0, zero_since=day(2), was_filled=True),
         [("count_fell_to_zero", 2, 2, None)]),
        (Declared(complete_since=day(1)), HeartbeatSummary(last_at=day(3), record_count=0, zero_since=day(2)),
         [("complete_but_empty", 2, 2, None)]),
    ],
)  # fmt: skip
def test_contradictions_by_table(
    declared: Declared, heartbeats: HeartbeatSummary, expected: list[Any]
) -> None:
    def number(instant: datetime | None) -> float | None:
        return None if instant is None else (instant - ZERO) / DAY

    got = [
        (item.kind.value, number(item.opened_at), number(item.basis), number(item.until))
        for item in found(declared, heartbeats)
    ]
    assert got == expected


def test_silence_that_nobody_expected_says_nothing() -> None:
    assert found(JOINED, HeartbeatSummary(), expected=False) == []
    assert [item.kind for item in found(JOINED, HeartbeatSummary(last_at=day(1)), expected=False)] == [
        ContradictionKind.SILENT
    ]


def test_maintenance_and_our_own_downtime_are_no_silence() -> None:
    [item] = found(
        JOINED, HeartbeatSummary(last_at=day(1)), uncounted=(Span(day(2), day(5)), Span(day(20), day(30)))
    )
    assert item.opened_at == day(11)


def test_saying_the_same_again_starts_nothing_anew() -> None:
    declared = [
        DatedValue("connected", day(0).date(), 1),
        DatedValue("synchronised", day(50).date(), 2),
        DatedValue("connected", day(60).date(), 3),
    ]
    joined = {"connected", "synchronised"}
    assert held_since(declared, joined, day(70).date()) == local_instant(day(0).date())
    assert held_since(declared, {"synchronised"}, day(55).date()) == local_instant(day(50).date())
    assert held_since(declared, {"synchronised"}, day(70).date()) is None
    assert held_since(declared, joined, day(-1).date()) is None


def test_of_two_statements_for_one_day_the_later_recorded_holds() -> None:
    declared = [DatedValue("connected", ZERO.date(), 2), DatedValue("none", ZERO.date(), 1)]
    stated = in_force(declared, ZERO.date())
    assert stated is not None
    assert stated.value == "connected"
    assert held_since(declared, {"none"}, ZERO.date()) is None


def test_words_say_how_long() -> None:
    vi, en = description(ContradictionKind.SILENT, "synchronised", day(0), day(41.5))
    assert (vi, en) == (
        "khai báo đã đồng bộ, 41 ngày không có tín hiệu",
        "declared synchronised, no heartbeat for 41 days",
    )


def test_what_was_never_synchronised_is_told_in_its_own_words() -> None:
    never = [item.never_synchronised for item in found(SYNCHRONISED, HeartbeatSummary(last_at=day(30)))]
    assert never == [False, True]
    vi, en = description(ContradictionKind.STALE_SYNC, None, day(0), day(30), never_synchronised=True)
    assert (vi, en) == (
        "khai báo đã đồng bộ, nhưng chưa đồng bộ lần nào",
        "declared synchronised, but never synchronised",
    )


@pytest.mark.parametrize(
    ("kind", "connections", "phases", "expected"),
    [
        ("none_but_sending", [("none", 0)], [], None),
        ("none_but_sending", [("none", 0), ("testing", 8)], [], 8),
        ("none_but_sending", [("none", 0), ("testing", 8), ("none", 12), ("connected", 15)], [], 8),
        ("none_but_sending", [("none", 0), ("testing", 8)], [("planned", 6)], None),  # still none by its phase
        ("none_but_sending", [("none", 0), ("testing", 8)], [("planned", 6), ("building", 9)], 9),
        ("none_but_sending", [("none", 0), ("testing", 3)], [], 5),  # declared later of a day before it opened
        ("none_but_sending", [("none", 0), ("testing", 30)], [], None),  # not yet
        ("joined_but_silent", [("connected", 0), ("synchronised", 7), ("none", 9)], [("none", 6)], 9),
        ("synchronised_but_stale", [("synchronised", 0), ("connected", 7)], [], 7),
        ("count_fell_to_zero", [("none", 0)], [("none", 7)], None),
    ],
)  # fmt: skip
def test_the_statement_that_ends_a_contradiction(
    kind: str, connections: list[tuple[str, int]], phases: list[tuple[str, int]], expected: int | None
) -> None:
    """Of one that opened on day 5, as seen on day 20; quality results are of no matter to these."""

    def dated(items: list[tuple[str, int]]) -> list[DatedValue]:
        return [DatedValue(value, day(number).date(), order) for order, (value, number) in enumerate(items)]

    for complete in ([], [("passed", 10)], [("failed", 6), ("passed", 14)]):
        got = declared_until(
            ContradictionKind(kind),
            dated(phases),
            dated(connections),
            dated(complete),
            opened_at=day(5),
            day=day(20).date(),
        )
        assert got == (None if expected is None else local_instant(day(expected).date()))


# --- recorded by the service


async def test_declared_synchronised_and_silent_for_41_days(world: World) -> None:
    await world.register()
    await world.declare(phase="operating", ndc_connection="synchronised")
    await world.beat()
    world.clock.advance(days=41)
    await world.watch()
    [item] = (await world.get("/databases/DB"))["contradictions"]
    assert item["words_en"] == "declared synchronised, no heartbeat for 41 days"
    assert item["since"] == "2026-03-17T01:00:00Z"
    [event] = [data for verb, _, data in await world.events() if verb == "contradicted"]
    assert (event["kind"], event["words_en"]) == (
        "joined_but_silent",
        "declared synchronised, no heartbeat for 7 days",
    )
    assert event["database"]["contradictions"] == [
        {"id": item["id"], "kind": "joined_but_silent", "since": "2026-03-17T01:00:00Z"}
    ]
    await world.beat()
    [closed] = [data for verb, _, data in await world.events() if verb == "reconciled"]
    assert (closed["contradiction_id"], minutes(closed["closed_at"])) == (item["id"], 41 * 24 * 60)
    assert closed["words_en"] == "declared synchronised, no heartbeat for 41 days"
    assert closed["database"]["contradictions"] == []


async def test_a_silence_for_maintenance_contradicts_nothing(world: World) -> None:
    await world.register()
    await world.declare(ndc_connection="connected")
    await world.beat()
    window = {"from": START.isoformat(), "until": (START + 5 * DAY).isoformat(), "reason": "Chuyển trung tâm"}
    await world.post("/databases/DB/maintenance", window)
    world.clock.advance(days=11)
    await world.watch()
    assert (await world.get("/contradictions"))["items"] == []
    world.clock.advance(days=1)
    await world.watch()
    [item] = (await world.get("/contradictions"))["items"]
    assert item["opened_at"] == "2026-03-22T01:00:00Z"


async def test_declared_none_and_seen_sending(world: World) -> None:
    await world.register()
    await world.declare(ndc_connection="none", effective_on="2026-03-01")
    await world.beat()
    page = await world.get("/contradictions", params={"open": True})
    assert [(item["kind"], item["words_en"]) for item in page["items"]] == [
        ("none_but_sending", "declared none, seen sending")
    ]
    world.clock.advance(days=2)
    await world.declare(ndc_connection="testing", effective_on="2026-03-12")
    [item] = (await world.get("/contradictions"))["items"]
    assert item["closed_at"] == "2026-03-11T17:00:00Z"  # the first instant of that day


async def test_what_was_said_of_other_things_ends_nothing(world: World) -> None:
    await world.register()
    await world.declare(ndc_connection="none", effective_on="2026-02-01")
    await world.beat(minutes_ago=20 * 24 * 60)
    await world.assess(as_of="2026-03-09")
    await world.declare(ndc_connection="testing", effective_on="2026-03-01")
    [item] = (await world.get("/contradictions"))["items"]
    assert (item["opened_at"], item["closed_at"]) == ("2026-02-18T01:00:00Z", "2026-02-28T17:00:00Z")


@pytest.mark.parametrize(("order", "closed"), [((10, 11), 10), ((11, 10), 11)])
async def test_a_closing_that_was_told_stays(world: World, order: tuple[int, int], closed: int) -> None:
    await world.register()
    await world.declare(ndc_connection="connected")
    await world.beat()
    world.clock.advance(days=8)
    await world.watch()
    world.clock.advance(days=4)
    for number in order:
        await world.beat(minutes_ago=(12 - number) * 24 * 60)
    [item] = (await world.get("/contradictions"))["items"]
    assert datetime.fromisoformat(item["closed_at"]) == START + closed * DAY
    assert [verb for verb, _, _ in await world.events()].count("reconciled") == 1


async def test_an_end_is_dated_by_the_first_heartbeat_that_made_it_so(world: World) -> None:
    """Two zeros were recorded; a late heartbeat shows that it was filled between them."""
    await world.register()
    await world.beat()
    for _ in range(2):
        world.clock.advance(minutes=60)
        await world.beat(count=0)
    await world.beat(minutes_ago=30)
    items = (await world.get("/contradictions", params={"kind": "count_fell_to_zero"}))["items"]
    assert [
        (minutes(item["opened_at"]), item["closed_at"] and minutes(item["closed_at"])) for item in items
    ] == [
        (120, None),
        (60, 90),
    ]


async def test_a_synchronisation_that_comes_back_ends_it_when_it_was_told(world: World) -> None:
    """Synchronisations reported before the old one do not end it."""
    await world.register()
    await world.declare(ndc_connection="synchronised", effective_on="2026-02-01")
    await world.beat()
    world.clock.advance(minutes=30)
    await world.beat(last_sync_at=(START - 20 * DAY).isoformat())
    world.clock.advance(minutes=30)
    await world.beat()
    [item] = (await world.get("/contradictions"))["items"]
    assert minutes(item["closed_at"]) == 60


async def test_declared_synchronised_yet_it_never_was(world: World) -> None:
    await world.register(heartbeat={"period_seconds": 86400, "grace_seconds": 3600})
    await world.declare(ndc_connection="synchronised", effective_on="2026-03-01")
    for _ in range(9):
        await world.beat(last_sync_at=None)
        world.clock.advance(days=1)
    await world.watch()
    [item] = (await world.get("/databases/DB"))["contradictions"]
    assert item["words_en"] == "declared synchronised, but never synchronised"
    [event] = [data for verb, _, data in await world.events() if verb == "contradicted"]
    assert event["words_vi"] == "khai báo đã đồng bộ, nhưng chưa đồng bộ lần nào"
    await world.beat(last_sync_at=(world.now - 10 * DAY).isoformat())  # before it was registered
    [item] = (await world.get("/databases/DB"))["contradictions"]
    assert item["words_en"] == "declared synchronised, last synchronised 10 days ago"
    await world.beat(minutes_ago=-1)
    world.clock.advance(minutes=1)
    await world.watch()
    closed = (await world.get("/contradictions", params={"open": False}))["items"]
    assert sorted(item["words_en"] for item in closed) == [
        "declared synchronised, but never synchronised",
        "declared synchronised, last synchronised 10 days ago",
    ]


async def test_synchronised_yet_the_data_grow_stale(world: World) -> None:
    await world.register(heartbeat={"period_seconds": 86400, "grace_seconds": 3600})
    await world.declare(ndc_connection="synchronised", effective_on="2026-03-01")
    last_sync = world.now.isoformat()
    for _ in range(9):
        await world.beat(last_sync_at=last_sync)
        world.clock.advance(days=1)
    await world.watch()
    [item] = (await world.get("/contradictions"))["items"]
    assert (item["kind"], item["opened_at"]) == ("synchronised_but_stale", "2026-03-17T01:00:00Z")
    await world.beat()
    [item] = (await world.get("/contradictions", params={"open": False}))["items"]
    assert item["closed_at"] == "2026-03-19T01:00:00Z"


async def test_a_synchronisation_that_is_told_older_than_before_is_seen_at_once(world: World) -> None:
    await world.register()
    await world.declare(ndc_connection="synchronised", effective_on="2026-02-01")
    await world.beat()
    world.clock.advance(minutes=30)
    await world.beat(last_sync_at=(START - 20 * DAY).isoformat())
    [item] = (await world.get("/contradictions"))["items"]
    assert (item["kind"], item["opened_at"]) == ("synchronised_but_stale", "2026-02-25T01:00:00Z")
    assert item["words_en"] == "declared synchronised, last synchronised 20 days ago"


async def test_a_count_that_falls_to_zero_is_kept_but_is_no_sign_of_life(world: World) -> None:
    await world.register()
    await world.beat()
    world.clock.advance(minutes=60)
    assert (await world.beat(count=0))["counted"] is True
    world.clock.advance(minutes=60)
    await world.beat(count=0)
    await world.watch()
    assert (await world.state())[0] == "late"
    [item] = (await world.get("/contradictions"))["items"]
    assert (item["kind"], minutes(item["opened_at"])) == ("count_fell_to_zero", 60)
    assert (await world.get("/databases/DB"))["observed"]["record_count"] == 0
    world.clock.advance(minutes=1)
    await world.beat()
    assert (await world.state())[0] == "up"
    [item] = (await world.get("/contradictions"))["items"]
    assert minutes(item["closed_at"]) == 121
    assert len(await world.rows("SELECT 1 FROM heartbeats")) == 4


async def test_a_database_that_was_never_filled_is_alive_with_nothing_in_it(world: World) -> None:
    await world.register()
    await world.beat(count=0)
    assert (await world.state())[0] == "up"
    assert (await world.get("/contradictions"))["items"] == []
    await world.assess(criterion="complete", passed=True)
    [item] = (await world.get("/contradictions"))["items"]
    assert item["kind"] == "complete_but_empty"
    await world.assess(criterion="complete", passed=False, as_of="2026-03-10")
    assert (await world.get("/contradictions", params={"open": True}))["items"] == []


async def test_contradictions_of_a_day_by_what_was_known(world: World) -> None:
    await world.register()
    await world.declare(ndc_connection="synchronised")
    await world.beat()
    world.clock.advance(days=10)
    await world.watch()
    known = world.now
    world.clock.advance(days=1)
    await world.beat()
    open_then = {"open": True, "as_of": "2026-03-20"}
    by_all = await world.get("/contradictions", params=open_then)
    assert [item["closed_at"] for item in by_all["items"]] == [None]
    assert (await world.get("/contradictions", params={"open": True}))["items"] == []
    by_then = await world.get("/contradictions", params={"open": True, "known_at": known.isoformat()})
    assert len(by_then["items"]) == 1
    before = await world.get("/contradictions", params={"as_of": "2026-03-16"})
    assert before["items"] == []


async def test_contradictions_are_filtered_and_read_page_by_page(world: World) -> None:
    for number in range(5):
        await world.register(f"DB{number}", owner_code="G12" if number % 2 else "G01", heartbeat=HOURLY)
        await world.declare(f"DB{number}", ndc_connection="none", effective_on="2026-03-01")
        await world.beat(f"DB{number}")
        world.clock.advance(seconds=1)
    listed: list[str] = []
    cursor: str | None = None
    while True:
        response = await world.send(
            "GET", "/contradictions", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        )
        page = response.json()
        listed += [item["database_code"] for item in page["items"]]
        cursor = page["next_cursor"]
        assert (cursor is not None) == ("link" in response.headers)
        if cursor is None:
            break
    assert listed == ["DB4", "DB3", "DB2", "DB1", "DB0"]
    for wanted, codes in (
        ({"owner": "G01"}, ["DB4", "DB2", "DB0"]),
        ({"database": "DB3"}, ["DB3"]),
        ({"kind": "joined_but_silent"}, []),
    ):
        page = await world.get("/contradictions", params=wanted)
        assert [item["database_code"] for item in page["items"]] == codes


async def test_nobody_is_told_twice(world: World) -> None:
    await world.register()
    await world.declare(ndc_connection="synchronised")
    world.clock.advance(days=30)
    for _ in range(3):
        await world.watch()
        await world.examine()
    verbs = [verb for verb, _, _ in await world.events()]
    assert verbs == ["registered", "declared", "contradicted"]
    [event] = [data for verb, _, data in await world.events() if verb == "contradicted"]
    assert event["opened_at"] == (START + 7 * DAY).isoformat().replace("+00:00", "Z")
