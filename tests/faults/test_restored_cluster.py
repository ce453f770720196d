"""A deployment moved into another PostgreSQL cluster by a dump, before and after `dondoc restore`."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import URL

from shared.runtime.embedded_postgres import EmbeddedPostgres
from tests.faults.tasks import assign, items, planned_once, record_basics
from tests.support.deployed import admin_key, caller
from tests.support.postgres import dump_and_restore, own_postgres
from tests.support.processes import Deployment, deployment_env, run
from tests.support.writing import run_alone

pytestmark = pytest.mark.kafka

NEEDED = (("serve", "tasks"), ("work", "tasks"), ("serve", "notify"), ("work", "notify"))
# so that the former cluster's transaction ids lie far ahead of the new one's
MANY_TRANSACTIONS = (
    "DO $$ BEGIN FOR i IN 1..20000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
)


@pytest.fixture
def former() -> Iterator[EmbeddedPostgres]:
    with own_postgres() as owned:
        yield owned


@pytest.fixture
def new() -> Iterator[EmbeddedPostgres]:
    with own_postgres() as owned:
        yield owned


@asynccontextmanager
async def running(env: dict[str, str], folder: Path, probe: str) -> AsyncIterator[Deployment]:
    deployment = Deployment(env, folder)
    try:
        await asyncio.gather(*(deployment.start(name, probe=probe) for name in NEEDED))
        yield deployment
    except BaseException as error:
        error.add_note(deployment.printed())
        raise
    finally:
        deployment.end()


async def feed(tasks: httpx2.AsyncClient, **after: str) -> httpx2.Response:
    return await tasks.get("/tasks/v1/changes", params={"limit": 200, **after})


async def unready(deployment: Deployment) -> set[tuple[int, bool]]:
    """Status of each process's /readyz, and whether it names the log."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        answers = [await client.get(f"{deployment.url(service, kind)}/readyz") for kind, service in NEEDED]
    return {(answer.status_code, "restore" in answer.text) for answer in answers}


async def before_the_move(env: dict[str, str], folder: Path, postgres: URL) -> tuple[list[str], str]:
    """Ids of tasks that notify knows, and a cursor of the feed behind them."""
    await run_alone(postgres.set(database="postgres"), MANY_TRANSACTIONS)
    await asyncio.to_thread(run, "migrate", env=env)
    await asyncio.to_thread(run, "topics", env=env)
    async with (
        running(env, folder, "readyz") as deployment,
        caller(deployment.url("tasks"), admin_key(env)) as tasks,
        caller(deployment.url("notify"), admin_key(env)) as notify,
    ):
        await record_basics(tasks)
        assigned = await assign(tasks, 3)
        await planned_once(notify, assigned)
        cursor: str = (await feed(tasks)).json()["next_cursor"]
    return assigned, cursor


async def test_nobody_reads_the_log_before_the_restore_is_complete_and_then_nothing_is_missing(
    former: EmbeddedPostgres, new: EmbeddedPostgres, kafka: str, tmp_path: Path
) -> None:
    source, target = await asyncio.to_thread(former.start), await asyncio.to_thread(new.start)
    env = deployment_env(source, kafka, "2025-05-23T09:00", "restored")
    assigned, cursor = await before_the_move(env, tmp_path, source)
    await asyncio.to_thread(dump_and_restore, source, target, whole_cluster=True)
    moved = deployment_env(target, kafka, env["DONDOC_CLOCK"], "restored")
    env["DONDOC_DATABASE_URL"] = moved["DONDOC_DATABASE_URL"]

    assigned += await without_the_restore(env, tmp_path, cursor, assigned)
    await asyncio.to_thread(run, "restore", env=env)
    await with_the_restore(env, tmp_path, cursor, assigned)


async def without_the_restore(
    env: dict[str, str], folder: Path, cursor: str, assigned: Sequence[str]
) -> list[str]:
    """Ids of tasks that are assigned meanwhile."""
    async with (
        running(env, folder, "healthz") as deployment,
        caller(deployment.url("tasks"), admin_key(env)) as tasks,
        caller(deployment.url("notify"), admin_key(env)) as notify,
    ):
        meanwhile = await assign(tasks, 3)
        assert await unready(deployment) == {(503, True)}
        refused = [await feed(tasks, after=cursor), await feed(tasks)]
        assert [(each.status_code, each.json()["code"]) for each in refused] == [
            (410, "cursor_of_another_log"),
            (503, "log_unrestored"),
        ]
        reminders = await items(notify, "/notify/v1/reminders", subject_kind="task")
        assert {each["subject"] for each in reminders} == set(assigned)
    return meanwhile


async def with_the_restore(env: dict[str, str], folder: Path, cursor: str, assigned: Sequence[str]) -> None:
    async with (
        running(env, folder, "readyz") as deployment,
        caller(deployment.url("tasks"), admin_key(env)) as tasks,
        caller(deployment.url("notify"), admin_key(env)) as notify,
    ):
        afterwards = [*assigned, *await assign(tasks, 3)]
        await planned_once(notify, afterwards)
        refused = await feed(tasks, after=cursor)
        assert (refused.status_code, refused.json()["code"]) == (410, "cursor_of_another_log")
        told: list[dict[str, Any]] = (await feed(tasks)).json()["items"]
        assert {each["subject"] for each in told} >= set(afterwards)
