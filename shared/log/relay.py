"""Publishes a service's outbox to Kafka: the log reader named `kafka`. One is active per service."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from typing import Any

from sqlalchemy import text

from shared.log.bus import Publisher
from shared.log.cursors import Cursor, load_cursor, save_cursor
from shared.log.identity import resume
from shared.log.reader import LogRow, Page, ReaderLag, read_rows
from shared.runtime.database import Database, driver_connection
from shared.runtime.loops import Liveness, Loop, together, wait_until_woken
from shared.runtime.metrics import RELAY_DRAINED, RELAYED

CURSOR = "kafka"
CHANNEL = "dondoc_outbox"
LOCK = 0x72656C6179  # "relay"
PAGE = 2000
POLL_SECONDS = 1.0
DEBOUNCE_SECONDS = 0.02  # commits within this time are notified once


def relay_loop(service: str, database: Database, publisher: Publisher) -> Loop:
    """A loop that publishes while it holds the service's advisory lock, and waits while another process has it."""
    reader_lag = ReaderLag(service, CURSOR)
    RELAYED.labels(service)
    RELAY_DRAINED.labels(
        service
    ).set_to_current_time()  # from the start on, so that an alert can detect no progress

    async def run(liveness: Liveness) -> None:
        async with AsyncExitStack() as stack:
            wake = asyncio.Event()
            stack.callback(database.on_commit(wake.set))
            lock = await driver_connection(database)
            stack.push_async_callback(partial(lock.close, timeout=POLL_SECONDS))
            await lock.add_listener(CHANNEL, lambda *_: wake.set())
            while not await lock.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                reader_lag.caught_up()  # the lag is the active relay's to report
                liveness.report()
                await asyncio.sleep(POLL_SECONDS)
            await _Relay(service, database, publisher, reader_lag).run(liveness, wake, lock)

    return run


class _Relay:
    """Three steps at once: read a page, send the one before, save the cursor after the one that is durable."""

    def __init__(self, service: str, database: Database, publisher: Publisher, reader_lag: ReaderLag) -> None:
        self._service = service
        self._database = database
        self._publisher = publisher
        self._reader_lag = reader_lag

    async def run(self, liveness: Liveness, wake: asyncio.Event, lock: Any) -> None:
        async with self._database.reading() as connection:
            cursor = await resume(connection, await load_cursor(connection, CURSOR), self._service)
        page, durable = await self._read(cursor), None
        while not lock.is_closed():  # without the lock another relay may be at work
            self._reader_lag.next_page(page)
            following, _, _ = await together(
                self._read_on(page), self._publish(page.events), self._save(durable)
            )
            durable = page.cursor if page.events else None
            if following is None:
                await self._save(durable)
                self._reader_lag.caught_up()
                RELAY_DRAINED.labels(self._service).set_to_current_time()
                liveness.report()
                await wait_until_woken(wake, POLL_SECONDS)
                wake.clear()
                following, durable = await self._read(page.cursor), None
            liveness.report()
            page = following
        raise ConnectionError("lost the relay's lock")

    async def _read(self, cursor: Cursor) -> Page[LogRow]:
        async with self._database.reading() as connection:
            return await read_rows(connection, cursor, PAGE)

    async def _read_on(self, page: Page[LogRow]) -> Page[LogRow] | None:
        return await self._read(page.cursor) if page.more else None

    async def _publish(self, events: Sequence[LogRow]) -> None:
        if events:
            await self._publisher.publish(events)
            RELAYED.labels(self._service).inc(len(events))

    async def _save(self, cursor: Cursor | None) -> None:
        if cursor is not None:
            async with self._database.bookkeeping() as session:
                await save_cursor(session, CURSOR, cursor)


def notifier_loop(database: Database) -> Loop:
    """Notifies relays in other processes (NOTIFY) of commits here, after the commit and at most once per DEBOUNCE_SECONDS.

    NOTIFY inside the write transaction would serialize all commits (measured: 10,464 -> 2,345 commits/s).
    """

    async def run(liveness: Liveness) -> None:
        with ExitStack() as stack:
            committed = asyncio.Event()
            stack.callback(database.on_commit(committed.set))
            while True:
                liveness.report()
                await wait_until_woken(committed, POLL_SECONDS)
                if not committed.is_set():
                    continue
                committed.clear()
                async with database.reading() as connection:
                    await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
                await asyncio.sleep(DEBOUNCE_SECONDS)

    return run
