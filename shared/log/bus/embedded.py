"""The transport within one process: a consumer reads the publisher's outbox, with a cursor in its own database."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack

from shared.log.bus import BATCH, Batch
from shared.log.cursors import Cursor, load_cursor, save_cursor
from shared.log.identity import resume
from shared.log.reader import ReaderLag, count_unread, read_page
from shared.runtime.database import Database
from shared.runtime.loops import wait_until_woken
from shared.runtime.metrics import CONSUMER_LAG

POLL_SECONDS = 1.0  # the fallback; a commit in this process wakes the reader at once
LOOK_SECONDS = 10.0
MOST_COUNTED = 100_000  # events; beyond it the exact lag is not worth reading more


class OutboxSource:
    """The outbox of `publisher`, read on behalf of the service that owns `consumer`."""

    def __init__(self, name: str, publisher: Database, consumer: Database) -> None:
        self.name = name
        self._publisher = publisher
        self._consumer = consumer
        self._read = Cursor()
        self._recorded: Cursor | None = None
        self._reader_lag = ReaderLag(name, consumer.service)
        self._lag = CONSUMER_LAG.labels(consumer.service, name)

    async def batches(self, report: Callable[[], None], limit: int = BATCH) -> AsyncGenerator[Batch, None]:
        async with self._consumer.reading() as connection:
            saved = await load_cursor(connection, self._cursor_name)
        async with self._publisher.reading() as connection:
            cursor = self._read = await resume(connection, saved, self.name)
        next_look = time.monotonic()
        with ExitStack() as stack:
            wake = asyncio.Event()
            stack.callback(self._publisher.on_commit(wake.set))
            while True:
                wake.clear()
                if time.monotonic() >= next_look:
                    await self._look(cursor)
                    next_look = time.monotonic() + LOOK_SECONDS
                async with self._publisher.reading() as connection:
                    page = await read_page(connection, cursor, limit)
                cursor = page.cursor
                if page.events:
                    self._reader_lag.next_page(page)
                    yield Batch(tuple(page.events), self._acknowledgement(cursor))
                report()
                if not page.more:
                    self._reader_lag.caught_up()
                    await wait_until_woken(wake, POLL_SECONDS)

    async def trouble(self) -> str | None:
        await self._publisher.ping()
        return None

    @property
    def _cursor_name(self) -> str:
        return f"outbox:{self.name}"

    async def _look(self, cursor: Cursor) -> None:
        """Set the lag, and save the cursor in the publisher's database too: retention removes only what was read."""
        async with self._publisher.reading() as connection:
            self._lag.set(await count_unread(connection, cursor, MOST_COUNTED))
        if self._recorded != self._read:
            async with self._publisher.bookkeeping() as session:
                await save_cursor(session, self._consumer.service, self._read)
            self._recorded = self._read

    def _acknowledgement(self, cursor: Cursor) -> Callable[[], Awaitable[None]]:
        async def acknowledge() -> None:
            async with self._consumer.bookkeeping() as session:
                await save_cursor(session, self._cursor_name, cursor)
            self._read = cursor

        return acknowledge
