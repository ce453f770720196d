"""The relay: every event in order, from where it stood, by one relay at a time."""

import asyncio
import time
from functools import partial

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from shared.log import relay as relay_module
from shared.log.cursors import load_cursor
from shared.log.reader import read_page
from shared.log.relay import CURSOR, LOCK, notifier_loop, relay_loop
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.bus import Counter, Shelf, running, wait_for
from tests.support.writing import writing


@pytest.fixture
async def counter(make_database: MakeDatabase) -> Counter:
    return Counter(await make_database(PLATFORM))


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "PAGE", 4)


async def test_a_relay_resumes_where_it_stood(counter: Counter) -> None:
    first, second = Shelf(), Shelf()
    await counter.count(*"a" * 10)
    async with running(relay=relay_loop(counter.service, counter.database, first)):
        await first.holds(10)
        await wait_for(partial(stands_behind, counter, "a"))
    await counter.count(*"a" * 3)
    async with running(relay=relay_loop(counter.service, counter.database, second)):
        assert await second.holds(3) == [11, 12, 13]


async def test_what_could_not_be_published_is_sent_again(counter: Counter) -> None:
    shelf = Shelf(failures=2)
    await counter.count(*"a" * 6)
    async with running(relay=relay_loop(counter.service, counter.database, shelf)) as loops:
        assert await shelf.holds(10) == [1, 2, 1, 2, 1, 2, 3, 4, 5, 6]
        assert loops.troubles() == {}


async def test_one_relay_works_and_another_takes_over_when_its_connection_dies(counter: Counter) -> None:
    first, second = Shelf(), Shelf()
    async with running(relay=relay_loop(counter.service, counter.database, first)) as active:
        await counter.count("a")
        await first.holds(1)
        async with running(relay=relay_loop(counter.service, counter.database, second)) as standby:

            async def stands_by() -> bool:
                return standby.liveness["relay"].last_report is not None

            await wait_for(stands_by)
            await counter.count("a")
            await first.holds(2)
            assert second.events == []
            await end_lock_holder(counter)

            async def noticed() -> bool:
                return active.liveness["relay"].failure is not None

            await wait_for(noticed)
            await counter.count("a")

            async def told() -> bool:
                return len(first.events) + len(second.events) >= 3

            await wait_for(told)
    assert [int(event.sequence) for event in first.events + second.events] == [1, 2, 3]


async def test_a_standby_takes_over_when_the_active_relay_is_gone(counter: Counter) -> None:
    first, second = Shelf(), Shelf()
    async with running(standby=relay_loop(counter.service, counter.database, second)):
        await counter.count("a")
        await second.holds(1)
        async with running(relay=relay_loop(counter.service, counter.database, first)):
            await counter.count("a")
            await second.holds(2)
        assert first.events == []
    async with running(relay=relay_loop(counter.service, counter.database, first)):
        await counter.count("a")
        assert await first.holds(1) == [3]


async def test_commits_of_another_process_wake_the_relay_at_once(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "POLL_SECONDS", 60.0)
    shelf = Shelf()
    async with running(
        relay=relay_loop(counter.service, counter.database, shelf), notifier=notifier_loop(counter.database)
    ) as loops:

        async def waits() -> bool:
            return loops.liveness["relay"].last_report is not None

        await wait_for(waits)
        async with asyncio.timeout(10):
            await counter.count(*"a" * 3)
            assert await shelf.holds(3) == [1, 2, 3]


async def end_lock_holder(counter: Counter) -> None:
    async with counter.database.reading() as connection:
        ended = await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND (classid::bigint << 32) + objid::bigint = :lock "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            {"lock": LOCK},
        )
        assert ended.scalars().all() == [True]


async def stands_behind(counter: Counter, aggregate: str) -> bool:
    """Whether the cursor has passed every event of an aggregate; the relay saves it after it published."""
    async with counter.database.reading() as connection:
        page = await read_page(connection, await load_cursor(connection, CURSOR), 1)
    return not any(event.subject == aggregate for event in page.events)


async def test_commits_of_its_own_process_wake_the_relay_at_once_and_no_longer_when_it_has_ended(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "POLL_SECONDS", 60.0)
    shelf = Shelf()
    async with running(relay=relay_loop(counter.service, counter.database, shelf)) as loops:

        async def waits() -> bool:
            return loops.liveness["relay"].last_report is not None

        await wait_for(waits)
        async with asyncio.timeout(10):
            await counter.count(*"a" * 3)
            assert await shelf.holds(3) == [1, 2, 3]
    assert counter.database._on_commit == []


async def test_the_lag_runs_while_nothing_can_be_sent_and_ends_with_the_last_event(counter: Counter) -> None:
    shelf = Shelf(failures=10**6)
    await counter.count(*"a" * 6)
    async with running(relay=relay_loop(counter.service, counter.database, shelf)) as loops:

        async def failed() -> bool:
            return loops.liveness["relay"].failure is not None

        await wait_for(failed)
        first = lag(counter)
        loops.liveness["relay"].failure = None
        await wait_for(failed)  # a new start does not hide how long it has been
        assert 0 < first < lag(counter)
        shelf._failures = 0

        async def cleared() -> bool:
            return lag(counter) == 0

        await wait_for(cleared)
    assert [int(event.sequence) for event in shelf.events][-6:] == [1, 2, 3, 4, 5, 6]


async def test_the_lag_is_the_age_of_the_oldest_event_whoever_wrote_it_and_when(counter: Counter) -> None:
    """A relay that is started anew again and again does not hide what has waited all the time."""
    shelf = Shelf(failures=10**6)
    await counter.count(*"a" * 6)
    async with writing(counter.database) as session:
        await session.execute(
            text("UPDATE outbox SET written_at = written_at - (10 - id) * interval '1 hour' WHERE id <= 6")
        )
    async with running(relay=relay_loop(counter.service, counter.database, shelf)) as loops:

        async def failed() -> bool:
            return loops.liveness["relay"].failure is not None

        await wait_for(failed)
        assert 9 * 3600 <= lag(counter) < 9 * 3600 + 60
        shelf._failures = 0

        async def cleared() -> bool:
            return lag(counter) == 0

        await wait_for(cleared)


async def test_a_relay_has_its_series_before_it_sent_anything(counter: Counter) -> None:
    began = time.time()
    relay_loop(counter.service, counter.database, Shelf())
    of = {"service": counter.service}
    drained = REGISTRY.get_sample_value("dondoc_relay_drained_timestamp_seconds", of)
    assert drained is not None
    assert began <= drained <= time.time()  # else a relay that never came to the end would not be silent
    assert REGISTRY.get_sample_value("dondoc_relay_events_total", of) == 0


def lag(counter: Counter) -> float:
    found = REGISTRY.get_sample_value(
        "dondoc_log_lag_seconds", {"service": counter.service, "reader": CURSOR}
    )
    assert found is not None
    return found
