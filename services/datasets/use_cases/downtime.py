"""Our own downtime: components report that they run; a gap between two reports that is too long is recorded."""

from datetime import datetime, timedelta

from sqlalchemy import DateTime, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.domain.downtime import Component, Gap, judged_until
from services.datasets.tables import Downtime, Liveness, Watch

_LAST = select(Liveness.at, (func.clock_timestamp() - Liveness.real_at).label("real")).where(
    Liveness.component == bindparam("component")
)
# Locked in order of code, as an import does. All of them, also those due: a concurrent examination that does not see
# the downtime may postpone one.
_LOCKED = select(Watch.database_code).order_by(Watch.database_code).with_for_update().cte("locked")
_LOOK_AT_ALL = (
    update(Watch)
    .where(Watch.database_code == _LOCKED.c.database_code)
    .values(next_check_at=func.least(Watch.next_check_at, bindparam("now", type_=DateTime(timezone=True))))
    .execution_options(synchronize_session=False)
)
_LIVENESS_LOCK = 0x6F776E62656174  # "ownbeat" in ASCII: two processes that start at once record one downtime


async def record_liveness(
    session: AsyncSession,
    *,
    now: datetime,
    downtime: timedelta,
    is_start: bool,
    component: Component = Component.WATCH,
) -> datetime | None:
    """Record that a component runs; returns the start of the downtime that this ends, if it ends one.

    A downtime may change the state of every database, so all are to be examined. `is_start`: no other process runs this
    component, and this one has just begun to.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LIVENESS_LOCK})
    gap = await _gap(session, component, now)
    begun = gap.since if gap is not None and gap.is_downtime(downtime, is_start=is_start) else None
    if begun is not None:
        await session.execute(
            insert(Downtime)
            .values(component=component, started_at=begun, ended_at=now, known_from=begun + downtime)
            .on_conflict_do_nothing()
        )
        await session.execute(_LOOK_AT_ALL, {"now": now})
    row = {"at": now, "real_at": func.clock_timestamp()}
    await session.execute(
        insert(Liveness)
        .values(component=component, **row)
        .on_conflict_do_update(index_elements=["component"], set_=row, where=Liveness.at <= now)
    )
    return begun


async def silence_judged_until(session: AsyncSession, *, now: datetime, downtime: timedelta) -> datetime:
    """The instant up to which the watch may judge silence."""
    return judged_until(await _gap(session, Component.INTAKE, now), now, downtime)


async def _gap(session: AsyncSession, component: Component, now: datetime) -> Gap | None:
    last = (await session.execute(_LAST, {"component": component})).one_or_none()
    return None if last is None else Gap(last.at, now, last.real)
