"""Puts a service's outbox on the bus: the log reader named `kafka`. One is active per service."""

import asyncio
import logging
from typing import Any

from sqlalchemy import text

from shared.bus import Publisher
from shared.database import Database, driver_connection
from shared.log_reader import load_cursor, read_page, save_cursor
from shared.loops import Loop, Pulse
from shared.metrics import RELAY_DRAINED, RELAYED

logger = logging.getLogger(__name__)

CURSOR = "kafka"
CHANNEL = "dondoc_outbox"
LOCK = 0x72656C6179  # "relay"
PAGE = 500
POLL_SECONDS = 1.0
QUIET_SECONDS = 0.02  # commits within this time are told once


def relay_loop(service: str, database: Database, publisher: Publisher) -> Loop:
    """A loop that relays while it holds the service's lock, and stands by while another does."""

    async def run(pulse: Pulse) -> None:
        wake = asyncio.Event()
        lock = await driver_connection(database)
        try:
            await lock.add_listener(CHANNEL, lambda *_: wake.set())
            while not await lock.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                pulse.beat()
                await asyncio.sleep(POLL_SECONDS)
            await _relay(service, database, publisher, pulse, wake=wake, lock=lock)
        finally:
            await lock.close(timeout=POLL_SECONDS)

    return run


async def _relay(
    service: str, database: Database, publisher: Publisher, pulse: Pulse, *, wake: asyncio.Event, lock: Any
) -> None:
    async with database.reading() as connection:
        cursor = await load_cursor(connection, CURSOR)
    while not lock.is_closed():  # without the lock another relay may be at work
        wake.clear()
        async with database.reading() as connection:
            page = await read_page(connection, cursor, PAGE)
        if page.events:
            await publisher.publish(page.events)
            RELAYED.labels(service).inc(len(page.events))
            async with database.transaction() as session:
                await save_cursor(session, CURSOR, page.cursor)
        cursor = page.cursor
        pulse.beat()
        if not page.more:
            RELAY_DRAINED.labels(service).set_to_current_time()
            await _wait(wake)
    raise ConnectionError("lost the relay's lock")


async def _wait(wake: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(POLL_SECONDS):
            await wake.wait()
    except TimeoutError:
        return


def notifier_loop(database: Database) -> Loop:
    """Tells relays in other processes of commits here, after the commit and at most once per quiet time.

    NOTIFY inside the write transaction would put all commits in one queue (DESIGN: 10,464 -> 2,345 commits/s).
    """
    committed = asyncio.Event()
    database.on_commit(committed.set)

    async def run(pulse: Pulse) -> None:
        while True:
            pulse.beat()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await committed.wait()
            except TimeoutError:
                continue
            committed.clear()
            async with database.reading() as connection:
                await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
            await asyncio.sleep(QUIET_SECONDS)

    return run
