"""Our own downtime: the parts of ours leave beats, and what was missed between two beats is recorded."""

from datetime import datetime, timedelta

from sqlalchemy import DateTime, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.domain.downtime import Part, Rest, told_until
from services.datasets.tables import Downtime, OwnBeat, Watch

_LAST = select(OwnBeat.at, (func.clock_timestamp() - OwnBeat.real_at).label("real")).where(
    OwnBeat.part == bindparam("part")
)
# Locked in order of code, as an import does. All of them, whatever is due: who looks at one meanwhile, not knowing of the
# downtime, may yet put it off.
_LOCKED = select(Watch.database_code).order_by(Watch.database_code).with_for_update().cte("locked")
_LOOK_AT_ALL = (
    update(Watch)
    .where(Watch.database_code == _LOCKED.c.database_code)
    .values(next_check_at=func.least(Watch.next_check_at, bindparam("now", type_=DateTime(timezone=True))))
    .execution_options(synchronize_session=False)
)
_BEAT_LOCK = 0x6F776E62656174  # "ownbeat": two processes that start at once record one downtime


async def beat(
    session: AsyncSession, *, now: datetime, downtime: timedelta, is_start: bool, part: Part = Part.WATCH
) -> datetime | None:
    """Tell that a part of ours runs; returns the start of the downtime that this ends, if it ends one.

    A downtime may change how every database stands, so all are to be looked at anew. `is_start`: no other process runs
    this part, and this one has just begun to.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _BEAT_LOCK})
    rest = await _rest(session, part, now)
    begun = rest.since if rest is not None and rest.is_downtime(downtime, is_start=is_start) else None
    if begun is not None:
        await session.execute(
            insert(Downtime)
            .values(part=part, started_at=begun, ended_at=now, known_from=begun + downtime)
            .on_conflict_do_nothing()
        )
        await session.execute(_LOOK_AT_ALL, {"now": now})
    row = {"at": now, "real_at": func.clock_timestamp()}
    await session.execute(
        insert(OwnBeat)
        .values(part=part, **row)
        .on_conflict_do_update(index_elements=["part"], set_=row, where=OwnBeat.at <= now)
    )
    return begun


async def silence_told_until(session: AsyncSession, *, now: datetime, downtime: timedelta) -> datetime:
    """Up to when the watch may tell of silence."""
    return told_until(await _rest(session, Part.INTAKE, now), now, downtime)


async def _rest(session: AsyncSession, part: Part, now: datetime) -> Rest | None:
    last = (await session.execute(_LAST, {"part": part})).one_or_none()
    return None if last is None else Rest(last.at, now, last.real)
