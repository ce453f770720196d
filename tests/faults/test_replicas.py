"""Two processes of a service whose machines' clocks are five seconds apart, on one database."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import URL

from tests.conftest import FAKETIME_ABSENT, skip_without
from tests.faults.tasks import new_task, post, record_basics
from tests.support.deployed import admin_key, caller
from tests.support.faketime import FaketimeAbsent, clock_off_by
from tests.support.processes import Process, deployment_env, free_port, run

ROUNDS = 3


@pytest.fixture
def env(postgres: URL) -> dict[str, str]:
    """Of a deployment whose clock is the machine's; its databases are made."""
    env = deployment_env(postgres, "127.0.0.1:9", "", "replicas")
    del env["DONDOC_CLOCK"]
    run("migrate", env=env)
    return env


@asynccontextmanager
async def serving(env: Mapping[str, str], log: Path) -> AsyncIterator[httpx2.AsyncClient]:
    port = free_port()
    process = Process("serve", "tasks", env={**env, "DONDOC_PORT": str(port)}, log=log)
    url = f"http://127.0.0.1:{port}"
    try:
        await process.answers(f"{url}/readyz")
        async with caller(url, admin_key(env)) as client:
            yield client
    finally:
        process.kill()


@pytest.fixture
async def replicas(env: dict[str, str], tmp_path: Path) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """One ahead of the database's clock, one behind it."""
    try:
        off = [clock_off_by(2.5), clock_off_by(-2.5)]
    except FaketimeAbsent as absent:
        skip_without(FAKETIME_ABSENT, absent)
    async with AsyncExitStack() as stack:
        yield await asyncio.gather(
            *(
                stack.enter_async_context(serving({**env, **each}, tmp_path / f"{number}.log"))
                for number, each in enumerate(off)
            )
        )


async def counted(replica: httpx2.AsyncClient, **known: str) -> tuple[int, int]:
    """Tasks in the list and in the statistics."""
    listed = await replica.get("/tasks/v1/tasks", params=known)
    statistics = await replica.get("/tasks/v1/statistics", params=known)
    return len(listed.json()["items"]), statistics.json()["total"]


async def test_whoever_writes_either_replica_reads_it_at_once_and_both_give_one_figure(
    replicas: list[httpx2.AsyncClient],
) -> None:
    await record_basics(replicas[0])
    known: list[tuple[Any, int]] = []
    for number, (writer, reader) in enumerate([*product(replicas, replicas)] * ROUNDS, start=1):
        task = await post(writer, "/tasks/v1/tasks", new_task(f"Đề án {number}"))
        read = await reader.get(f"/tasks/v1/tasks/{task['id']}")
        assert read.json()["title"] == task["title"]
        assert await counted(reader) == (number, number)
        known.append(((await reader.get("/tasks/v1/statistics")).json()["known_at"], number))
    for (instant, number), replica in product(known, replicas):
        assert await counted(replica, known_at=instant) == (number, number)
