"""Hourly maintenance of a service's database: partitions for the coming days, and removal of old rows.

It works on a connection of its own as the user who owns the tables, which the service's role may not be.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from shared.log.topics import RETENTION as KAFKA_RETENTION
from shared.platform.retention import Retention, oldest_kept, remove_old, trim_inbox, trim_log
from shared.runtime.clock import Clock
from shared.runtime.database import Database, driver_connection
from shared.runtime.loops import Liveness, Loop
from shared.runtime.metrics import OLDEST_ROW, ROWS_REMOVED
from shared.runtime.partitions import make_partitions
from shared.runtime.settings import Settings

INTERVAL_SECONDS = 3600.0
REPORT_SECONDS = 15.0
CLOSE_SECONDS = 5.0
_LOCK = 0x6B656570  # "keep": one process maintains a database at a time


IDEMPOTENCY = Retention("idempotency_keys", "created_at")
AUDIT = Retention("audit", "at", "action")


@dataclass(frozen=True)
class Maintenance:
    """`log_retention`: how long events are kept after all `readers` have read them; None for ever.

    `retention`: that of other tables, in time of `clock`, as their rows are stamped.
    """

    database: Database
    clock: Clock
    readers: Collection[str]
    log_retention: timedelta | None
    retention: Mapping[Retention, timedelta]

    @classmethod
    def of(
        cls,
        settings: Settings,
        database: Database,
        clock: Clock,
        *,
        readers: Collection[str],
        retention: Mapping[Retention, timedelta],
    ) -> Self:
        """By the settings of every service; `retention` of its own tables."""
        return cls(
            database,
            clock,
            readers,
            timedelta(days=settings.log_retention_days) if settings.log_retention_days else None,
            {
                IDEMPOTENCY: timedelta(days=settings.idempotency_retention_days),
                **retention,
                AUDIT: timedelta(days=365.25 * settings.audit_retention_years),
            },
        )

    def loop(self) -> Loop:
        async def run(liveness: Liveness) -> None:
            while True:
                await self.work()
                for _ in range(int(INTERVAL_SECONDS / REPORT_SECONDS)):
                    liveness.report()
                    await asyncio.sleep(REPORT_SECONDS)

        return run

    async def work(self) -> None:
        """One round; does nothing while another process is at it."""
        async with self._owner() as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                return
            now = await connection.fetchval("SELECT now()")
            await make_partitions(connection, "outbox", now.astimezone(UTC).date())
            await make_partitions(connection, "inbox", self.clock.now().astimezone(UTC).date())
            if self.log_retention is not None:
                await self._trim_log_and_inbox(connection, now, self.log_retention)
            for rule, age in self.retention.items():
                removed = await remove_old(connection, rule, self.clock.now() - age)
                await self._record_metrics(connection, rule.table, rule.column, removed)

    async def _trim_log_and_inbox(self, connection: Any, now: datetime, retention: timedelta) -> None:
        """By the server's clock, which stamps their rows. The inbox is kept until Kafka has no copy of an event either."""
        removed = await trim_log(connection, self.readers, (now - retention).date())
        await self._record_metrics(connection, "outbox", "written_at", removed)
        today = self.clock.now().astimezone(UTC).date()
        removed = await trim_inbox(connection, today, now - retention - KAFKA_RETENTION)
        await self._record_metrics(connection, "inbox", "received_at", removed)

    async def _record_metrics(self, connection: Any, table: str, column: str, removed: int) -> None:
        ROWS_REMOVED.labels(self.database.service, table).inc(removed)
        oldest = await oldest_kept(connection, table, column)
        OLDEST_ROW.labels(self.database.service, table).set(oldest.timestamp() if oldest else 0)

    @asynccontextmanager
    async def _owner(self) -> AsyncIterator[Any]:
        connection = await driver_connection(self.database)
        try:
            yield connection
        finally:
            await connection.close(timeout=CLOSE_SECONDS)
