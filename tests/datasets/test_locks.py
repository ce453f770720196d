"""Transactions that lock several watches wait for each other in turn, never in a circle."""

import asyncio
from datetime import timedelta

from sqlalchemy import text

from services.datasets.use_cases.changes import lock_database, lock_databases
from services.datasets.worker import report_liveness
from tests.datasets.world import World
from tests.support.writing import run_alone, writing


async def until_one_waits(world: World) -> None:
    """Until a transaction of this database waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(20):
        while not await world.rows(waiting):
            pass


async def test_the_end_of_a_downtime_while_a_list_is_imported(world: World) -> None:
    """An import locks by code, whatever the order in which databases were registered; what it puts off is put back."""
    for code in ("B", "A"):
        await world.register(code)
        await world.beat(code)
    await report_liveness(world.database, world.clock, world.settings, is_start=True)
    world.clock.advance(hours=2)
    async with writing(world.database) as session:
        (await lock_database(session, "A")).watch.next_check_at = world.now + timedelta(hours=1)
        ending = asyncio.create_task(
            report_liveness(world.database, world.clock, world.settings, is_start=True)
        )
        await until_one_waits(world)
        (await lock_database(session, "B")).watch.next_check_at = None
    assert await ending is not None
    rows = await world.rows("SELECT next_check_at FROM watches")
    assert [row.next_check_at for row in rows] == [world.now] * 2


_MANY = 1_000  # more pages than reading one row by an index costs
_FILL = (
    """
    INSERT INTO databases (code, name, search_text, kind, owner_code, registered_by, recorded_at)
    SELECT 'M' || n, repeat('x', 500), 'x', 'national', 'G12', 'x', now() FROM generate_series(1, :many) AS n
    """,
    """
    INSERT INTO watches (database_code, version, observed, observed_since, is_steady, checked_at)
    SELECT 'M' || n, 1, 'unknown', now(), false, now() FROM generate_series(1, :many) AS n
    """,
)
_READ = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'databases'"


async def test_many_are_locked_by_keys_where_statistics_tell_of_few_rows(world: World) -> None:
    """As statistics do that are taken while a transaction fills the tables."""
    async with writing(world.database) as session:
        for statement in _FILL:
            await session.execute(text(statement), {"many": _MANY})
        await run_alone(world.database.url, "ANALYZE databases, watches")
    async with writing(world.database) as session:
        found = await lock_databases(session, [f"M{n}" for n in range(1, _MANY + 1)])
        assert len(found) == _MANY
        assert (await session.scalar(text(_READ)) or 0) <= 2 * _MANY
