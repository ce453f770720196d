"""Keys that were revoked before they expired: a table in every service's database, and a copy of it in memory.

`dondoc keys revoke` writes the entry to every database and an event to the log of tasks. The entry makes it quick, the
event makes it certain: each service's consumer writes the same entry, also in a database that could not be reached
when the key was revoked, or that was restored from a backup.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Column, DateTime, Table, Text, bindparam, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Unavailable
from shared.events.envelope import EventData
from shared.events.tasks import KeyRevoked
from shared.log.inbox import EventMetadata, Handler
from shared.runtime.clock import Clock
from shared.runtime.database import Database, platform_metadata
from shared.runtime.metrics import REVOCATION_FAILURES

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 0.5  # with the log's poll of one second a revocation is known everywhere within 2 s
READ_TIMEOUT_SECONDS = 2.0
FIRST_READ_TIMEOUT_SECONDS = (
    10.0  # there is no earlier list to go on with, and a busy server takes its time to connect
)
# Longer without a refresh, and no key is accepted. Shorter would refuse the operators' own scrapes while a PostgreSQL
# restarts; the routes that read or change data need the same database, so a revoked key gains nothing until then.
STALE_SECONDS = 60.0
TROUBLE_SECONDS = 10.0

revoked_keys = Table(
    "revoked_keys",
    platform_metadata,
    Column("prefix", Text, primary_key=True),
    Column("revoked_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),  # afterwards the entry has no effect
)

_IN_EFFECT = select(revoked_keys.c.prefix).where(
    or_(revoked_keys.c.expires_at.is_(None), revoked_keys.c.expires_at > bindparam("now"))
)


async def record_revocation(
    session: AsyncSession, prefix: str, *, at: datetime, expires_at: datetime | None
) -> bool:
    """Record that a key ends; false when it was recorded before. Writing it again changes nothing."""
    recorded = await session.execute(
        insert(revoked_keys)
        .values(prefix=prefix, revoked_at=at, expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(revoked_keys.c.prefix)
    )
    return recorded.one_or_none() is not None


async def _record(session: AsyncSession, event: EventData, _: EventMetadata) -> None:
    assert isinstance(event, KeyRevoked)  # noqa: S101 - the consumer parses by type
    await record_revocation(session, event.prefix, at=event.revoked_at, expires_at=event.expires_at)


# By source and event type; every service's consumer of that source has them.
REVOCATION_HANDLERS: Mapping[str, Mapping[str, Handler]] = {"tasks": {KeyRevoked.event_type: _record}}


class Revocations:
    """The prefixes of revoked keys that have not expired, cached for half a second.

    One read at a time: callers meanwhile wait for it.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._prefixes: frozenset[str] = frozenset()
        self._read_at: float | None = None  # monotonic, when the last successful reading began
        self._tried_at: float | None = None
        self._reading = asyncio.Lock()
        REVOCATION_FAILURES.labels(database.service)

    async def current(self) -> frozenset[str]:
        """The revoked prefixes. Raises Unavailable when they could not be read for a minute."""
        if _age(self._tried_at) > REFRESH_SECONDS:
            async with self._reading:
                if _age(self._tried_at) > REFRESH_SECONDS:
                    await self._read()
        if _age(self._read_at) > STALE_SECONDS:
            raise _unavailable()
        return self._prefixes

    async def trouble(self) -> str | None:
        """The reason for which revocations are not known, for /readyz; None while they are."""
        try:
            await self.current()
        except Unavailable:
            return "revoked keys are not known: no key is accepted"
        age = _age(self._read_at)
        return f"revoked keys not read for {age:.0f} s" if age > TROUBLE_SECONDS else None

    async def _read(self) -> None:
        began = time.monotonic()
        limit = FIRST_READ_TIMEOUT_SECONDS if self._read_at is None else READ_TIMEOUT_SECONDS
        try:
            async with asyncio.timeout(limit), self._database.reading() as connection:
                found = await connection.scalars(_IN_EFFECT, {"now": self._clock.now()})
                self._prefixes, self._read_at = frozenset(found), began
        except (OSError, SQLAlchemyError) as error:  # OSError: the time-out too
            REVOCATION_FAILURES.labels(self._database.service).inc()
            logger.warning("revoked keys could not be read", extra={"cause": type(error).__name__})
        self._tried_at = time.monotonic()


def _age(instant: float | None) -> float:
    return float("inf") if instant is None else time.monotonic() - instant


def _unavailable() -> Unavailable:
    return Unavailable(
        "database_unavailable",
        "Chưa đọc được danh sách khóa đã thu hồi nên chưa nhận khóa nào. Gửi lại sau ít giây.",
        "The list of revoked keys cannot be read, so no key is accepted now. Send the request again in a few seconds.",
    )
