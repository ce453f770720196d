"""Round trips to PostgreSQL of the requests that come most often, so that none is added unseen."""

from collections.abc import Awaitable
from typing import Any

from tests.support.round_trips import round_trips
from tests.support.tasks import TasksService


async def test_reads_take_one(service: TasksService) -> None:
    task = await service.assign()
    for read in (
        lambda: service.get("/agencies/G12"),
        lambda: service.read(task),
        lambda: service.get("/tasks"),
    ):
        assert await _taken(service, read()) == 1


async def test_changes_take_no_more_than_stated(service: TasksService) -> None:
    # of each: BEGIN, the announcement with its instant, COMMIT
    assert await _taken(service, service.assign()) <= 8
    task = await service.assign()
    assert await _taken(service, service.extend(task)) <= 13
    assert await _taken(service, service.submit(task)) <= 12
    submitted = await service.submit(await service.assign())
    assert await _taken(service, service.decide(submitted)) <= 14


async def _taken(service: TasksService, request: Awaitable[Any]) -> int:
    with round_trips(service.database) as sent:
        await request
    return len(sent)
