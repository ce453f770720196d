"""Stable reads: up to which instant everything that is recorded has been committed.

A change is recorded under the instant at which it is made but visible only once it commits. A figure read in between,
known at that instant, would differ later. So every write transaction takes an advisory lock on the second in which it
begins (`Database.change`), and a stable read is known at an instant before the oldest of them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.runtime.clock import local_instant

_CLASS = 0x646F6E64  # "dond": upper half of the lock's key; the lower is the second in which the change began
_ANNOUNCE = text("SELECT pg_advisory_xact_lock_shared(:key)")
_OLDEST = text(
    """
    SELECT min(CAST(objid AS bigint)) FROM pg_locks
    WHERE locktype = 'advisory' AND CAST(classid AS bigint) = :class AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
)


@dataclass(frozen=True, slots=True)
class AsOf:
    """The day of a query, and the instant up to which recorded facts count."""

    as_of: date
    known_at: datetime

    @property
    def instant(self) -> datetime:
        """The last instant of the day that is known of."""
        last = local_instant(self.as_of + timedelta(days=1)) - timedelta(microseconds=1)
        return min(last, self.known_at)


async def announce_write(session: AsyncSession, now: datetime) -> None:
    """Lock the second in which a write transaction begins, until it ends; the instant it records must be read after this."""
    await session.execute(_ANNOUNCE, {"key": _CLASS << 32 | int(now.timestamp()) & 0xFFFFFFFF})


async def latest_stable_instant(connection: AsyncConnection, known_at: datetime) -> datetime:
    """`known_at`, or the last instant before the oldest change under way. Read the figures after this, in a snapshot."""
    oldest = (await connection.execute(_OLDEST, {"class": _CLASS})).scalar_one()
    if oldest is None:
        return known_at
    return min(known_at, datetime.fromtimestamp(oldest, UTC) - timedelta(microseconds=1))
