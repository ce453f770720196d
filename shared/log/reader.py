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
    "SELECT id, event_id, type, subject, CAST(version AS text), time, CAST(data AS text), "
    "statement_timestamp() - written_at FROM outbox"  # both by the database's clock
)
_WINDOW = f"pg_visible_in_snapshot(xid, {_UPTO}) AND NOT pg_visible_in_snapshot(xid, {_SEEN}) AND {_SINCE}"
# A new window is found by the index on xid, whatever the size of the log.
_FIRST = f"{_ROWS} WHERE xid >= pg_snapshot_xmin({_SEEN}) AND xid < pg_snapshot_xmax({_UPTO}) AND {_WINDOW} "
# Within a window the next rows are those with the next ids. With a condition on xid as well, a prepared statement
# would sort the whole rest of the window for every page (20,000 rows: 120 ms a page instead of 4).
_NEXT = f"{_ROWS} WHERE id > :last_id AND {_WINDOW} "
_CUT = "ORDER BY id LIMIT :limit"
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
    met = f"AND ({condition}) " if condition is not None else ""
    return text(_FIRST + met + _CUT), text(_NEXT + met + _CUT)


async def read_rows(
    connection: AsyncConnection, cursor: Cursor, limit: int, only: EventFilter | None = None
) -> Page[LogRow]:
    """The next events after `cursor`, at most `limit`; only those that meet the filter where there is one.

    The connection must be without a transaction.
    """
    position, following_since = cursor, cursor.since
    if cursor.upto == cursor.seen:
        upto, now, log_id = (await connection.execute(_NOW)).one()
        following_since = now - SINCE_MARGIN
        since = min(cursor.since, following_since)  # the server's clock may have been set back
        position = replace(cursor, upto=upto, since=since, log_id=log_id)
    window: dict[str, Any] = {**asdict(position), "limit": limit, **(only.values if only else {})}
    first, following = _pages(only.condition if only else None)
    inside = cursor.last_id > 0 or cursor.seen == NOTHING_SEEN
    found = await connection.execute(following if inside else first, window)
    rows = [LogRow._make(row) for row in found]
    full = len(rows) == limit
    after = (
        replace(position, last_id=rows[-1].position)
        if full
        else replace(position, seen=position.upto, last_id=0, since=following_since)
    )
    first_written = time.monotonic() - rows[0].age.total_seconds() if rows else None
    return Page(rows, after, full, first_written)


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
