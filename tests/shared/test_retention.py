"""Days of the log and the inbox have partitions of their own; what is old goes once every reader has passed it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from shared.errors import Gone
from shared.events.envelope import EventData
from shared.log.bus.embedded import OutboxSource
from shared.log.cursors import BEGINNING, Cursor, load_cursor, save_cursor
from shared.log.identity import refuse_unusable
from shared.log.outbox import add_event
from shared.log.reader import read_page
from shared.platform.maintenance import AUDIT, Maintenance
from shared.platform.retention import BATCH
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from shared.runtime.partitions import AHEAD_DAYS, list_partitions, make_partitions
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.writing import writing

KEPT = timedelta(days=30)


class Counted(EventData):
    event_type: ClassVar[str] = "vn.dondoc.tests.count.counted.v1"
    aggregate: str

    def subject(self) -> str:
        return self.aggregate


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    return await make_database(PLATFORM)


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Any]:
    from_pool = await database.engine.raw_connection()
    yield from_pool.driver_connection
    from_pool.close()


async def write(database: Database, clock: ManualClock, days_ago: int = 0) -> None:
    async with writing(database) as session:
        await add_event(session, Counted(aggregate="a"), version=1, at=clock.now())
        await session.execute(
            text(
                "UPDATE outbox SET written_at = now() - :days * interval '1 day' WHERE xid = pg_current_xact_id()"
            ),
            {"days": days_ago},
        )


async def read(database: Database, cursor: Cursor) -> tuple[int, Cursor]:
    async with database.reading() as connection:
        page = await read_page(connection, cursor, 100)
        await refuse_unusable(connection, cursor)
    return len(page.events), page.cursor


async def read_to_end(database: Database, cursor: Cursor) -> Cursor:
    """Until no transaction of the server runs that is older than the newest event: tests share it."""
    async with database.reading() as connection:
        newest = await connection.scalar(text("SELECT max(xid)::text::bigint FROM outbox"))
    while True:
        _, cursor = await read(database, cursor)
        if cursor.oldest_running > newest:
            return cursor


async def pass_on(database: Database, name: str) -> None:
    """What a reader does: read to the end and keep its cursor."""
    async with database.reading() as connection:
        cursor = await load_cursor(connection, name)
    cursor = await read_to_end(database, cursor)
    async with writing(database) as session:
        await save_cursor(session, name, cursor)


async def partition_of_newest(database: Database) -> str:
    async with database.reading() as connection:
        found = await connection.execute(
            text("SELECT tableoid::regclass::text FROM outbox ORDER BY id DESC LIMIT 1")
        )
        return str(found.scalar_one())


async def removed(database: Database) -> dict[tuple[str, str], int]:
    async with database.reading() as connection:
        rows = await connection.execute(
            text("SELECT table_name, kind, sum(count)::int FROM removed_rows GROUP BY 1, 2")
        )
        return {(table, kind): count for table, kind, count in rows}


def maintenance(database: Database, clock: ManualClock, *readers: str) -> Maintenance:
    return Maintenance(database, clock, readers, KEPT, {AUDIT: timedelta(days=10)})


async def make_days(owner: Any, back: int) -> None:
    """Partitions from `back` days ago, as if the upkeep had run all the time."""
    today = datetime.now(UTC).date()
    for days in range(back, -1, -AHEAD_DAYS):
        await make_partitions(owner, "outbox", today - timedelta(days=days))


async def test_a_row_goes_to_its_day_and_to_the_default_partition_where_there_is_none(
    database: Database, owner: Any, clock: ManualClock
) -> None:
    await write(database, clock, days_ago=1)
    assert await partition_of_newest(database) == "outbox_default"
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    await make_partitions(owner, "outbox", yesterday)
    await make_partitions(owner, "outbox", yesterday)
    days = [each.day for each in await list_partitions(owner, "outbox")]
    assert days == [
        yesterday + timedelta(days=n) for n in range(1, AHEAD_DAYS + 1)
    ]  # not the day that has rows already
    await write(database, clock)
    assert await partition_of_newest(database) == f"outbox_{yesterday + timedelta(days=1):%Y%m%d}"
    await write(database, clock, days_ago=1)
    assert await partition_of_newest(database) == "outbox_default"
    assert (await read(database, Cursor()))[0] == 3


async def test_what_is_old_is_removed_once_every_reader_has_passed_it(
    database: Database, owner: Any, clock: ManualClock
) -> None:
    await make_days(owner, back=40)
    await write(database, clock, days_ago=50)  # before there were partitions
    await write(database, clock, days_ago=35)
    await write(database, clock, days_ago=35)
    old = replace(
        await read_to_end(database, Cursor()), since=BEGINNING
    )  # days are not written in order here
    await write(database, clock, days_ago=33)
    await write(database, clock, days_ago=2)
    await pass_on(database, "quick")
    upkeep = maintenance(database, clock, "quick", "slow")
    await upkeep.work()
    assert await removed(database) == {}  # one of the readers is not known yet
    async with writing(database) as session:
        await save_cursor(session, "slow", old)
    await upkeep.work()
    assert await removed(database) == {("outbox", Counted.event_type): 2}  # the slow one has not read all
    assert (await read(database, old))[0] == 2
    await pass_on(database, "slow")
    await upkeep.work()
    assert await removed(database) == {("outbox", Counted.event_type): 4}
    assert (await read(database, Cursor()))[0] == 1
    with pytest.raises(Gone, match="cursor_expired"):
        await read(database, old)
    for name in ("quick", "slow"):
        await pass_on(database, name)


async def test_a_log_that_is_kept_for_ever_is_kept(
    database: Database, owner: Any, clock: ManualClock
) -> None:
    await make_days(owner, back=40)
    await write(database, clock, days_ago=35)
    await Maintenance(database, clock, (), None, {}).work()
    assert (await read(database, Cursor()))[0] == 1


async def test_a_reader_of_the_outbox_itself_tells_the_publisher_how_far_it_is(
    make_database: MakeDatabase, clock: ManualClock
) -> None:
    log, own = await make_database(PLATFORM), await make_database(PLATFORM)
    await write(log, clock)
    source = OutboxSource("tests", log, own)
    batches = source.batches(lambda: None)
    batch = await anext(batches)
    async with log.reading() as connection:
        assert await load_cursor(connection, own.service) == Cursor()  # handed out is not yet read
    await batch.acknowledge()
    await source._look(Cursor())
    async with log.reading() as connection:
        assert (await load_cursor(connection, own.service)).has_passed(Cursor("5:5:", "5:5:", 0))
    await batches.aclose()


async def test_the_inbox_goes_once_no_copy_of_its_events_is_left(
    database: Database, clock: ManualClock
) -> None:
    async with writing(database) as session:
        for days, count in ((70, 2), (50, 1)):
            await session.execute(
                text(
                    "INSERT INTO inbox (event_day, event_id, source, received_at) "
                    "SELECT day, gen_random_uuid(), 'tasks', now() - :days * interval '1 day' "
                    "FROM generate_series(1, :count), (VALUES (DATE '2025-05-01'), ('-infinity')) AS days (day)"
                ),
                {"days": days, "count": count},
            )
    await maintenance(database, clock).work()
    assert await removed(database) == {("inbox", "tasks"): 4}


async def test_other_tables_are_trimmed_by_the_clock_of_their_rows_in_batches(
    database: Database, clock: ManualClock
) -> None:
    rows = "INSERT INTO audit (at, actor, action, entity, entity_id, detail) SELECT :at, 'x', :action, 'task', n::text, '{}' "
    async with writing(database) as session:
        for days, action, count in ((0, "created", 2), (11, "created", BATCH + 1), (11, "closed", 1)):
            await session.execute(
                text(rows + "FROM generate_series(1, :count) n"),
                {"at": clock.now() - timedelta(days=days), "action": action, "count": count},
            )
    await maintenance(database, clock).work()
    assert await removed(database) == {("audit", "created"): BATCH + 1, ("audit", "closed"): 1}
    clock.advance(days=11)
    await maintenance(database, clock).work()
    assert await removed(database) == {("audit", "created"): BATCH + 3, ("audit", "closed"): 1}
