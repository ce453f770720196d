"""Heartbeats: many in one request, each with its outcome; many requests in one transaction, each with its answer."""

import asyncio
from datetime import timedelta
from typing import Any

from services.datasets.schemas.heartbeats import MOST_HEARTBEATS
from tests.datasets.world import READ, REPORT, World

REPORTER = frozenset({READ, REPORT})


async def report(world: World, *sent: dict[str, Any], **request: Any) -> list[tuple[str, str | None]]:
    """(outcome, code of the problem) of each."""
    answer = await world.post("/heartbeats", {"heartbeats": sent}, 202, **request)
    outcomes = [(row["outcome"], row["problem"] and row["problem"]["code"]) for row in answer["heartbeats"]]
    assert [answer[word] for word in ("counted", "repeated", "refused")] == [
        [outcome for outcome, _ in outcomes].count(word) for word in ("counted", "repeated", "refused")
    ]
    return outcomes


def of(world: World, code: str, minutes_ago: float = 0, **changes: Any) -> dict[str, Any]:
    return {"database_code": code, **world.heartbeat(minutes_ago), **changes}


async def steady(world: World, *codes: str) -> None:
    """Registers databases that are up, so that a further heartbeat changes no state."""
    for code in codes:
        await world.register(code)
        await world.declare(code, phase="operating", ndc_connection="synchronised")
        await world.beat(code, 2)
        await world.beat(code, 1)


async def transactions(world: World) -> int:
    [row] = await world.rows("SELECT count(DISTINCT xmin::text) AS number FROM heartbeats WHERE note = 'x'")
    return int(row.number)


# --- many in one request


async def test_each_heartbeat_of_a_request_has_its_outcome(world: World) -> None:
    await steady(world, "UP")
    await world.register("NEW")
    await world.register("HEALTH", owner_code="G16")
    first = of(world, "UP", 0.5)
    future = of(world, "UP", -60)
    sent = (first, of(world, "NEW"), of(world, "NONE"), of(world, "HEALTH"), future, first,
            first | {"record_count": 7}, of(world, "UP"))  # fmt: skip
    assert await report(world, *sent, scopes=REPORTER, agency="G12") == [
        ("counted", None), ("counted", None), ("refused", "database_unknown"), ("refused", "other_owner"),
        ("refused", "instant_in_future"), ("repeated", None), ("refused", "run_id_taken"), ("counted", None),
    ]  # fmt: skip
    assert {code: (await world.state(code))[0] for code in ("UP", "NEW", "HEALTH")} == {
        "UP": "up", "NEW": "up", "HEALTH": "unknown",
    }  # fmt: skip
    assert await report(world, first, sent[-1]) == [("repeated", None)] * 2


async def test_a_backlog_of_a_database_that_is_up_only_moves_its_watch(world: World) -> None:
    await steady(world, "A", "B")
    before = await world.events("A")
    world.clock.advance(minutes=40)
    backlog = [
        of(world, code, minute, record_count=minute + 1) for minute in (9, 3, 30) for code in ("B", "A")
    ]
    assert await report(world, *backlog) == [("counted", None)] * 6
    for code in ("A", "B"):
        [watch] = await world.rows("SELECT * FROM watches WHERE database_code = :code", code=code)
        assert (watch.observed, watch.record_count) == ("up", 4)
        assert watch.last_heartbeat_at == watch.last_sync_at == world.now - timedelta(minutes=3)
        assert watch.next_check_at == watch.heard_until == watch.last_heartbeat_at + timedelta(seconds=4200)
    assert await world.events("A") == before


async def test_a_request_for_databases_of_others_alone_is_refused(world: World) -> None:
    await world.register("HEALTH", owner_code="G16")
    body = {"heartbeats": [of(world, "HEALTH")]}
    caller = {"scopes": REPORTER, "agency": "G12"}
    assert await world.refused("/heartbeats", body, 403, **caller) == "other_owner"
    assert await world.rows("SELECT 1 FROM heartbeats") == []


async def test_the_number_of_heartbeats_in_a_request_is_bounded(world: World) -> None:
    for many in ([], [of(world, "DB")] * (MOST_HEARTBEATS + 1)):
        assert await world.refused("/heartbeats", {"heartbeats": many}) == "heartbeats"


# --- many requests in one transaction


async def test_requests_that_come_together_commit_together(world: World) -> None:
    """The first is committed alone; those that come meanwhile form a group. What changes a state has its own transaction."""
    codes = [f"DB{number}" for number in range(6)]
    await steady(world, *codes)
    await world.register("NEW")
    path, body = "/databases/{}/heartbeats", {"note": "x"}
    sent = [world.post(path.format(code), world.heartbeat() | body, 202) for code in codes]
    new = world.post(path.format("NEW"), world.heartbeat(), 202)
    unknown = world.refused(path.format("NONE"), world.heartbeat(), 404)
    *answers, created, refused = await asyncio.gather(*sent, new, unknown)
    assert [answer["counted"] for answer in answers] == [True] * 6
    assert (created["counted"], refused) == (True, "database_unknown")
    assert await transactions(world) < 6
    assert await world.state("NEW") == ("up", world.now)


async def test_a_group_asks_for_whom_each_key_acts(world: World) -> None:
    await steady(world, "A", "B")
    await world.register("TAX", owner_code="G12.1")
    await world.declare("TAX", phase="operating", ndc_connection="synchronised")
    for minute in (2, 1):
        await world.beat("TAX", minute)
    path = "/databases/{}/heartbeats"
    keys = {"A": "G12", "B": "G16", "TAX": "G12"}
    statuses = await asyncio.gather(
        *(
            world.send("POST", path.format(code), json=world.heartbeat(), scopes=REPORTER, agency=agency)
            for code, agency in keys.items()
        )
    )
    assert [answer.status_code for answer in statuses] == [202, 403, 202]
    assert [row.database_code for row in await world.rows(
        "SELECT database_code FROM heartbeats WHERE observed_at = :now ORDER BY 1", now=world.now
    )] == ["A", "TAX"]  # fmt: skip


async def test_a_key_of_idempotency_holds_for_a_heartbeat_too(world: World) -> None:
    await steady(world, "A")
    key, body = {"Idempotency-Key": "one"}, world.heartbeat()
    first = await world.post("/databases/A/heartbeats", body, 202, headers=key)
    assert first["counted"] is True
    assert await world.post("/databases/A/heartbeats", body, 202, headers=key) == first
    other = world.heartbeat()
    assert await world.refused("/databases/A/heartbeats", other, 422, headers=key) == "idempotency_key_reused"
