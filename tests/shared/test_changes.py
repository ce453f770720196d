"""Writing: a change is announced to stable reads before its instant is read, and there is no other way to write."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import shared
from shared.runtime.clock import Clock, ManualClock
from shared.runtime.database import Database
from shared.runtime.stable_reads import Moment, latest_stable_moment
from tests.conftest import PLATFORM, MakeDatabase

ROOT = Path(shared.__file__).parents[1]
BOOKKEEPERS = {
    "relay.py",
    "embedded.py",
    "deliveries.py",
    "upkeep.py",
    "projection.py",
}  # cursors of logs, leases, projections written anew from facts


class TickingClock(ManualClock):
    """Shows a later second each time it is read."""

    def now(self) -> datetime:
        self.advance(seconds=1)
        return super().now()


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    return await make_database(PLATFORM)


async def _settled(database: Database, clock: Clock) -> Moment:
    async with database.reading() as connection:
        return await latest_stable_moment(connection, clock)


async def test_a_change_is_announced_before_its_instant_is_read(
    database: Database, clock: ManualClock
) -> None:
    ticking = TickingClock(clock.now())
    async with database.change(ticking) as (_, at):
        assert (await _settled(database, ticking)).known_at < at
    now, known, _ = await _settled(database, ticking)
    assert known == now


async def test_a_change_stands_as_a_whole_or_not_at_all(database: Database, clock: ManualClock) -> None:
    class Broken(Exception): ...

    heard: list[int] = []
    database.on_commit(lambda: heard.append(1))
    with pytest.raises(Broken):  # noqa: PT012 - the block is what is tried
        async with database.change(clock) as (session, at):
            await session.execute(text("CREATE TABLE made (id int)"))
            assert at == clock.now()
            raise Broken
    async with database.reading() as connection:
        assert await connection.scalar(text("SELECT to_regclass('made')")) is None
    assert heard == []
    async with database.change(clock) as (session, _):
        await session.execute(text("CREATE TABLE made (id int)"))
    assert heard == [1]


async def test_only_a_transaction_writes(make_database: MakeDatabase, clock: ManualClock) -> None:
    """On one connection, in whatever order it is used: no session is left as the one before needed it."""
    database = Database((await make_database(PLATFORM)).url, pool_size=1)
    statement = text("INSERT INTO revoked_keys VALUES ('0123456789ab', now())")
    for _ in range(2):
        async with database.reading() as connection:
            with pytest.raises(DBAPIError, match="read-only transaction"):
                await connection.execute(statement)
        async with database.snapshot() as connection:
            with pytest.raises(DBAPIError, match="read-only transaction"):
                await connection.execute(statement)
        async with database.bookkeeping() as session:
            await session.execute(text("DELETE FROM revoked_keys"))
        async with database.change(clock) as (session, _):
            await session.execute(statement)
    await database.close()


def _files_with(pattern: str) -> set[str]:
    found = [path for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py")]
    return {path.name for path in found if re.search(pattern, path.read_text(encoding="utf-8"))}


def test_nothing_opens_a_transaction_of_its_own() -> None:
    opened = _files_with(r"\bAsyncSession\(|\bsessionmaker|\.engine\b.*\b(begin|connect)\(")
    assert opened == {
        "database.py",
        "annexes.py",
        "imports.py",
    }  # annexes are read and judged through a session on a reading connection
    assert _files_with(r"await announce_write\(") == {"database.py"}
    assert _files_with(r"\.bookkeeping\(") == BOOKKEEPERS
