"""A service's own PostgreSQL database: the one way to write, `Database.change`, and reads without a transaction."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

import asyncpg
from sqlalchemy import (
    ARRAY,
    URL,
    CheckConstraint,
    Date,
    DateTime,
    MetaData,
    Numeric,
    Row,
    Select,
    Text,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import registry
from sqlalchemy.pool import ConnectionPoolEntry

from shared.runtime.clock import Clock
from shared.runtime.metrics import POOL_SIZE
from shared.runtime.pool_queue import PoolQueue
from shared.runtime.stable_reads import (
    Moment,
    announce_write,
    is_complete,
    latest_stable_moment,
    oldest_xid,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
# The platform tables (outbox, inbox, audit, keys ...): every service's database has them.
platform_metadata = MetaData(naming_convention=NAMING)

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
AnySelect: TypeAlias = Select[*tuple[Any, ...]]


def own_registry() -> registry:
    """For a service's declarative base: metadata of its own, and the column types that every service's mappings use."""
    return registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            str: Text,
            date: Date,
            datetime: DateTime(timezone=True),
            Decimal: Numeric,
            list[str]: ARRAY(Text),
            dict[str, Any]: JSONB,
            list[dict[str, Any]]: JSONB,
        },
    )


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """CHECK that a column is one of these words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


STATEMENT_TIMEOUT_MS = 30_000  # longer work belongs in a worker, cut in pages
IDLE_TRANSACTION_TIMEOUT_MS = 60_000  # a crashed caller must not hold locks
TRANSACTION_TIMEOUT_MS = (
    3_600_000  # readers of the log rely on it: no older transaction can still add an event
)

# A connection idle longer in the pool is pinged at check-out. SQLAlchemy's pool_pre_ping does so each time,
# which costs three round trips, as many as a transaction of one statement has; a closed one is detected without a query.
PING_AFTER_SECONDS = 5.0

# A service may have fewer privileges than the user who connects (the embedded server's is a superuser): its
# migration then creates a role dondoc_<service>, and every connection does SET ROLE to it.
# A statement without a transaction around it only reads: transactions that write say READ WRITE (_Connection).
_PREPARE_SESSION = """
SELECT set_config('default_transaction_read_only', 'on', false),
       set_config('statement_timeout', $1, false),
       set_config('idle_in_transaction_session_timeout', $2, false),
       set_config('transaction_timeout', $3, false),
       set_config('jit', 'off', false), -- these queries are short; compiling them costs more than it saves
       (SELECT set_config('role', rolname, false) FROM pg_roles
        WHERE rolname = $4 AND rolname <> current_user AND pg_has_role(rolname, 'SET'))
"""


class _Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg ships no types
    """Begins transactions READ WRITE unless they are READ ONLY, whatever the session's default: no further round trip."""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - asyncpg's own
        if query.startswith("BEGIN") and "READ ONLY" not in query:
            query = query.replace(";", " READ WRITE;")
        return await super().execute(query, *args, timeout=timeout)


class Change(NamedTuple):
    """A write transaction, and the instant under which all that it writes is recorded."""

    session: AsyncSession
    at: datetime


@dataclass(frozen=True, slots=True)
class LateChange:
    """A write transaction with preparation; stable reads wait for it only once it is announced."""

    session: AsyncSession
    clock: Clock

    async def announce(self) -> datetime:
        """The instant under which all that is written from now on is recorded."""
        return await announce_write(self.session, self.clock)


class Database:
    """Engine, fair queue and transactions of one database.

    Callers wait in first-in-first-out order before they check a connection out; without that queue the
    pool serves late-comers first and the slowest percent waits seconds (measured: p99 1.39 s -> 50 ms).
    `application` is `dondoc-<service>`: PostgreSQL shows it whole, metrics name the service.
    """

    def __init__(self, url: URL, *, pool_size: int = 10, application: str = "dondoc") -> None:
        self.url = url
        self._application = application
        self.service = application.removeprefix("dondoc-")
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,  # an error's text goes to logs and terminals; its values may be secrets
            connect_args={
                "connection_class": _Connection,
                # PgBouncer takes these two at connect; the others (_PREPARE_SESSION) only as a statement
                "server_settings": {"application_name": application, "timezone": "UTC"},
            },
        )
        event.listen(self.engine.sync_engine, "connect", self._prepare_session)
        event.listen(self.engine.sync_engine, "checkin", self._note_checkin)
        event.listen(self.engine.sync_engine, "checkout", self._ping_if_idle)
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._queue = PoolQueue(pool_size, self.service)
        self._pool_size = pool_size
        POOL_SIZE.labels(self.service).inc(pool_size)
        self._on_commit: list[Callable[[], None]] = []

    def _prepare_session(self, connection: Any, _: object) -> None:
        cursor = connection.cursor()
        limits = [STATEMENT_TIMEOUT_MS, IDLE_TRANSACTION_TIMEOUT_MS, TRANSACTION_TIMEOUT_MS]
        cursor.execute(_PREPARE_SESSION, (*map(str, limits), f"dondoc_{self.service}"))
        cursor.close()
        connection.commit()

    def _note_checkin(self, _: object, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    def _ping_if_idle(self, connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        """Have the pool replace a connection that is dead."""
        if connection.driver_connection.is_closed():
            raise DisconnectionError
        now = time.monotonic()
        if now - record.info.get("idle_since", now) > PING_AFTER_SECONDS:
            try:
                self.engine.dialect.do_ping(connection)
            except self.engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error

    def on_commit(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after each committed transaction of this process, so that a log reader reads at once.

        Returns a function that removes it: a loop adds it again at every start.
        """
        self._on_commit.append(callback)
        return lambda: self._on_commit.remove(callback)

    @asynccontextmanager
    async def change(self, clock: Clock) -> AsyncIterator[Change]:
        """A transaction that commits when the block ends and rolls back when it raises.

        It is announced to stable reads before its instant is read: figures known at an earlier one do not wait for it.
        """
        async with self.late_change(clock) as late:
            yield Change(late.session, await late.announce())

    @asynccontextmanager
    async def late_change(self, clock: Clock) -> AsyncIterator[LateChange]:
        """As `change`, announced by the caller: for long preparation, during which stable reads should not wait."""
        async with self._transaction() as session:
            yield LateChange(session, clock)
        for callback in tuple(self._on_commit):
            callback()

    @asynccontextmanager
    async def bookkeeping(self) -> AsyncIterator[AsyncSession]:
        """A transaction for cursors of log readers, for leases and for projections written anew: no fact is recorded.

        It saves `change`'s round trip and calls no `on_commit`; everything else is written by `change`.
        """
        async with self._transaction() as session:
            yield session

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        async with (
            self._queue.turn(),
            AsyncSession(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection without a transaction: each statement sees what is committed when it starts, and none may write."""
        async with self._queue.turn(), self._autocommit.connect() as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A read-only transaction in which several statements see the same moment."""
        async with self._queue.turn(), self.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def stable_snapshot(
        self, clock: Clock, known_at: datetime | None, *, check_complete: bool = False
    ) -> AsyncIterator[tuple[AsyncConnection, Moment]]:
        """A snapshot for `known_at` or now, moved back before any change that was under way when it was opened.

        `check_complete` fills `Moment.complete`, by two further round trips.
        """
        async with self._queue.turn(), self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            xid = await oldest_xid(connection) if check_complete else None
            # before the snapshot, which must see what has ended since
            moment = await latest_stable_moment(connection, clock, known_at)
            await connection.rollback()
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with connection.begin():
                if xid is not None:
                    moment = moment._replace(complete=await is_complete(connection, moment, xid))
                yield connection, moment

    async def ping(self) -> None:
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    def another_pool(self, pool_size: int) -> "Database":
        """Connections of their own to the same database, for another event loop."""
        return Database(self.url, pool_size=pool_size, application=self._application)

    async def close(self) -> None:
        await self.engine.dispose()
        POOL_SIZE.labels(self.service).dec(self._pool_size)


async def driver_connection(database: Database) -> Any:
    """A connection of asyncpg's own outside the pool, for LISTEN and session locks; the caller closes it."""
    engine = create_async_engine(database.url, pool_size=1, max_overflow=0)
    connection = await engine.connect()
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection  # first: a detached connection no longer has it
    raw.detach()
    await engine.dispose()
    return driver
