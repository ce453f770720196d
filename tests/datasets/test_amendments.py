"""What was agreed of a database is changed from an instant on; the time before is judged by what was agreed then."""

import asyncio
import sys
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

from services.datasets.use_cases.amendments import NewAmendment, amend_database
from shared.errors import Versions
from shared.runtime.audit import Actor
from tests.datasets.test_locks import until_one_waits
from tests.datasets.world import START, World
from tests.support.writing import writing

DAILY = {"period_seconds": 86_400, "grace_seconds": 3_600}
QUICK = {"period_seconds": 600, "grace_seconds": 0}
HOURLY = {"period_seconds": 3_600, "grace_seconds": 600}


async def amend(
    world: World, status: int = 200, version: int | str | None = None, code: str = "DB", **values: Any
) -> Any:
    if version is None:
        [watch] = await world.rows("SELECT version FROM watches WHERE database_code = :code", code=code)
        version = watch.version
    headers = {"If-Match": f'"{version}"'} if version else {}
    answer = await world.send("PATCH", f"/databases/{code}", json=values, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def states(world: World, hours: int, known_at: str | None = None) -> list[tuple[str, float]]:
    """(state, minutes since the start) of the first hours."""
    asked = {"from": START.isoformat(), "to": (START + timedelta(hours=hours)).isoformat()}
    asked |= {"known_at": known_at} if known_at else {}
    found = await world.get("/databases/DB/intervals", params=asked)
    return [(item["state"], (_instant(item["from"]) - START).total_seconds() / 60) for item in found["items"]]


def _instant(text: str) -> Any:
    return type(START).fromisoformat(text)


async def test_name_owner_and_expectation_are_changed_told_and_audited(world: World) -> None:
    await world.register(heartbeat=None)
    amended = await amend(world, name="Cơ sở dữ liệu mới", owner_code="G16", heartbeat=HOURLY)
    assert (amended["name"], amended["owner_code"], amended["heartbeat"]) == (
        "Cơ sở dữ liệu mới",
        "G16",
        HOURLY,
    )
    [*_, (verb, version, data)] = await world.events()
    assert (verb, version, data["changed"]) == ("amended", 2, ["name", "owner_code", "heartbeat"])
    assert data["database"]["owner_code"] == "G16"
    history = (await world.get("/databases/DB/history"))["items"]
    assert [item["action"] for item in history] == ["registered", "amended"]
    answer = await world.send("GET", "/databases/DB")
    assert answer.headers["ETag"].startswith('"2')
    assert [item["code"] for item in (await world.get("/databases", params={"q": "mới"}))["items"]] == ["DB"]
    await world.beat()
    assert (await world.state())[0] == "up"


async def test_a_change_says_what_it_read(world: World) -> None:
    await world.register()
    assert (await amend(world, 428, version="", name="A"))["code"] == "if_match_required"
    assert (await amend(world, 412, version=7, name="A"))["code"] == "version_stale"
    both = await asyncio.gather(
        *(
            world.send("PATCH", "/databases/DB", json={"name": name}, headers={"If-Match": '"1"'})
            for name in "AB"
        )
    )
    assert sorted(answer.status_code for answer in both) == [200, 412]
    tag = (await world.send("GET", "/databases/DB")).headers["ETag"]
    answer = await world.send("PATCH", "/databases/DB", json={"name": "C"}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text


async def test_no_change_rests_on_what_was_read_of_the_past(world: World) -> None:
    body = {"code": "DB", "name": "Một", "kind": "national", "owner_code": "G12"}
    made = (await world.send("POST", "/databases", json=body)).headers["ETag"]
    assert made == '"1"'
    for asked in ("as_of=2026-03-09", f"known_at={quote(world.now.isoformat())}", "as_of=2026-03-10"):
        path = f"/databases/DB?{asked}"
        read = await world.send("GET", path)
        tag = read.headers["ETag"]
        refused = await world.send("PATCH", "/databases/DB", json={"name": "C"}, headers={"If-Match": tag})
        assert (refused.status_code, refused.json()["code"]) == (412, "version_stale"), asked
        for given in ('"1"', '"None"', '"moment"'):
            assert (await world.send("GET", path, headers={"If-Match": given})).status_code == 412
    answer = await world.send("PATCH", "/databases/DB", json={"name": "C"}, headers={"If-Match": made})
    assert answer.status_code == 200


async def test_a_change_sent_again_under_its_key_is_made_once(world: World) -> None:
    await world.register()
    headers = {"If-Match": '"1"', "Idempotency-Key": "k1"}
    first, again = [
        await world.send("PATCH", "/databases/DB", json={"name": "A"}, headers=headers) for _ in range(2)
    ]
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert [verb for verb, _, _ in await world.events()] == ["registered", "amended"]


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({}, 422, "change_empty"),
        ({"holds_from": "2026-03-09T00:00:00+07:00"}, 422, "change_empty"),
        ({"name": None}, 422, "change_empty"),
        ({"name": "A", "holds_from": None}, 422, "change_empty"),
        ({"name": "x" * 10_000_000}, 413, "body_too_large"),
        ({"name": "x" * 501}, 422, "request_invalid"),
        ({"name": "a\x00b"}, 422, "nul_character"),
        ({"owner_code": "G99"}, 422, "agency_unknown"),
        ({"registered_by": "x"}, 422, "request_invalid"),
        ({"kind": "sector"}, 422, "request_invalid"),
        ({"heartbeat": {"period_seconds": 1, "grace_seconds": 0}}, 422, "request_invalid"),
        ({"name": "A", "holds_from": "2026-03-10"}, 422, "request_invalid"),
        ({"name": "A", "holds_from": "2090-01-01T00:00:00Z"}, 422, "instant_in_future"),
        ({"name": "A", "holds_from": "0001-01-01T00:00:00Z"}, 422, "instant_out_of_range"),
    ],
)
async def test_what_cannot_be_agreed_is_refused(
    world: World, values: dict[str, Any], status: int, code: str
) -> None:
    await world.register()
    assert (await amend(world, status, **values))["code"] == code
    assert [verb for verb, _, _ in await world.events()] == ["registered"]


async def test_only_the_office_changes_what_was_agreed(world: World) -> None:
    await world.register()
    for agency in ("G12", "G16"):
        answer = await world.send(
            "PATCH", "/databases/DB", json={"name": "A"}, headers={"If-Match": '"1"'}, agency=agency
        )
        assert answer.status_code == 403
    assert (await amend(world, 404, version=1, code="NONE", name="A"))["code"] == "database_unknown"


async def test_rights_and_figures_follow_the_new_owner_from_the_change_on(world: World) -> None:
    await world.register()
    before = world.now.isoformat()
    world.clock.advance(days=2)
    body = world.heartbeat()
    assert (await world.send("POST", "/databases/DB/heartbeats", json=body, agency="G12")).status_code == 202
    await amend(world, owner_code="G16")
    for agency, status in (("G12", 403), ("G16", 202)):
        answer = await world.send("POST", "/databases/DB/heartbeats", json=world.heartbeat(), agency=agency)
        assert answer.status_code == status
    assert (await world.get("/databases/DB"))["owner_code"] == "G16"
    assert (await world.get("/databases/DB", params={"as_of": "2026-03-10"}))["owner_code"] == "G12"
    assert (await world.get("/databases/DB", params={"known_at": before}))["owner_code"] == "G12"


async def test_the_past_is_judged_by_what_was_agreed_then(world: World) -> None:
    await world.register()
    await world.beat()
    world.clock.advance(hours=5)
    await world.watch()
    assert (await world.state())[0] == "down"
    known_before = world.now.isoformat()
    await amend(world, heartbeat=DAILY)
    assert await world.state() == ("up", START + timedelta(hours=5))
    world.clock.advance(hours=20)
    assert await states(world, 24) == [("up", 0), ("late", 70), ("down", 180), ("up", 300)]
    assert await states(world, 4, known_before) == [("up", 0), ("late", 70), ("down", 180)]
    world.clock.advance(hours=10)  # 35 hours after the last heartbeat, 30 after the agreement
    await world.watch()
    assert await world.state() == ("late", START + timedelta(hours=30))


async def test_silence_counts_anew_from_a_shorter_agreement_and_nobody_is_late_at_once(world: World) -> None:
    await world.register(heartbeat=DAILY)
    await world.beat()
    world.clock.advance(hours=5)
    await amend(world, heartbeat=QUICK)
    assert await world.state() == ("up", START)
    world.clock.advance(minutes=11)
    await world.watch()
    assert await world.state() == ("late", START + timedelta(hours=5, minutes=10))
    await world.beat()
    assert (await world.state())[0] == "up"
    assert await states(world, 5) == [("up", 0)]


async def test_one_without_an_expectation_gets_one_and_loses_it(world: World) -> None:
    await world.register(heartbeat=None)
    await world.beat()
    world.clock.advance(hours=1)
    await amend(world, heartbeat=HOURLY)
    assert (await world.state())[0] in {"up", "unknown"}
    world.clock.advance(hours=2)
    await world.watch()
    assert await world.state() == ("late", START + timedelta(hours=1, minutes=70))
    await amend(world, heartbeat=None)
    assert await world.state() == ("unknown", START + timedelta(hours=3))
    assert await states(world, 4) == [("unknown", 0), ("up", 60), ("late", 130), ("unknown", 180)]


async def test_an_agreement_that_is_dated_back_changes_what_is_known_not_what_was(world: World) -> None:
    await world.register()
    await world.beat()
    world.clock.advance(hours=5)
    await world.watch()
    known_before = world.now.isoformat()
    world.clock.advance(seconds=1)
    await amend(world, heartbeat=DAILY, holds_from=START.isoformat())
    assert await world.state() == ("up", START)
    assert await states(world, 5) == [("up", 0)]
    assert await states(world, 5, known_before) == [("up", 0), ("late", 70), ("down", 180)]
    assert (await world.get("/databases/DB", params={"known_at": known_before}))["heartbeat"] == HOURLY


async def test_what_stands_so_already_is_no_change(world: World) -> None:
    registered = await world.register()
    await world.beat()
    events, version = await world.events(), 2
    for values in (
        {"name": registered["name"]},
        {"owner_code": "G12", "heartbeat": HOURLY},
        {"heartbeat": HOURLY, "holds_from": START.isoformat()},
    ):
        answer = await world.send("PATCH", "/databases/DB", json=values, headers={"If-Match": f'"{version}"'})
        assert (answer.status_code, answer.headers["ETag"]) == (200, f'"{version}"'), answer.text
    assert await world.events() == events
    await amend(world, name=registered["name"], owner_code="G16")
    [*_, (_, _, data)] = await world.events()
    assert data["changed"] == ["owner_code"]
    assert [row.n for row in await world.rows("SELECT count(*) AS n FROM amendments")] == [2]


async def test_a_state_that_many_agreements_did_not_change_is_dated_to_its_beginning(world: World) -> None:
    await world.register(heartbeat=DAILY)
    await world.beat()
    world.clock.advance(hours=12)
    async with writing(world.database) as session:
        await session.execute(
            text(
                """
                INSERT INTO amendments (database_code, sets_heartbeat, period_seconds, grace_seconds, holds_from,
                                        said_by, recorded_at)
                SELECT 'DB', true, 86400 - n, 3600, CAST(:start AS timestamptz) + n * interval '10 seconds', 'test', :start
                FROM generate_series(1, 300) AS n
                """
            ),
            {"start": START},
        )
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(600)  # the depth does not grow with what was agreed
    try:
        assert (await world.get("/databases/DB"))["observed"]["since"] == START.isoformat().replace(
            "+00:00", "Z"
        )
    finally:
        sys.setrecursionlimit(limit)


async def test_a_heartbeat_that_waits_for_an_agreement_is_judged_by_it(world: World) -> None:
    await world.register(heartbeat=DAILY)
    await world.beat()
    world.clock.advance(hours=1)
    async with writing(world.database) as session:
        await amend_database(
            session,
            "DB",
            NewAmendment(sets_heartbeat=True, **HOURLY),
            expected_version=Versions(frozenset({2})),
            rules=world.rules,
            actor=Actor("test"),
            at=world.now,
        )
        beat = asyncio.create_task(world.beat())
        await until_one_waits(world)
    await beat
    [watch] = await world.rows("SELECT heard_until, next_check_at FROM watches")
    assert watch.heard_until == watch.next_check_at == world.now + timedelta(minutes=70)


async def test_who_amends_a_database_reads_it_amended_while_another_change_is_under_way(world: World) -> None:
    """Figures of now are known before the oldest change under way; what an If-Match is made of is not."""
    async with world.database.change(world.clock):
        await world.register()
        shown = await world.get("/databases/DB")
        assert shown["owner_code"] == "G12"
        await amend(world, owner_code="G01")
        assert (await world.get("/databases/DB"))["owner_code"] == "G01"
