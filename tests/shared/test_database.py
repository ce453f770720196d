"""Connections that died in the pool are replaced before anyone gets them."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import URL, text

from shared.runtime import database as module
from shared.runtime.database import Database
from tests.support.writing import writing

_BACKEND = text("SELECT pg_backend_pid()")
_END = text("SELECT pg_terminate_backend(:pid, 5000)")  # returns when it has ended


async def _end_a_idle_connection(database: Database) -> int:
    """Of a pool of one; the number of the backend that was."""
    async with database.reading() as connection:
        backend = (await connection.execute(_BACKEND)).scalar_one()
    admin = Database(database.url)
    async with admin.reading() as connection:
        assert (await connection.execute(_END, {"pid": backend})).scalar_one()
    await admin.close()
    return int(backend)


@pytest.fixture
async def pool_of_one(postgres: URL) -> AsyncIterator[Database]:
    pool = Database(postgres.set(database="postgres"), pool_size=1)
    yield pool
    await pool.close()


async def test_a_connection_closed_while_it_was_idle_is_not_given_out(pool_of_one: Database) -> None:
    ended = await _end_a_idle_connection(pool_of_one)
    async with writing(pool_of_one) as session:
        assert (await session.execute(_BACKEND)).scalar_one() != ended


async def test_a_connection_that_was_idle_for_long_is_pinged_first(
    pool_of_one: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = await _end_a_idle_connection(pool_of_one)
    monkeypatch.setattr(
        asyncpg.Connection, "is_closed", lambda _: False
    )  # as if nothing had arrived about its end
    monkeypatch.setattr(module, "PING_AFTER_SECONDS", 0)
    async with writing(pool_of_one) as session:
        assert (await session.execute(_BACKEND)).scalar_one() != ended
