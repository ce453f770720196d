"""Transactions that lock several watches wait for each other in turn, never in a circle."""

import asyncio
from datetime import timedelta

from services.datasets.use_cases.changes import lock_database
from services.datasets.worker import report_liveness
from tests.datasets.world import World
from tests.support.writing import writing


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
