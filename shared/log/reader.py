"""Reading a log in commit order without gaps, by the difference of two snapshots.

`id > last` loses rows: ids are drawn before commit, so a reader passes those of a slow transaction.
A cursor is therefore two snapshots and a position: it lies in the rows that became visible between `seen` and
`upto`. When a page comes back short the window is exhausted, and the next one opens where it ended. Events of
one aggregate stay in order, because its row lock puts their commits in order.

The log is partitioned by the day on which an event was written. A cursor also carries the instant `since`, before which
no event that it has not read was written, so that the planner leaves older partitions out (90 of them: 6 ms a page
without it, 2 with it, 1 for a table that is not partitioned).
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.envelope import CloudEvent, schema_reference, service_of, wrap
from shared.log.cursors import NOTHING_SEEN, Cursor
from shared.runtime.metrics import LOG_LAG

# Above the age that a writing transaction can have (`transaction_timeout` in shared/runtime/database.py), with a margin
# for a server's clock that is set back.
SINCE_MARGIN = timedelta(days=1)


class LogRow(NamedTuple):
    """A row of the outbox with the attributes of a CloudEvent; `data` is JSON text.

    The relay need not parse it, and parsing is most of the cost of reading.
    """

    position: int
    id: UUID
    type: str
    subject: str
    sequence: str
    time: datetime
    data: str
    age: timedelta  # real time since it was written, by the database's clock

    @property
    def source(self) -> str:
        return _source(self.type)

    @property
    def dataschema(self) -> str:
        return _dataschema(self.type)

    def event(self) -> CloudEvent:
        return wrap(
            self.type,
            from_json(self.data),
            event_id=self.id,
            subject=self.subject,
            version=int(self.sequence),
            time=self.time,
        )


_dataschema = cache(schema_reference)  # types are few


@cache
def _source(event_type: str) -> str:
    return f"/dondoc/{service_of(event_type)}"


Event = TypeVar("Event", CloudEvent, LogRow)


@dataclass(frozen=True, slots=True)
class Page(Generic[Event]):
    """Events in order, and the cursor to read on from. `more` is false when the log was read to its end.

    `first_written`: when its first event was, by this process's monotonic clock.
    """

    events: Sequence[Event]
    cursor: Cursor
    more: bool
    first_written: float | None = None


# Subselects, so that a snapshot's words are read once per statement and not once per row.
_SEEN = "(SELECT CAST(CAST(:seen AS text) AS pg_snapshot))"
_UPTO = "(SELECT CAST(CAST(:upto AS text) AS pg_snapshot))"
_SINCE = (
    "written_at >= CAST(:since AS timestamptz)"  # a plain value, so that the planner leaves partitions out
)
_ROWS = (
    "SELECT id, event_id, type, subject, CAST(version AS text) AS version, time, CAST(data AS text) AS data, "
    "statement_timestamp() - written_at AS age"  # both by the database's clock
)
_WINDOW = f"pg_visible_in_snapshot(xid, {_UPTO}) AND NOT pg_visible_in_snapshot(xid, {_SEEN}) AND {_SINCE}"
# A new window is found by the index on xid, whatever the size of the log.
_FIRST = f"xid >= pg_snapshot_xmin({_SEEN}) AND xid < pg_snapshot_xmax({_UPTO}) AND {_WINDOW}"
# Within a window the next rows are those with the next ids. With a condition on xid as well, a prepared statement
# would sort the whole rest of the window for every page (20,000 rows: 120 ms a page instead of 4).
_NEXT = f"id > :last_id AND {_WINDOW}"
# A page ends with the event that brings it to so many characters of data: an event may have 900 KB.
PAGE_CHARACTERS = 4 * 1024 * 1024
# A filter is asked of so many rows at most, whatever lies between two that meet it: their last id is where the next page begins.
LOOKED_AT = 2_000
_UNREAD = text(
    f"""
    SELECT count(*) FROM (
        SELECT FROM outbox
        WHERE xid >= pg_snapshot_xmin({_SEEN}) AND NOT pg_visible_in_snapshot(xid, {_SEEN})
          AND NOT (pg_visible_in_snapshot(xid, {_UPTO}) AND id <= :last_id) AND {_SINCE}
        LIMIT :limit
    ) AS unread
    """  # noqa: S608 - put together from the constants above
)
_NOW = text(
    "SELECT CAST(pg_current_snapshot() AS text), statement_timestamp(), (SELECT log_id FROM log_identity)"
)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events a reader gets: a condition in SQL on the columns of `outbox`, and the values of its parameters."""

    condition: str
    values: Mapping[str, Any]


@cache  # conditions are constants of the services
def _pages(condition: str | None) -> tuple[TextClause, TextClause]:
    """The statements of a window's first page and of those after it."""
    cut = "ORDER BY id LIMIT"
    if condition is None:
        first, following = (
            f"""
            SELECT id, event_id, type, subject, version, time, data, age FROM (
                SELECT *, sum(length(data)) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) - length(data) AS before
                FROM ({_ROWS} FROM outbox WHERE {part} {cut} :limit) AS next
            ) AS found WHERE before < :page_characters ORDER BY id
            """  # noqa: S608 - put together from constants, as below
            for part in (_FIRST, _NEXT)
        )
    else:
        first, following = (
            f"""
            WITH looked_at AS MATERIALIZED (
                SELECT * FROM outbox WHERE {part} {cut} :looked_at
            ), met AS MATERIALIZED (
                SELECT *, sum(size) OVER (ORDER BY id) - size AS before FROM (
                    SELECT *, length(CAST(data AS text)) AS size FROM looked_at AS outbox
                    WHERE ({condition}) {cut} :limit) AS outbox
            )
            SELECT found.*, reached.* FROM (
                SELECT (SELECT max(id) FROM looked_at), (SELECT count(*) FROM looked_at), (SELECT count(*) FROM met)
            ) AS reached (id, looked_at, met)
            LEFT JOIN LATERAL ({_ROWS} FROM met WHERE before < :page_characters) AS found ON true ORDER BY found.id
            """  # noqa: S608 - put together from constants
            for part in (_FIRST, _NEXT)
        )
    return text(first), text(following)


class _Found(NamedTuple):
    """Rows of a window, and the id up to which it was looked at; None: to its end."""

    rows: Sequence[LogRow]
    looked_to: int | None


async def _find(
    connection: AsyncConnection, position: Cursor, limit: int, only: EventFilter | None, *, inside: bool
) -> _Found:
    values: dict[str, Any] = {**asdict(position), "limit": limit, "page_characters": PAGE_CHARACTERS}
    first, following = _pages(only.condition if only else None)
    statement = following if inside else first
    if only is None:
        rows = [LogRow._make(row) for row in await connection.execute(statement, values)]
        is_full = len(rows) == limit or sum(len(row.data) for row in rows) >= PAGE_CHARACTERS
        return _Found(rows, rows[-1].position if is_full else None)
    found = (await connection.execute(statement, {**values, **only.values, "looked_at": LOOKED_AT})).all()
    last_id, looked_at, met = found[0][-3:]
    rows = [LogRow._make(row[:-3]) for row in found if row[0] is not None]
    if rows and (len(rows) == limit or len(rows) < met):
        return _Found(rows, rows[-1].position)
    return _Found(rows, last_id if looked_at == LOOKED_AT else None)


async def read_rows(
    connection: AsyncConnection, cursor: Cursor, limit: int, only: EventFilter | None = None
) -> Page[LogRow]:
    """The next events after `cursor`, at most `limit`; only those that meet the filter where there is one.

    The connection must be without a transaction. A page is bounded in characters too, with a filter also in the rows that are
    looked at, so that it may be short, or empty, before the end.
    """
    position, following_since = cursor, cursor.since
    if cursor.upto == cursor.seen:
        upto, now, log_id = (await connection.execute(_NOW)).one()
        following_since = now - SINCE_MARGIN
        since = min(cursor.since, following_since)  # the server's clock may have been set back
        position = replace(cursor, upto=upto, since=since, log_id=log_id)
    inside = cursor.last_id > 0 or cursor.seen == NOTHING_SEEN
    rows, looked_to = await _find(connection, position, limit, only, inside=inside)
    after = (
        replace(position, last_id=looked_to)
        if looked_to is not None
        else replace(position, seen=position.upto, last_id=0, since=following_since)
    )
    first_written = time.monotonic() - rows[0].age.total_seconds() if rows else None
    return Page(rows, after, looked_to is not None, first_written)


async def read_page(
    connection: AsyncConnection, cursor: Cursor, limit: int, only: EventFilter | None = None
) -> Page[CloudEvent]:
    """As `read_rows`, parsed."""
    page = await read_rows(connection, cursor, limit, only)
    return Page(tuple(row.event() for row in page.events), page.cursor, page.more, page.first_written)


async def count_unread(connection: AsyncConnection, cursor: Cursor, limit: int) -> int:
    """The number of committed events after `cursor`; counted up to `limit`."""
    found = await connection.execute(_UNREAD, {**asdict(cursor), "limit": limit})
    counted: int = found.scalar_one()
    return counted


class ReaderLag:
    """Age of the oldest event that a reader has not passed on, in seconds: the gauge dondoc_log_lag_seconds.

    Real time since it was written (an event's own time is by the suite's clock, which may be simulated), so it grows
    through failures and restarts. Ids are drawn as events are written: the first of the next page is the oldest.
    """

    def __init__(self, service: str, reader: str) -> None:
        self._since: float | None = None
        LOG_LAG.labels(service, reader).set_function(self.seconds)

    def seconds(self) -> float:
        return 0.0 if self._since is None else max(0.0, time.monotonic() - self._since)

    def next_page(self, page: Page[Any]) -> None:
        """`page` is to be passed on next."""
        if page.first_written is not None:
            self._since = page.first_written

    def caught_up(self) -> None:
        self._since = None
