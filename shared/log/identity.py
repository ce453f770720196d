"""Which log this is: a restore makes another one of it, and places in the one before mean nothing in it.

A place in the log is a matter of transaction ids, and these belong to a PostgreSQL cluster: a dump carries them into one
whose own ids start low. There restored events would stay invisible and readers wait for ids that come years later, in
silence. So the database keeps the cluster in which its log was written, and a `log_id`, which every cursor carries.
`dondoc restore` (shared/log/restore.py) makes the log one of the new cluster under a new id.
"""

import logging
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, Column, Table, Uuid, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Gone, Unavailable
from shared.log.cursors import TRIMMED, Cursor
from shared.runtime.database import Database, platform_metadata
from shared.runtime.health import Check
from shared.runtime.loops import LoopStopped
from shared.runtime.metrics import LOG_UNRESTORED
from shared.runtime.partitions import made_with

logger = logging.getLogger(__name__)

# One row. `cluster` is the system identifier that initdb draws (pg_control_system), 0 where it is unknown.
log_identity = Table(
    "log_identity",
    platform_metadata,
    Column("log_id", Uuid, primary_key=True),
    Column("cluster", BigInteger, nullable=False),
    listeners=made_with(
        "INSERT INTO log_identity SELECT gen_random_uuid(), system_identifier FROM pg_control_system()"
    ),
)

_STATE = text(
    """
    SELECT log_identity.log_id, cluster = system_identifier,
           CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint), seen, upto, last_id
    FROM log_identity CROSS JOIN pg_control_system() LEFT JOIN log_cursors ON name = :trimmed
    """
)
UNRESTORED = "the log is of another PostgreSQL cluster: run `dondoc restore`"


class LogUnrestored(LoopStopped):
    """The database came from another cluster, and the steps after a restore were not done: nothing is read until then."""

    def __init__(self) -> None:
        super().__init__(UNRESTORED)


@dataclass(frozen=True, slots=True)
class _Log:
    """`native`: written by this cluster, or made its own by a restore. `trimmed`: the cursor up to which events were removed."""

    log_id: UUID
    native: bool
    next_transaction: int
    trimmed: Cursor

    def has(self, cursor: Cursor) -> bool:
        """True for a place in this log; one ahead of the cluster is of a future that a restore has undone."""
        known = cursor.log_id in {self.log_id, None} and cursor.next_transaction <= self.next_transaction
        return cursor.at_start or known

    def has_removed_after(self, cursor: Cursor) -> bool:
        """True if events that `cursor` has not read were removed; never for a cursor at the start."""
        return not (cursor.at_start or cursor.has_passed(self.trimmed))


async def _read(connection: AsyncConnection) -> _Log:
    row = (await connection.execute(_STATE, {"trimmed": TRIMMED})).one()
    log_id, native, next_transaction, *trimmed = row
    return _Log(log_id, native, next_transaction, Cursor() if trimmed[0] is None else Cursor(*trimmed))


async def refuse_unusable(connection: AsyncConnection, cursor: Cursor) -> None:
    """Raise Gone where `cursor` is of another log, or events after it were removed; Unavailable in a log not restored.

    Call it after reading: events are removed in the transaction that records up to where.
    """
    log = await _read(connection)
    if not log.native and cursor.at_start:
        raise Unavailable(
            "log_unrestored",
            "Cơ sở dữ liệu đã được phục hồi từ bản sao lưu nhưng chưa hoàn tất: người vận hành chạy `dondoc restore`, sau đó "
            "đọc dòng thay đổi từ đầu.",
            "The database was restored from a backup, and the restore is not complete: its operator runs `dondoc restore`; "
            "read the changes from their beginning afterwards.",
        )
    if not log.native or not log.has(cursor):
        raise Gone(
            "cursor_of_another_log",
            "Con trỏ này thuộc dòng thay đổi trước khi cơ sở dữ liệu được phục hồi: đọc lại các danh sách hiện tại, rồi đọc "
            "dòng thay đổi từ đầu, không có after.",
            "The cursor is of the changes before the database was restored: read the present lists again, then the changes "
            "from their beginning, without after.",
            field="after",
        )
    if log.has_removed_after(cursor):
        raise _expired()


def _expired() -> Gone:
    return Gone(
        "cursor_expired",
        "Các thay đổi sau con trỏ này đã quá thời hạn lưu và đã được xóa: đọc lại các danh sách hiện tại, rồi đọc dòng thay "
        "đổi từ đầu, không có after.",
        "Changes after this cursor are past their retention and were removed: read the present lists again, then the "
        "changes from their beginning, without after.",
        field="after",
    )


async def resume(connection: AsyncConnection, cursor: Cursor, service: str) -> Cursor:
    """The cursor from which a reader of the log of `service` goes on: its `cursor`, or the beginning where that is of another log.

    Events that it reads again are dropped by the inboxes. Raises LogUnrestored, and Gone where events after the cursor were removed.
    """
    log = await _read(connection)
    LOG_UNRESTORED.labels(service).set(not log.native)
    if not log.native:
        raise LogUnrestored
    if not log.has(cursor):
        logger.warning(
            "the log was restored since it was read: read from its beginning", extra={"of": service}
        )
        return Cursor()
    if log.has_removed_after(cursor):
        raise _expired()
    return cursor


def log_check(database: Database) -> Check:
    """Fails while the steps after a restore are not done."""
    LOG_UNRESTORED.labels(database.service)

    async def check() -> str | None:
        async with database.reading() as connection:
            native = (await _read(connection)).native
        LOG_UNRESTORED.labels(database.service).set(not native)
        return None if native else UNRESTORED

    return check
