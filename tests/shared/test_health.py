"""Ready means that the process does its work; what is wrong is said by name."""

import asyncio

import pytest

from shared.runtime import health
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from shared.runtime.health import Health, database_check
from shared.runtime.loops import Liveness, Loops
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.toy import running_toy


async def test_what_is_wrong_is_told_by_name(
    make_database: MakeDatabase, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT_SECONDS", 1.0)
    database = await make_database(PLATFORM)

    async def fine() -> None:
        return

    async def broken() -> str:
        return "log stands still"

    async def failing() -> str:
        raise ConnectionResetError("host=10.1.2.3 password=secret")

    async def hanging() -> str:
        await asyncio.Event().wait()
        return ""

    async def idle(_: Liveness) -> None:
        await asyncio.Event().wait()

    async def refused(_: Liveness) -> None:
        raise ConnectionRefusedError("Connect call failed ('10.1.2.3', 9092)")

    checks = {
        "fine": fine,
        "log": broken,
        "store": failing,
        "far": hanging,
    }
    loops = Loops({"timers": idle, "relay": refused})
    async with running_toy(database, clock, Health(checks, loops)) as toy, loops.running():
        await (
            toy.app.state.context.keys.revocations.current()
        )  # its first reading, of a busy server, takes longest
        while loops.liveness["relay"].failure is None:  # noqa: ASYNC110 - a failure has no event to wait for
            await asyncio.sleep(0)
        response = await toy.http.get("/readyz")
        assert (await toy.http.get("/healthz")).json() == {"status": "ok"}
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "troubles": {
            "log": "log stands still",
            "store": "ConnectionResetError",  # its words may name hosts and secrets
            "far": "no answer within 1 s",
            "timers": "not started",
            "relay": "ConnectionRefusedError",
        },
    }


async def test_ready_when_all_is_well(make_database: MakeDatabase, clock: ManualClock) -> None:
    database = await make_database(PLATFORM)
    async with running_toy(database, clock, Health({"database": database_check(database)})) as toy:
        response = await toy.http.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


async def test_a_database_that_is_away_is_a_trouble(make_database: MakeDatabase, clock: ManualClock) -> None:
    database = await make_database(PLATFORM)
    away = Database(database.url.set(host="127.0.0.1", port=1, query={}))
    assert await Health({"database": database_check(away)}).troubles() == {
        "database": "ConnectionRefusedError"
    }
