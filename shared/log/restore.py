"""Completing the log after its database was restored into another PostgreSQL cluster (shared/log/identity.py says why).

Every transaction id of the log is drawn anew, positions in it begin again, and it gets a new id, by which cursors in
other hands are recognised. All events that are kept are read once more: the inboxes drop those that have taken effect.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from shared.log.relay import CURSOR as RELAY
from shared.runtime.database import Database, driver_connection

CLOSE_SECONDS = 5.0
_IS_NATIVE = "SELECT cluster = system_identifier FROM log_identity CROSS JOIN pg_control_system() FOR UPDATE OF log_identity"
_DRAW_IDS = "UPDATE outbox SET xid = pg_current_xact_id()"
# Positions in other logs carry those logs' ids. What has none was saved before logs had ids.
_BEGIN_AGAIN = "DELETE FROM log_cursors WHERE name NOT LIKE 'outbox:%' OR log_id IS NULL"
_MAKE_NATIVE = (
    "UPDATE log_identity SET log_id = gen_random_uuid(), cluster = system_identifier FROM pg_control_system()"
)


@dataclass(frozen=True, slots=True)
class Restored:
    """Numbers of the events that will be read again, and of the positions that begin again."""

    events: int
    positions: int


async def is_native(database: Database) -> bool:
    """True if the log is of this cluster, so that nothing needs to be done."""
    async with _owner(database) as connection:
        return bool(await connection.fetchval(_IS_NATIVE))


async def restore_log(database: Database, *, force: bool = False) -> Restored | None:
    """Make the log one of this cluster; None where it is already, unless `force`. All in one transaction."""
    async with _owner(database) as connection:
        async with connection.transaction():
            if await connection.fetchval(_IS_NATIVE) and not force:
                return None
            events = _count(await connection.execute(_DRAW_IDS))
            positions = _count(await connection.execute(_BEGIN_AGAIN))
            await connection.execute(_MAKE_NATIVE)
        await connection.execute("ANALYZE outbox")
        return Restored(events, positions)


async def rewind_relay(database: Database) -> bool:
    """Have the relay publish its log from the beginning when it starts next; false where it stands there already."""
    async with _owner(database) as connection:
        return _count(await connection.execute("DELETE FROM log_cursors WHERE name = $1", RELAY)) > 0


def _count(tag: str) -> int:
    return int(tag.rpartition(" ")[2])  # "UPDATE 5"


@asynccontextmanager
async def _owner(database: Database) -> AsyncIterator[Any]:
    """The service's role may not own the tables, and its statements have a time limit."""
    connection = await driver_connection(database)
    try:
        yield connection
    finally:
        await connection.close(timeout=CLOSE_SECONDS)
