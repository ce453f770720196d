"""Amending a database's name, owner or expected heartbeats, from an instant on."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.domain.days import check_not_future, check_plausible
from services.datasets.domain.timelines import FAR
from services.datasets.queries.amendments import agreed_at
from services.datasets.tables import Agency, Amendment
from services.datasets.use_cases.changes import Watched, in_time, lock_database, record_change, search_text
from services.datasets.use_cases.watching import WatchRules, examine
from shared.agencies import require_agencies
from shared.errors import Versions, check_version
from shared.events import datasets as events
from shared.runtime.audit import Actor


@dataclass(frozen=True, slots=True)
class NewAmendment:
    """The values to change; None: unchanged, but with `sets_heartbeat` both seconds None: no heartbeats."""

    name: str | None = None
    owner_code: str | None = None
    sets_heartbeat: bool = False
    period_seconds: int | None = None
    grace_seconds: int | None = None
    holds_from: datetime | None = None  # the instant of recording by default


async def amend_database(
    session: AsyncSession,
    code: str,
    new: NewAmendment,
    *,
    expected_version: Versions,
    rules: WatchRules,
    actor: Actor,
    at: datetime,
) -> Watched:
    """Add an amendment; earlier ones still hold for the time before it. Values that hold already are no change.

    Raises:
        NotFound: database_unknown.
        StaleVersion: it changed since it was read.
        InvalidInput: agency_unknown; holds_from in the future or out of range.
    """
    holds_from = new.holds_from or at
    check_plausible(holds_from, "holds_from")
    check_not_future(holds_from, at, timedelta(0), "holds_from")
    watched = await lock_database(session, code)
    check_version(expected_version, watched.watch.version)
    if new.owner_code is not None:
        await require_agencies(session, Agency, [new.owner_code], "owner_code")
    changes = await _changes(session, code, new, holds_from)
    if changes == NewAmendment():
        return watched
    await _record(session, watched, replace(changes, holds_from=holds_from), actor, at)
    detail = _detail(watched, changes, holds_from, actor)
    await record_change(session, watched, events.DatabaseAmended, detail, actor=actor, at=at)
    return await examine(session, watched, rules, at=at, revises=True)


async def _changes(session: AsyncSession, code: str, new: NewAmendment, holds_from: datetime) -> NewAmendment:
    """The values of `new` that differ from those agreed at that instant."""
    agreed = await agreed_at(await session.connection(), code, holds_from, known_at=FAR)
    changes = replace(
        new,
        name=None if new.name == agreed.name else new.name,
        owner_code=None if new.owner_code == agreed.owner_code else new.owner_code,
        holds_from=None,
    )
    if (new.period_seconds, new.grace_seconds) == (agreed.period_seconds, agreed.grace_seconds):
        changes = replace(changes, sets_heartbeat=False, period_seconds=None, grace_seconds=None)
    return changes


async def _record(
    session: AsyncSession, watched: Watched, changes: NewAmendment, actor: Actor, at: datetime
) -> None:
    """Add an amendment, and write the latest values to the database and its watch (none is dated ahead)."""
    values = asdict(changes) | {"said_by": actor.name, "recorded_at": at}
    database, watch = watched.database, watched.watch
    session.add(Amendment(database_code=database.code, **values))
    await session.flush()
    now = await agreed_at(await session.connection(), database.code, FAR, known_at=FAR)
    for name, value in now._asdict().items():
        setattr(database, name, value)
    database.search_text = search_text(database.code, database.name)
    watch.in_time = in_time(now.period_seconds, now.grace_seconds)
    await session.flush()


def _detail(watched: Watched, changes: NewAmendment, holds_from: datetime, actor: Actor) -> dict[str, Any]:
    changed = [name for name in ("name", "owner_code") if getattr(changes, name) is not None]
    return {
        "changed": [*changed, *(["heartbeat"] if changes.sets_heartbeat else [])],
        "holds_from": holds_from,
        "period_seconds": watched.database.period_seconds,
        "grace_seconds": watched.database.grace_seconds,
        "said_by": actor.name,
    }
