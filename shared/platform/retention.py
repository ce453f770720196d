"""The retention of rows, and their removal: whole days of the log and the inbox, the others in batches.

What is removed is counted by day and kind in `removed_rows`, so that sums over time stay known.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import BigInteger, Column, Date, Table, Text

from shared.log.cursors import TRIMMED, Cursor
from shared.runtime.database import platform_metadata
from shared.runtime.partitions import list_partitions, lock_partitions

BATCH = 5_000  # rows that one short transaction removes

removed_rows = Table(
    "removed_rows",
    platform_metadata,
    Column("table_name", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

_COUNT = """
INSERT INTO removed_rows (table_name, day, kind, count)
SELECT '{table}', CAST({at} AT TIME ZONE 'UTC' AS date), {kind}, count(*) FROM {source} GROUP BY 2, 3
ON CONFLICT (table_name, day, kind) DO UPDATE SET count = removed_rows.count + excluded.count
"""


_SAVE = """
INSERT INTO log_cursors (name, seen, upto, last_id, moved_at) VALUES ($1, $2, $2, $3, now())
ON CONFLICT (name) DO UPDATE SET seen = excluded.seen, upto = excluded.upto, last_id = excluded.last_id, moved_at = now()
"""


@dataclass(frozen=True, slots=True)
class Retention:
    """The age of a row of `table` is that of `column`, an instant; removed rows are counted by `kind`.

    `kind` and `condition` (which rows may be removed) are SQL expressions over the row.
    """

    table: str
    column: str
    kind: str = "''"
    condition: str = "true"


LOG = Retention("outbox", "written_at", "type")
INBOX = Retention("inbox", "received_at", "source")


def _counting(rule: Retention, at: str, kind: str, source: str) -> str:
    table = rule.table.removesuffix("_default").removesuffix("_undated")
    return _COUNT.format(table=table, at=at, kind=kind, source=source)


async def remove_old(connection: Any, rule: Retention, before: datetime) -> int:
    """Remove rows older than `before`, in batches; returns how many. `connection` is asyncpg's, of the table's owner."""
    counting = _counting(rule, "at", "kind", "gone")
    statement = f"""
        WITH gone AS (
            DELETE FROM {rule.table} WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM {rule.table} WHERE {rule.column} < $1 AND {rule.condition} LIMIT {BATCH}
            )) RETURNING {rule.column} AS at, {rule.kind} AS kind
        ), counted AS ({counting})
        SELECT count(*) FROM gone
    """  # noqa: S608 - put together from constants
    removed = 0
    while count := await connection.fetchval(statement, before):
        removed += count
    return removed


async def oldest_kept(connection: Any, table: str, column: str) -> datetime | None:
    found: datetime | None = await connection.fetchval(f"SELECT min({column}) FROM {table}")  # noqa: S608
    return found


async def trim_log(connection: Any, readers: Collection[str], before: date) -> int:
    """Remove events written before the day `before` that all `readers` (names in log_cursors) have passed.

    Returns how many. A reader that has no cursor yet has passed nothing.
    """
    rows = await connection.fetch(
        "SELECT name, seen, upto, last_id FROM log_cursors WHERE name = ANY ($1)", [*readers, TRIMMED]
    )
    cursors = {name: Cursor(seen, upto, last_id) for name, seen, upto, last_id in rows}
    trimmed = cursors.pop(TRIMMED, Cursor())
    if len(cursors) < len(set(readers)):
        return 0
    removed = 0
    for partition in [each for each in await list_partitions(connection, "outbox") if each.until <= before]:
        trimmed = await _end_of(connection, partition.name, trimmed)
        if not all(cursor.has_passed(trimmed) for cursor in cursors.values()):
            return removed
        removed += await _drop(connection, partition.name, LOG, trimmed)
    return removed + await _trim_unpartitioned_log(connection, list(cursors.values()), trimmed, before)


async def _trim_unpartitioned_log(
    connection: Any, cursors: Sequence[Cursor], trimmed: Cursor, before: date
) -> int:
    instant = datetime.combine(before, time(), UTC)
    trimmed = await _end_of(connection, "outbox_default", trimmed, instant)
    if not all(cursor.has_passed(trimmed) for cursor in cursors):
        return 0
    await connection.execute(_SAVE, TRIMMED, trimmed.seen, trimmed.last_id)
    return await remove_old(connection, replace(LOG, table="outbox_default"), instant)


async def _end_of(connection: Any, table: str, trimmed: Cursor, before: datetime | None = None) -> Cursor:
    """The cursor after the events of `table` written before `before`, and after all that were removed."""
    xid, last_id = await connection.fetchrow(
        f"SELECT CAST(CAST(max(xid) AS text) AS bigint), max(id) FROM {table} WHERE written_at < $1 OR $1 IS NULL",  # noqa: S608
        before,
    )
    if xid is None:
        return trimmed
    oldest = max(xid + 1, trimmed.oldest_running)
    return Cursor(f"{oldest}:{oldest}:", f"{oldest}:{oldest}:", max(last_id, trimmed.last_id))


async def trim_inbox(connection: Any, today: date, received_before: datetime) -> int:
    """Remove inbox rows received before `received_before` of events before `today`; returns how many."""
    removed = 0
    for partition in [each for each in await list_partitions(connection, "inbox") if each.until <= today]:
        newest = await connection.fetchval(f"SELECT max(received_at) FROM {partition.name}")  # noqa: S608
        if newest is None or newest < received_before:
            removed += await _drop(connection, partition.name, INBOX)
    for table in ("inbox_undated", "inbox_default"):
        removed += await remove_old(connection, replace(INBOX, table=table), received_before)
    return removed


async def _drop(connection: Any, partition: str, rule: Retention, trimmed: Cursor | None = None) -> int:
    """Drop a partition and count its rows; for one of the log, save the cursor up to which events were removed."""
    async with connection.transaction():
        await lock_partitions(connection)
        await connection.execute(_counting(rule, rule.column, rule.kind, partition))
        count: int = await connection.fetchval(f"SELECT count(*) FROM {partition}")  # noqa: S608
        if trimmed is not None:
            await connection.execute(_SAVE, TRIMMED, trimmed.seen, trimmed.last_id)
        await connection.execute(f"DROP TABLE {partition}")
    return count
