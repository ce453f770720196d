"""Connections of a pool are shared between keys, and no request waits for one for ever."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager

import pytest

from shared.errors import Unavailable
from shared.runtime import pool_queue
from shared.runtime.pool_queue import PoolQueue, requested_by
from tests.support.toy import Toy

THING = {"name": "x"}


@contextmanager
def request_of(key: str | None) -> Iterator[None]:
    token = requested_by.set(key)
    try:
        yield
    finally:
        requested_by.reset(token)


@pytest.fixture
async def held() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as held:
        yield held


async def is_served(queue: PoolQueue, key: str | None) -> bool:
    with request_of(key):
        try:
            async with queue.turn():
                return True
        except Unavailable:
            return False


async def test_a_bound_key_holds_half_of_the_connections(
    held: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_queue, "LONGEST_WAIT_SECONDS", 0)
    queue = PoolQueue(4, "toy")
    with request_of("a"):
        for _ in range(2):
            await held.enter_async_context(queue.turn())
    assert not await is_served(queue, "a")
    assert await is_served(queue, "b")
    with request_of(""):  # of a key that is bound to no agency
        for _ in range(2):
            await held.enter_async_context(queue.turn())
    assert not await is_served(queue, "")
    await held.aclose()
    assert await is_served(queue, "a")


async def test_what_waits_for_its_own_key_keeps_nobody_else_waiting() -> None:
    queue = PoolQueue(2, "toy")
    release = asyncio.Event()

    async def hold() -> None:
        with request_of("a"):
            async with queue.turn():
                await release.wait()

    holding = [asyncio.create_task(hold()) for _ in range(50)]
    await asyncio.sleep(0)
    assert await is_served(queue, "b")
    release.set()
    await asyncio.gather(*holding)


async def test_loops_wait_as_long_as_it_takes(held: AsyncExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_queue, "LONGEST_WAIT_SECONDS", 0)
    queue = PoolQueue(1, "toy")
    with request_of(None):
        await held.enter_async_context(queue.turn())
        waiting = asyncio.create_task(is_served(queue, None))
        await asyncio.sleep(0)
        await held.aclose()
        assert await waiting


async def test_a_request_that_gets_no_connection_is_told_to_come_again(
    toy: Toy, held: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (toy.key("toy.write", agency=agency) for agency in ("G12", "G16"))
    monkeypatch.setattr(pool_queue, "LONGEST_WAIT_SECONDS", 0)
    assert (await toy.send("POST", "/toy/v1/things", first, json=THING)).status_code == 201
    with request_of(first["Authorization"].split("_")[1]):
        for _ in range(toy.database._pool_size // 2):
            await held.enter_async_context(toy.database.reading())
    refused = await toy.send("POST", "/toy/v1/things", first, json=THING)
    assert (refused.status_code, refused.json()["code"]) == (503, "database_busy")
    assert refused.headers["Retry-After"]
    assert (await toy.send("POST", "/toy/v1/things", second, json=THING)).status_code == 201
