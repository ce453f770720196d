"""Two processes of a service whose clocks differ by seconds: each reads at once what either has written."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.runtime.clock import SystemClock
from shared.runtime.database import Database
from tests.support.tasks import SETTINGS, TasksService, record_basics


class Ahead(SystemClock):
    """The clock of a machine that is ahead of others, by a negative time behind them."""

    def __init__(self, **delta: float) -> None:
        self._delta = timedelta(**delta)

    def now(self) -> datetime:
        return super().now() + self._delta


@pytest.fixture
async def replicas(database: Database) -> AsyncIterator[list[TasksService]]:
    """Five seconds apart, the database's clock between them."""
    await record_basics(database, SystemClock().now() - timedelta(days=1))
    clocks: list[Any] = [Ahead(seconds=2.5), Ahead(seconds=-2.5)]
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(TasksService.running(SETTINGS, database, clock))
            for clock in clocks
        ]


async def seen(replica: TasksService, **known: Any) -> tuple[int, int, int]:
    """Tasks in the list, in the statistics, and members of a group."""
    listed = await replica.get("/tasks", params=known)
    counted = await replica.get("/statistics", params=known)
    group = await replica.get("/groups/localities", params=known)
    return len(listed["items"]), counted["total"], len(group["members"])


async def test_each_replica_reads_at_once_what_either_has_written(replicas: list[TasksService]) -> None:
    ahead, behind = replicas
    for number, (writer, reader) in enumerate(
        [(ahead, behind), (behind, ahead), (ahead, ahead), (behind, behind)], start=1
    ):
        task = await writer.assign(title=f"Đề án {number}")
        assert (await reader.read(task))["title"] == f"Đề án {number}"
        assert await seen(reader) == (number, number, 3)


async def test_a_figure_is_asked_again_of_the_other_replica(replicas: list[TasksService]) -> None:
    ahead, behind = replicas
    await ahead.assign()
    known = (await ahead.get("/statistics"))["known_at"]
    assert await seen(behind, known_at=known) == (1, 1, 3)
    await behind.assign(title="Đề án sau")
    assert await seen(behind, known_at=known) == await seen(ahead, known_at=known) == (1, 1, 3)


async def test_changes_are_dated_by_the_database(replicas: list[TasksService], database: Database) -> None:
    for replica in replicas:
        [(began,)] = await replica.rows("SELECT clock_timestamp()")
        task = await replica.assign(title="Đề án")
        [(recorded_at, ended)] = await replica.rows(
            f"SELECT recorded_at, clock_timestamp() FROM tasks WHERE id = '{task['id']}'"  # noqa: S608
        )
        assert began < recorded_at < ended
