"""Recording maintenance windows."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.domain.days import check_plausible
from services.datasets.domain.maintenance import check_maintenance, check_notice
from services.datasets.tables import (
    Maintenance,
)
from services.datasets.use_cases.changes import lock_database, require_few
from services.datasets.use_cases.watching import WatchRules, record_and_examine
from shared.events import datasets as events
from shared.runtime.audit import Actor


async def record_maintenance(
    session: AsyncSession,
    code: str,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    longest: timedelta,
    by_office: bool,
    rules: WatchRules,
    actor: Actor,
    at: datetime,
) -> Maintenance:
    """Record a window in which silence does not count; only the office may record one begun over 24 hours ago."""
    check_plausible(starts_at, "from")
    check_plausible(ends_at, "until")
    check_maintenance(starts_at, ends_at, longest)
    if not by_office:
        check_notice(starts_at, at)
    watched = await lock_database(session, code)
    await require_few(session, Maintenance, code, at)
    window = Maintenance(
        database_code=code,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        said_by=actor.name,
        recorded_at=at,
    )
    session.add(window)
    await session.flush()
    detail = {"starts_at": starts_at, "ends_at": ends_at, "reason": reason}
    await record_and_examine(
        session, watched, events.DatabaseMaintained, detail, rules, actor=actor, at=at, revises=True
    )
    return window
