"""The log within one process: the consumer reads the publisher's outbox with a cursor kept in its own database."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from shared.bus import Batch
from shared.database import Database
from shared.log_reader import Cursor, load_cursor, read_page, save_cursor

BATCH = 200
POLL_SECONDS = 1.0  # the fallback; a commit in this process wakes the reader at once


class OutboxSource:
    """The outbox of `publisher`, read on behalf of the service that owns `consumer`."""

    def __init__(self, name: str, publisher: Database, consumer: Database) -> None:
        self.name = name
        self._publisher = publisher
        self._consumer = consumer
        self._wake = asyncio.Event()
        publisher.on_commit(self._wake.set)

    async def batches(self, beat: Callable[[], None]) -> AsyncGenerator[Batch, None]:
        async with self._consumer.reading() as connection:
            cursor = await load_cursor(connection, self._cursor_name)
        while True:
            self._wake.clear()
            async with self._publisher.reading() as connection:
                page = await read_page(connection, cursor, BATCH)
            cursor = page.cursor
            if page.events:
                yield Batch(page.events, self._acknowledgement(cursor))
            beat()
            if not page.more:
                await self._wait()

    async def trouble(self) -> str | None:
        await self._publisher.ping()
        return None

    @property
    def _cursor_name(self) -> str:
        return f"outbox:{self.name}"

    def _acknowledgement(self, cursor: Cursor) -> Callable[[], Awaitable[None]]:
        async def acknowledge() -> None:
            async with self._consumer.transaction() as session:
                await save_cursor(session, self._cursor_name, cursor)

        return acknowledge

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return
