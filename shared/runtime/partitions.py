"""Daily partitions of the tables that grow without end (outbox, inbox), made ahead of the days they are for.

A partition's name gives its bounds: `outbox_20261128` has the rows of that day in UTC, `outbox_until_20261128` all
older ones, from before the table was partitioned. A row whose day has no partition goes to `outbox_default` and stays
there: no write fails because partitions are made late.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import DDL

PARTITION_KEYS = {"outbox": "written_at", "inbox": "event_day"}
AHEAD_DAYS = 7
LOCK_TIMEOUT = "1s"  # ATTACH and DROP wait for locks on the table, and other statements queue behind them
_LOCK = 0x646179  # "day": one process makes or drops partitions of a database at a time
_NAME = re.compile(r"(?P<table>[a-z]+)_(?P<until>until_)?(?P<day>\d{8})")


def made_with(*partitions: str) -> list[tuple[str, DDL]]:
    """Listeners for a Table, by which these statements follow its CREATE TABLE."""
    return [("after_create", DDL(statement)) for statement in partitions]  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Partition:
    """`until`: its rows are of days before it."""

    name: str
    until: date
    day: date | None


async def list_partitions(connection: Any, table: str) -> list[Partition]:
    """The partitions of days, the oldest first; without the default one."""
    rows = await connection.fetch(
        "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = to_regclass($1)",
        table,
    )
    found = [_parsed(row["relname"]) for row in rows]
    return sorted((each for each in found if each), key=lambda each: each.until)


def _parsed(name: str) -> Partition | None:
    match = _NAME.fullmatch(name)
    if not match:
        return None
    day = date.fromisoformat(match["day"])
    return Partition(name, day, None) if match["until"] else Partition(name, day + timedelta(days=1), day)


async def make_partitions(connection: Any, table: str, today: date) -> None:
    """Make the partitions of `today` and the days after it. `connection` is asyncpg's, of the table's owner."""
    known = await list_partitions(connection, table)
    days = {each.day for each in known}
    first = max((each.until for each in known if each.day is None), default=date.min)
    for day in (today + timedelta(days=n) for n in range(AHEAD_DAYS + 1)):
        if day >= first and day not in days:
            await _make(connection, table, day)


async def _make(connection: Any, table: str, day: date) -> None:
    """Make a day's partition, unless rows of that day are in the default one already.

    By ATTACH PARTITION: others can read and write the table meanwhile.
    """
    name, key = f"{table}_{day:%Y%m%d}", PARTITION_KEYS[table]
    first, last = (f"'{each} 00:00+00'" for each in (day, day + timedelta(days=1)))
    async with connection.transaction():
        await lock_partitions(connection)
        if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name) or await connection.fetchval(
            f"SELECT EXISTS (SELECT FROM {table}_default WHERE {key} >= {first} AND {key} < {last})"  # noqa: S608
        ):
            return
        await connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS)")
        await connection.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({last})"
        )


async def lock_partitions(connection: Any) -> None:
    """Lock out other makers and droppers of partitions until the transaction ends; set `lock_timeout`."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
