"""Recording heartbeats: nearly all update only the watch's latest values, in one statement."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, DateTime, Text, bindparam, exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.domain.heartbeats import NewHeartbeat, check_heartbeat
from services.datasets.tables import Heartbeat
from services.datasets.use_cases.changes import database_unknown, lock_database
from services.datasets.use_cases.watching import WatchRules, examine
from shared.errors import Conflict

# Inserts a heartbeat; where it comes in order while the database is up without a contradiction, the same statement
# updates the watch. It waits for a concurrent update of the watch and re-evaluates the row: so `in_time` is read there.
_RECORD = text(
    """
    WITH registered AS (
        SELECT code FROM databases WHERE code = :code
    ), added AS (
        INSERT INTO heartbeats (database_code, run_id, observed_at, record_count, last_sync_at, note, recorded_at)
        SELECT code, :run_id, :observed_at, :record_count, :last_sync_at, :note, :now FROM registered
        ON CONFLICT DO NOTHING
        RETURNING database_code
    ), updated AS (
        UPDATE watches
        SET last_heartbeat_at = :observed_at, last_sync_at = :last_sync_at, record_count = :record_count,
            checked_at = greatest(checked_at, :now),
            heard_until = greatest(heard_until, :observed_at + in_time),
            silence_check_at = greatest(silence_check_at, :observed_at + in_time),
            next_check_at = least(greatest(silence_check_at, :observed_at + in_time), other_check_at)
        FROM added
        WHERE watches.database_code = added.database_code AND is_steady AND :record_count > 0
          AND last_heartbeat_at < :observed_at AND :observed_at <= :now AND next_check_at > :now
          AND (last_sync_at IS NULL OR last_sync_at <= :last_sync_at)
        RETURNING observed
    )
    SELECT (SELECT count(*) FROM registered) AS known, (SELECT count(*) FROM added) AS added,
           (SELECT observed FROM updated) AS observed
    """
).bindparams(
    *(bindparam(name, type_=DateTime(timezone=True)) for name in ("observed_at", "last_sync_at", "now")),
    *(bindparam(name, type_=Text) for name in ("code", "run_id", "note")),
    bindparam("record_count", type_=BigInteger),
)


@dataclass(frozen=True, slots=True)
class RecordedHeartbeat:
    """`counted` is false for a repetition; `observed` is None then."""

    counted: bool
    observed: str | None


async def record_heartbeat(
    session: AsyncSession,
    code: str,
    new: NewHeartbeat,
    *,
    rules: WatchRules,
    skew: timedelta,
    at: datetime,
) -> RecordedHeartbeat:
    """Record a heartbeat; a repetition changes nothing.

    Raises:
        InvalidInput: an instant is in the future or out of range; sync_after_observed.
        NotFound: database_unknown.
        Conflict: run_id_taken, when its run sent other content before.
    """
    check_heartbeat(new, at, skew)
    values = {
        "code": code,
        "run_id": new.run_id,
        "observed_at": new.observed_at,
        "record_count": new.record_count,
        "last_sync_at": new.last_sync_at,
        "note": new.note,
        "now": at,
    }
    recorded = (await session.execute(_RECORD, values)).one()
    if not recorded.known:
        raise database_unknown(code)
    if not recorded.added:
        await _require_same(session, code, new)
        return RecordedHeartbeat(counted=False, observed=None)
    if recorded.observed is not None:
        return RecordedHeartbeat(counted=True, observed=recorded.observed)
    watched = await lock_database(session, code)
    revises = new.observed_at < watched.watch.observed_since or await _is_first_filled(session, code, new)
    await examine(session, watched, rules, at=at, revises=revises)
    return RecordedHeartbeat(counted=True, observed=watched.watch.observed)


_EARLIER_FILLED = select(
    exists().where(
        Heartbeat.database_code == bindparam("code"),
        Heartbeat.record_count > 0,
        Heartbeat.observed_at < bindparam("at", type_=DateTime(timezone=True)),
    )
)


async def _is_first_filled(session: AsyncSession, code: str, new: NewHeartbeat) -> bool:
    """True for the first with a count above zero: heartbeats with zero after it no longer count."""
    if new.record_count == 0:
        return False
    return not await session.scalar(_EARLIER_FILLED, {"code": code, "at": new.observed_at})


_FOUND = select(
    Heartbeat.run_id, Heartbeat.observed_at, Heartbeat.record_count, Heartbeat.last_sync_at, Heartbeat.note
).where(Heartbeat.database_code == bindparam("code"), Heartbeat.run_id == bindparam("run_id"))


async def _require_same(session: AsyncSession, code: str, new: NewHeartbeat) -> None:
    found = (await session.execute(_FOUND, {"code": code, "run_id": new.run_id})).one()
    if NewHeartbeat(*found) != new:
        raise Conflict(
            "run_id_taken",
            f"Lần chạy {new.run_id} đã gửi nội dung khác: dùng run_id mới cho mỗi lần chạy.",
            f"The run {new.run_id} told something else before: use a new run_id for each run.",
            field="run_id",
        )
