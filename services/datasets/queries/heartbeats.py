"""Reading heartbeats of one database, for contradictions and for its last reported values."""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, DateTime, ScalarSelect, bindparam, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.contradictions import (
    ContradictionKind,
    HeartbeatSummary,
)
from services.datasets.queries.parameters import KNOWN_AT
from services.datasets.tables import Contradiction, Heartbeat
from shared.runtime.database import AnyRow, AnySelect
from shared.runtime.stable_reads import AsOf

_CODE: BindParameter[str] = bindparam("code")

_LAST_BEAT = (
    select(Heartbeat.observed_at, Heartbeat.last_sync_at, Heartbeat.record_count)
    .where(
        Heartbeat.database_code == _CODE,
        Heartbeat.observed_at <= bindparam("instant", type_=DateTime(timezone=True)),
        Heartbeat.recorded_at <= KNOWN_AT,
    )
    .order_by(Heartbeat.observed_at.desc(), Heartbeat.record_count.desc(), Heartbeat.run_id.desc())
    .limit(1)
)


async def last_heartbeat(connection: AsyncConnection, code: str, asked: AsOf) -> AnyRow | None:
    values = {"code": code, "instant": asked.instant, "known_at": asked.known_at}
    return (await connection.execute(_LAST_BEAT, values)).one_or_none()


_SEEN = text(
    """
    SELECT last.observed_at, last.last_sync_at, last.record_count, filled.at AS filled_at,
           CASE WHEN last.record_count = 0 THEN (
               SELECT min(observed_at) FROM heartbeats
               WHERE database_code = :code AND observed_at <= :at
                 AND (filled.at IS NULL OR observed_at > filled.at)
           ) END AS zero_since,
           (
               SELECT min(observed_at) FROM heartbeats
               WHERE database_code = :code AND observed_at <= :at AND observed_at >= :none_since
           ) AS first_since_none,
           (SELECT min(observed_at) FROM heartbeats WHERE database_code = :code AND observed_at > :at) AS next_at
    FROM (VALUES (1)) one
    LEFT JOIN LATERAL (
        SELECT observed_at, last_sync_at, record_count FROM heartbeats
        WHERE database_code = :code AND observed_at <= :at
        ORDER BY observed_at DESC, record_count DESC, run_id DESC LIMIT 1
    ) last ON true
    LEFT JOIN LATERAL (
        SELECT observed_at AS at FROM heartbeats
        WHERE database_code = :code AND observed_at <= :at AND record_count > 0
        ORDER BY observed_at DESC LIMIT 1
    ) filled ON last.record_count = 0
    """
).bindparams(*(bindparam(name, type_=DateTime(timezone=True)) for name in ("at", "none_since")))


async def summarise_heartbeats(
    connection: AsyncConnection, code: str, at: datetime, none_since: datetime | None
) -> tuple[HeartbeatSummary, datetime | None]:
    """Summary of the heartbeats up to an instant, and `observed_at` of the next one, or None."""
    asked = {"code": code, "at": at, "none_since": none_since}
    row = (await connection.execute(_SEEN, asked)).one()
    seen = HeartbeatSummary(
        last_at=row.observed_at,
        first_since_none=row.first_since_none,
        last_sync_at=row.last_sync_at,
        record_count=row.record_count,
        zero_since=row.zero_since,
        was_filled=row.filled_at is not None,
    )
    return seen, row.next_at


_AT = bindparam("at", type_=DateTime(timezone=True))

_SINCE = bindparam("since", type_=DateTime(timezone=True))

_UP_TO = (Heartbeat.database_code == _CODE, Heartbeat.observed_at <= _AT)

_FIRST_HEARD = select(func.min(Heartbeat.observed_at)).where(*_UP_TO, Heartbeat.observed_at > _SINCE)

_FIRST_FILLED = _FIRST_HEARD.where(Heartbeat.record_count > 0)

# the last heartbeat that reports no synchronisation later than the stale one; earlier ones ended nothing
_LAST_STALE = (
    select(func.max(Heartbeat.observed_at))
    .where(*_UP_TO, or_(Heartbeat.last_sync_at.is_(None), Heartbeat.last_sync_at <= _SINCE))
    .scalar_subquery()
)

_LAST_UNSYNCHRONISED = (
    select(func.max(Heartbeat.observed_at)).where(*_UP_TO, Heartbeat.last_sync_at.is_(None)).scalar_subquery()
)


def _first_after(last: ScalarSelect[Any]) -> AnySelect:
    return select(func.min(Heartbeat.observed_at)).where(*_UP_TO, Heartbeat.observed_at > last)


_FIRST_SYNCHRONISED, _FIRST_EVER_SYNCHRONISED = _first_after(_LAST_STALE), _first_after(_LAST_UNSYNCHRONISED)


async def first_ending_heartbeat(
    connection: AsyncConnection, row: Contradiction, at: datetime
) -> datetime | None:
    """`observed_at` of the first heartbeat, up to an instant, that ended a contradiction; None where none did."""
    asked: dict[str, Any] = {"code": row.database_code, "at": at, "since": row.basis}
    match ContradictionKind(row.kind):
        case ContradictionKind.SENDING:
            return None
        case ContradictionKind.SILENT:
            statement = _FIRST_HEARD
        case ContradictionKind.STALE_SYNC if row.never_synchronised:
            statement = _FIRST_EVER_SYNCHRONISED
        case ContradictionKind.STALE_SYNC:
            statement = _FIRST_SYNCHRONISED
        case ContradictionKind.FELL_TO_ZERO | ContradictionKind.EMPTY:
            statement, asked["since"] = _FIRST_FILLED, row.opened_at
    found: datetime | None = (await connection.execute(statement, asked)).scalar_one()
    return found
