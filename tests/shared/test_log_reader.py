"""The log loses nothing and keeps each aggregate in order, however its writers overlap."""

import asyncio
import random
import time
from collections import defaultdict
from contextlib import aclosing
from typing import ClassVar

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from shared.errors import InvalidInput
from shared.events.envelope import CloudEvent, EventData
from shared.log import reader
from shared.log.bus.binary_mode import read_event, write_headers, write_value
from shared.log.bus.embedded import OutboxSource
from shared.log.cursors import Cursor, load_cursor, save_cursor
from shared.log.outbox import add_event, add_events
from shared.log.reader import LOOKED_AT, EventFilter, count_unread, read_page, read_rows
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.writing import writing


class Counted(EventData):
    event_type: ClassVar[str] = "vn.dondoc.tests.count.counted.v1"
    aggregate: str
    value: int

    def subject(self) -> str:
        return self.aggregate

    def about_agency(self) -> str | None:
        return f"G{self.value}" if self.value % 100 == 0 else None


async def read_all(database: Database, cursor: Cursor, limit: int = 7) -> tuple[list[CloudEvent], Cursor]:
    events: list[CloudEvent] = []
    async with database.reading() as connection:
        while True:
            page = await read_page(connection, cursor, limit)
            events += page.events
            cursor = page.cursor
            if not page.more:
                return events, cursor


async def test_an_event_is_read_once_and_only_after_its_commit(
    make_database: MakeDatabase, clock: ManualClock
) -> None:
    database = await make_database(PLATFORM)
    async with writing(database) as session:
        await add_event(session, Counted(aggregate="a", value=1), version=1, at=clock.now())
        before, cursor = await read_all(database, Cursor())
    after, cursor = await read_all(database, cursor)
    again, _ = await read_all(database, cursor)
    assert before == []
    assert [event.data["value"] for event in after] == [1]
    assert after[0].sequence == "1"
    assert after[0].source == "/dondoc/tests"
    assert again == []


async def test_a_slow_writer_with_a_low_id_is_not_passed_by(
    make_database: MakeDatabase, clock: ManualClock
) -> None:
    database = await make_database(PLATFORM)
    async with writing(database) as slow:
        await add_event(slow, Counted(aggregate="slow", value=1), version=1, at=clock.now())
        async with writing(database) as quick:
            await add_event(quick, Counted(aggregate="quick", value=1), version=1, at=clock.now())
        first, cursor = await read_all(database, Cursor())
    second, _ = await read_all(database, cursor)
    assert [event.subject for event in first] == ["quick"]
    assert [event.subject for event in second] == ["slow"]


async def test_many_writers_lose_nothing_and_keep_each_aggregate_in_order(
    make_database: MakeDatabase, clock: ManualClock
) -> None:
    database = await make_database(PLATFORM)
    async with writing(database) as session:
        await session.execute(text("CREATE TABLE aggregates (name text PRIMARY KEY, version int NOT NULL)"))
        await session.execute(text("INSERT INTO aggregates SELECT 'a' || n, 0 FROM generate_series(0, 4) n"))
    pick = random.Random(57)

    async def write(times: int) -> None:
        for _ in range(times):
            name = f"a{pick.randrange(5)}"
            async with writing(database) as session:
                version = (
                    await session.execute(
                        text(
                            "UPDATE aggregates SET version = version + 1 WHERE name = :name RETURNING version"
                        ),
                        {"name": name},
                    )
                ).scalar_one()
                await add_event(
                    session, Counted(aggregate=name, value=version), version=version, at=clock.now()
                )

    writers = [asyncio.create_task(write(60)) for _ in range(4)]
    seen: list[CloudEvent] = []
    cursor = Cursor()
    while not all(writer.done() for writer in writers):
        events, cursor = await read_all(database, cursor, limit=5)
        seen += events
    await asyncio.gather(*writers)
    events, cursor = await read_all(database, cursor)
    seen += events

    assert len(seen) == len({event.id for event in seen}) == 240
    versions: dict[str, list[int]] = defaultdict(list)
    for event in seen:
        versions[event.subject].append(event.version)
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())


async def test_a_cursor_survives_a_restart(make_database: MakeDatabase, clock: ManualClock) -> None:
    database = await make_database(PLATFORM)
    async with writing(database) as session:
        for value in range(10):
            await add_event(session, Counted(aggregate="a", value=value), version=value, at=clock.now())
    async with database.reading() as connection:
        page = await read_page(connection, Cursor(), 4)
    async with writing(database) as session:
        await save_cursor(session, "reader", page.cursor)
    async with database.reading() as connection:
        restored = await load_cursor(connection, "reader")
    rest, _ = await read_all(database, Cursor.decode(restored.encode()))
    assert [event.data["value"] for event in (*page.events, *rest)] == list(range(10))


@pytest.mark.parametrize(
    "token", ["", "zzz", "MToxOnwxOjE6fC0x", Cursor("5:3:", "1:1:", 0).encode(), "é", "A" * 5000]
)
def test_a_cursor_that_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Cursor.decode(token)
    assert refused.value.code == "cursor_invalid"


async def test_what_is_unread_is_counted_from_any_cursor(
    make_database: MakeDatabase, clock: ManualClock
) -> None:
    database = await make_database(PLATFORM)
    async with writing(database) as session:
        for value in range(10):
            await add_event(session, Counted(aggregate="a", value=value), version=value, at=clock.now())
    cursor, left = Cursor(), [10]
    async with database.reading() as connection:
        assert await count_unread(connection, cursor, 100) == 10
        assert await count_unread(connection, cursor, 3) == 3
        for _ in range(3):
            cursor = (await read_page(connection, cursor, 4)).cursor
            left.append(await count_unread(connection, cursor, 100))
    assert left == [10, 6, 2, 0]


async def test_a_page_knows_since_when_its_first_event_is_in_the_log(
    make_database: MakeDatabase, clock: ManualClock
) -> None:
    """In real time: the events' own is the suite's, here of 2025."""
    database = await make_database(PLATFORM)
    async with writing(database) as session:
        for value in range(3):
            await add_event(session, Counted(aggregate="a", value=value), version=value, at=clock.now())
        await session.execute(
            text("UPDATE outbox SET written_at = written_at - (4 - id) * interval '1 hour'")
        )
    async with database.reading() as connection:
        rows = await read_rows(connection, Cursor(), 2)
        page = await read_page(connection, Cursor(), 2)
        rest = await read_page(connection, page.cursor, 2)
        none = await read_page(connection, rest.cursor, 2)
    ages = [time.monotonic() - (read.first_written or 0) for read in (rows, page, rest)]
    assert [round(age / 3600, 1) for age in ages] == [3.0, 3.0, 1.0]
    assert (none.events, none.first_written) == ((), None)


async def test_a_reader_of_the_outbox_itself_tells_how_old_what_it_holds_back_is(
    make_database: MakeDatabase, clock: ManualClock
) -> None:
    log, own = await make_database(PLATFORM), await make_database(PLATFORM)
    async with writing(log) as session:
        await add_event(session, Counted(aggregate="a", value=1), version=1, at=clock.now())
        await session.execute(text("UPDATE outbox SET written_at = written_at - interval '9 hours'"))
    source, labels = OutboxSource("lagging", log, own), {"service": "lagging", "reader": own.service}

    def lag() -> float:
        return REGISTRY.get_sample_value("dondoc_log_lag_seconds", labels) or 0.0

    assert lag() == 0
    passed = asyncio.Event()
    async with aclosing(source.batches(passed.set)) as batches:
        await anext(batches)
        assert round(lag() / 3600, 1) == 9
        on = asyncio.ensure_future(anext(batches))
        await asyncio.wait_for(passed.wait(), 10)
        on.cancel()
        await asyncio.gather(on, return_exceptions=True)
    assert lag() == 0


async def test_a_relayed_row_is_the_same_message_as_its_event(
    make_database: MakeDatabase, clock: ManualClock
) -> None:
    database = await make_database(PLATFORM)
    async with writing(database) as session:
        await add_event(session, Counted(aggregate="Đồng Nai", value=7), version=3, at=clock.now())
    async with database.reading() as connection:
        (row,) = (await read_rows(connection, Cursor(), 4)).events
        (event,) = (await read_page(connection, Cursor(), 4)).events
    assert write_headers(row) == write_headers(event)
    assert read_event(write_headers(row), write_value(row)) == event == row.event()


def of_agencies(*codes: str) -> EventFilter:
    return EventFilter("agency_code = ANY(CAST(:codes AS text[]))", {"codes": list(codes)})


@pytest.mark.parametrize("limit", [1, 2, 7, 500])
async def test_a_page_of_some_agencies_looks_at_a_bounded_number_of_events_and_misses_none(
    make_database: MakeDatabase, clock: ManualClock, limit: int
) -> None:
    database = await make_database(PLATFORM)
    values = range(1, 6_001)
    for part in (values[:50], values[50:]):  # two windows
        async with writing(database) as session:
            counted = [(Counted(aggregate="a", value=value), value) for value in part]
            await add_events(session, counted, at=clock.now())
    only = of_agencies("G300", "G600", "G5800", "G5900")
    read, cursor, more, pages = [], Cursor(), True, 0
    async with database.reading() as connection:
        while more:
            page = await read_page(connection, cursor, limit, only)
            assert len(page.events) <= limit
            read += [event.data["value"] for event in page.events]
            cursor, more, pages = page.cursor, page.more, pages + 1
    assert read == [300, 600, 5800, 5900]
    assert pages >= max(4 / limit, 6_000 / LOOKED_AT)


async def test_who_may_read_of_no_agency_reads_nothing(
    make_database: MakeDatabase, clock: ManualClock
) -> None:
    database = await make_database(PLATFORM)
    async with writing(database) as session:
        await add_event(session, Counted(aggregate="a", value=100), version=1, at=clock.now())
    async with database.reading() as connection:
        page = await read_page(connection, Cursor(), 5, of_agencies())
        assert (list(page.events), page.more) == ([], False)


@pytest.mark.parametrize("only", [None, EventFilter("true", {})], ids=["all", "filtered"])
async def test_a_page_ends_with_the_event_that_brings_it_to_its_length(
    make_database: MakeDatabase, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, only: EventFilter | None
) -> None:
    monkeypatch.setattr(reader, "PAGE_CHARACTERS", 2_000)
    database = await make_database(PLATFORM)
    async with writing(database) as session:
        for value in range(1, 6):
            large = Counted(aggregate="a" * 900, value=value)
            await add_event(session, large, version=value, at=clock.now())
    pages, cursor, more = [], Cursor(), True
    async with database.reading() as connection:
        while more:
            page = await read_page(connection, cursor, 500, only)
            pages.append([event.data["value"] for event in page.events])
            cursor, more = page.cursor, page.more
    assert pages == [[1, 2, 3], [4, 5]]
