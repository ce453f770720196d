"""PgBouncer: pool_mode = session works; a mode that takes the session away is refused at start."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import URL, text

from services.cli.connections import require_sessions
from services.cli.console import Stop
from shared.runtime.clock import SystemClock
from shared.runtime.database import Database, driver_connection
from shared.runtime.sessions import keeps_session
from tests.conftest import PGBOUNCER_ABSENT, PLATFORM, MakeDatabase, skip_without
from tests.support.pgbouncer import PgBouncerAbsent, running_pgbouncer


async def test_a_direct_connection_keeps_its_session(postgres: URL) -> None:
    assert await keeps_session(postgres.set(database="postgres"))


@pytest.mark.parametrize("pool_mode", ["transaction", "statement"])
async def test_a_pool_mode_without_sessions_is_refused_with_its_remedy(
    postgres: URL, tmp_path: Path, pool_mode: str
) -> None:
    try:
        with (
            running_pgbouncer(postgres.set(database="postgres"), tmp_path, pool_mode) as url,
            pytest.raises(Stop) as refused,
        ):
            await require_sessions("tasks", url)
    except PgBouncerAbsent as absent:
        skip_without(PGBOUNCER_ABSENT, absent)
    assert "pool_mode = session" in str(refused.value.vi)
    assert "pool_mode = session" in str(refused.value.en)


async def test_through_pool_mode_session_everything_that_needs_one_works(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    direct = await make_database(PLATFORM)
    try:
        with running_pgbouncer(direct.url, tmp_path, "session") as url:
            await require_sessions("tasks", url)
            pooled = Database(url, pool_size=2, application="dondoc-test")
            try:
                await _use_sessions(pooled)
            finally:
                await pooled.close()
    except PgBouncerAbsent as absent:
        skip_without(PGBOUNCER_ABSENT, absent)


async def _use_sessions(pooled: Database) -> None:
    async with pooled.change(SystemClock()) as (session, at):
        assert await session.scalar(text("SELECT current_setting('statement_timeout')")) == "30s"
        assert at.tzinfo is not None
    listening = await driver_connection(pooled)
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    await listening.add_listener("news", lambda *given: told.done() or told.set_result(given[3]))
    assert await listening.fetchval("SELECT pg_try_advisory_lock(57)")
    async with pooled.reading() as connection:
        assert not await connection.scalar(text("SELECT pg_try_advisory_lock(57)"))
        await connection.execute(text("SELECT pg_notify('news', 'here')"))
    async with asyncio.timeout(30):
        assert await told == "here"
    await listening.close(timeout=5)
