"""Stable reads: up to which instant everything that is recorded has been committed.

A change is recorded under the instant at which it is made but visible only once it commits. A figure read in between,
known at that instant, would differ later. So every write transaction takes an advisory lock on the second in which it
begins (`Database.change`), and a stable read is known at an instant before the oldest of them. Both instants are the
database's, unless the suite's clock is simulated.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.runtime.clock import Clock, local_instant

_CLASS = 0x646F6E64  # "dond": upper half of the lock's key; the lower is the second in which the change began
# The lock comes first: PostgreSQL evaluates a SELECT's columns from left to right.
_ANNOUNCE = text(
    """
    SELECT pg_advisory_xact_lock_shared(
               (CAST(:class AS bigint) << 32) | (CAST(floor(extract(epoch FROM instant)) AS bigint) & 4294967295)
           ),
           clock_timestamp()
    FROM coalesce(CAST(:simulated AS timestamptz), clock_timestamp()) AS instant
    """
)
# statement_timestamp: before the locks are looked at, so that what is announced later is recorded later.
_OLDEST = text(
    """
    SELECT statement_timestamp(), min(CAST(objid AS bigint)) FROM pg_locks
    WHERE locktype = 'advisory' AND CAST(classid AS bigint) = :class AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
)
_OLDEST_XID = text("SELECT CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text)")
_LATER = text(
    """
    SELECT EXISTS (
        SELECT FROM outbox WHERE xid >= CAST(CAST(:xid AS text) AS xid8) AND time > :known_at
            AND written_at > statement_timestamp() - interval '1 day'
    )
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


class Moment(NamedTuple):
    """The instants of a stable read: now, and the one up to which recorded facts count.

    `complete`: all that the snapshot sees is recorded up to `known_at`, so that tables of the present answer for it.
    """

    now: datetime
    known_at: datetime
    complete: bool = False


async def announce_write(session: AsyncSession, clock: Clock) -> datetime:
    """Lock the second in which a write transaction begins, until it ends; returns the instant that it records."""
    simulated = clock.now() if clock.simulated else None
    announced = await session.execute(_ANNOUNCE, {"class": _CLASS, "simulated": simulated})
    _, instant = announced.one()
    return clock.now() if clock.simulated else instant


async def latest_stable_moment(
    connection: AsyncConnection, clock: Clock, known_at: datetime | None = None
) -> Moment:
    """Known at `known_at` or now, and in any case before the oldest change under way.

    A future instant counts as now, since later records would change its answer. Read the figures after this, in a
    snapshot; `connection` is without a transaction.
    """
    now = clock.now() if clock.simulated else None
    arrived, oldest = (await connection.execute(_OLDEST, {"class": _CLASS})).one()
    now = now or arrived
    known = min(known_at or now, now)
    if oldest is not None:
        known = min(known, datetime.fromtimestamp(oldest, UTC) - timedelta(microseconds=1))
    return Moment(now, known)


async def oldest_xid(connection: AsyncConnection) -> str:
    """A transaction id that all have reached which are not committed yet."""
    return str(await connection.scalar(_OLDEST_XID))


async def is_complete(connection: AsyncConnection, moment: Moment, xid: str) -> bool:
    """True if nothing that `connection` sees is recorded after `moment`; `xid` was the oldest one before it.

    False also while a change is under way: others may have been recorded since it began.
    """
    if moment.known_at < moment.now:
        return False
    return not await connection.scalar(_LATER, {"xid": xid, "known_at": moment.known_at})
