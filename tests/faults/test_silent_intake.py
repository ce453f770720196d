"""What serves is killed with -9 while what watches goes on: no heartbeat can come in, and nobody is held late for that."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import URL, text

from services.datasets.tables import Agency
from shared.runtime.database import Database
from tests.support.deployed import admin_key, caller, know_agencies, opened
from tests.support.processes import Deployment, deployment_env, run, until

NOBODY = "127.0.0.1:9"  # where no Kafka answers: the watch needs none
# Seconds, on a clock ten times as fast: silence would be told before our rest counts as a downtime.
PERIOD, GRACE, DOWNTIME, SPEED = 40, 20, 10, 10
SERVE, WORK = ("serve", "datasets"), ("work", "datasets")


@pytest.fixture
async def deployment(postgres: URL, tmp_path: Path) -> AsyncIterator[Deployment]:
    """What serves and what works, on one clock."""
    env = deployment_env(postgres, NOBODY, "2026-03-10T08:00", "intake")
    env["DONDOC_CLOCK_ANCHOR"] = datetime.now(UTC).isoformat()
    env["DONDOC_CLOCK_SPEED"] = str(SPEED)
    env["DONDOC_DOWNTIME_SECONDS"] = str(DOWNTIME)
    await asyncio.to_thread(run, "migrate", "datasets", env=env)
    deployment = Deployment(env, tmp_path)
    try:
        await asyncio.gather(deployment.start(SERVE), deployment.start(WORK, probe="healthz"))
        yield deployment
    finally:
        deployment.end()


async def told(database: Database) -> list[tuple[str, str]]:
    """Every state that was told of the database, and the one before it."""
    statement = (
        "SELECT data ->> 'before', data ->> 'after' FROM outbox WHERE type LIKE '%.observed.v1' ORDER BY id"
    )
    async with database.reading() as connection:
        return [(before, after) for before, after in await connection.execute(text(statement))]


class Owner:
    """The system of a database's owner, which sends when it is told to."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.sent = 0

    async def post(self, path: str, body: dict[str, Any], status: int) -> None:
        answer = await self.client.post(f"/datasets/v1/databases{path}", json=body)
        assert answer.status_code == status, answer.text

    async def beat(self) -> None:
        self.sent += 1
        now = (await self.client.get("/datasets/v1/statistics")).json()["known_at"]
        body = {"observed_at": now, "record_count": 7, "last_sync_at": now, "run_id": f"run-{self.sent}"}
        await self.post("/DB/heartbeats", body, 202)


async def test_while_nobody_serves_a_database_becomes_unknown_and_never_late(deployment: Deployment) -> None:
    async with opened(deployment.env, "datasets") as database:
        await know_agencies(database, Agency, ["G12"])
        key = admin_key(deployment.env)
        async with caller(deployment.url("datasets"), key) as client:
            await _silence_and_return(deployment, database, Owner(client))
        assert (await told(database))[:3] == [("unknown", "up"), ("up", "unknown"), ("unknown", "up")]
        async with database.reading() as connection:
            rows = (
                await connection.execute(text("SELECT component, ended_at - started_at FROM downtimes"))
            ).all()
    [(component, length)] = rows
    assert component == "intake"
    assert length.total_seconds() > DOWNTIME


async def _silence_and_return(deployment: Deployment, database: Database, owner: Owner) -> None:
    async def tells(number: int) -> bool:
        return len(await told(database)) >= number

    expected = {"period_seconds": PERIOD, "grace_seconds": GRACE}
    body = {"code": "DB", "name": "Cơ sở dữ liệu", "kind": "national", "owner_code": "G12"}
    await owner.post("", body | {"heartbeat": expected}, 201)
    await owner.beat()
    deployment.processes[SERVE].kill()
    await until(lambda: tells(2))
    await deployment.start(SERVE)
    await owner.beat()
    await until(lambda: tells(3))
