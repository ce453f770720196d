"""A projection that differs from the facts is found, and written anew, beside running writers."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.cli import rebuild as command
from services.tasks.domain.deadlines import read_deadline
from services.tasks.use_cases.extensions import extend_deadline
from services.tasks.use_cases.locks import lock_task
from services.tasks.use_cases.projection import Comparison, compare_projection, rebuild_projection
from shared.runtime.audit import SYSTEM
from shared.runtime.database import Database
from tests.cli.conftest import dondoc
from tests.support.processes import until
from tests.support.tasks import APPROVAL, TasksService, group_task
from tests.support.writing import writing

DAMAGES = (
    "UPDATE projected_tasks SET lasting = 'cancelled' WHERE parent_id IS NULL",
    "UPDATE projected_tasks SET body = body || ' '",
    "DELETE FROM projected_tasks WHERE parent_id IS NOT NULL",
    "DELETE FROM task_keys WHERE key LIKE 'parent:%'",
    "UPDATE task_keys SET status_due_on = '2031-01-01' WHERE key = 'top'",
    "INSERT INTO task_keys SELECT 'agency:XX', lasting, due_on, task_id, status_due_on FROM task_keys WHERE key = 'top'",
)


async def listed(service: TasksService) -> list[Any]:
    pages = [await service.get("/tasks", params=asked) for asked in ({}, {"agency": "48"}, {"agency": "XX"})]
    return [page["items"] for page in pages]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_what_differs_is_found_and_written_anew(service: TasksService, damage: str) -> None:
    await service.assign()
    await service.assign(**group_task())
    before = await listed(service)
    await service.execute(damage)
    assert (await compare_projection(service.database)).differing > 0
    assert (await rebuild_projection(service.database)).differing > 0
    assert (await compare_projection(service.database)).differing == 0
    assert await listed(service) == before


async def test_a_rebuild_waits_for_who_changes_a_task_and_writes_what_he_left(service: TasksService) -> None:
    database = service.database
    task, other = await service.assign(), await service.assign()
    await service.execute("UPDATE projected_tasks SET version = 0")
    async with writing(database) as session:
        held = await lock_task(session, task["id"])
        rebuilding = asyncio.create_task(rebuild_projection(database))
        await until(lambda: _waits(service))
        assert (await service.read(other))["version"] == 1  # what nobody holds is written already
        held.version += 1
        await session.flush()
    await rebuilding
    assert (await service.read(task))["version"] == held.version


async def _waits(service: TasksService, task: "asyncio.Task[Any] | None" = None) -> bool:
    """Until a connection waits for a lock, or the task has ended."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return (task is not None and task.done()) or (await service.rows(waiting))[0][0] > 0


async def test_members_of_a_group_that_change_at_once_both_count(service: TasksService) -> None:
    """The group's task is overdue by the earlier of their new dates, though neither saw the other's while it was written."""
    parent = await service.assign(**group_task())
    first, second, third = [member["id"] for member in (await service.members(parent)).values()]
    await service.extend({"id": third}, "trước ngày 18/8/2025")
    async with writing(service.database) as session:
        reading = read_deadline("trước ngày 16/8/2025")
        detail = {"reason": "Vì", "document_code": APPROVAL}
        await extend_deadline(session, UUID(first), reading, actor=SYSTEM, at=service.clock.now(), **detail)
        other = asyncio.create_task(service.extend({"id": second}, "trước ngày 17/8/2025"))
        await until(lambda: _waits(service, other))
    await other
    assert await compare_projection(service.database) == Comparison(4, 3 + 3 * 3, 0)
    days = [await service.read(parent, as_of=day) for day in ("2025-08-15", "2025-08-16")]
    assert [task["status"] for task in days] == ["due_soon", "overdue"]


async def test_the_command_compares_and_writes(
    service: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def deployment(_: Path, _services: Collection[str]) -> AsyncIterator[Any]:
        database = Database(service.database.url)  # of the command's own event loop
        yield None, {"tasks": database}
        await database.close()

    monkeypatch.setattr(command, "deployment", deployment)
    await service.assign()
    await service.execute("UPDATE projected_tasks SET version = 0")
    outcomes = [
        await asyncio.to_thread(dondoc, "rebuild", "tasks", *more) for more in (["--check"], [], ["--check"])
    ]
    assert [done.exit_code for done in outcomes] == [1, 0, 0]
    assert "1 differed and were written anew" in outcomes[1].stdout
    assert (await asyncio.to_thread(dondoc, "rebuild", "notify")).exit_code == 1
