"""Stable reads: up to which instant everything that is recorded has been committed.

A change is recorded under the instant at which it is made but seen only once it commits. A figure asked in between,
known at that instant, would come back different later. So every write transaction takes an advisory lock on the second
in which it begins (`Database.change`), and a figure that must hold for ever is asked no later than before the oldest
of them.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

_CLASS = 0x646F6E64  # "dond": upper half of the lock's key; the lower is the second in which the change began
_ANNOUNCE = text("SELECT pg_advisory_xact_lock_shared(:key)")
_OLDEST = text(
    """
    SELECT min(CAST(objid AS bigint)) FROM pg_locks
    WHERE locktype = 'advisory' AND CAST(classid AS bigint) = :class AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
)


async def announce_write(session: AsyncSession, now: datetime) -> None:
    """Lock the second in which a write transaction begins, until it ends; the instant it records must be read after this."""
    await session.execute(_ANNOUNCE, {"key": _CLASS << 32 | int(now.timestamp()) & 0xFFFFFFFF})


async def settled(connection: AsyncConnection, known_at: datetime) -> datetime:
    """`known_at`, or the last instant before the oldest change under way. Read the figures after this, in a snapshot."""
    oldest = (await connection.execute(_OLDEST, {"class": _CLASS})).scalar_one()
    if oldest is None:
        return known_at
    return min(known_at, datetime.fromtimestamp(oldest, UTC) - timedelta(microseconds=1))
