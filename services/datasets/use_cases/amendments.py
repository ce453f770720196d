"""Changing what was agreed of a database: its name, its owner, how often it is to send; from an instant on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.domain.facts import check_not_future, check_plausible
from services.datasets.tables import Agency, Amendment, Database
from services.datasets.use_cases.records import Watched, lock_database, tell
from services.datasets.use_cases.watching import WatchRules, bring_up
from shared.agencies import require_agencies
from shared.audit import Actor
from shared.errors import Versions, check_version
from shared.events import datasets as events
from shared.folding import fold


@dataclass(frozen=True, slots=True)
class NewAmendment:
    """What is agreed anew; None where nothing is said. With `speaks_of_heartbeat` both seconds may be None: nothing agreed."""

    name: str | None = None
    owner_code: str | None = None
    speaks_of_heartbeat: bool = False
    period_seconds: int | None = None
    grace_seconds: int | None = None
    holds_from: datetime | None = None  # from now on by default


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
    """Add what is agreed; what was agreed before goes on to judge the time before.

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
    said = {name: getattr(new, name) for name in ("name", "owner_code", "period_seconds", "grace_seconds")}
    session.add(
        Amendment(
            database_code=code,
            **said,
            speaks_of_heartbeat=new.speaks_of_heartbeat,
            holds_from=holds_from,
            said_by=actor.name,
            recorded_at=at,
        )
    )
    await session.flush()
    await _bring_to_the_present(session, watched.database)
    changed = [name for name in ("name", "owner_code") if said[name] is not None]
    detail: dict[str, Any] = {
        "changed": [*changed, *(["heartbeat"] if new.speaks_of_heartbeat else [])],
        "holds_from": holds_from,
        "period_seconds": watched.database.period_seconds,
        "grace_seconds": watched.database.grace_seconds,
        "said_by": actor.name,
    }
    await tell(session, watched, events.DatabaseAmended, detail, actor=actor, at=at)
    return await bring_up(session, watched, rules, at=at, before=True)


async def _bring_to_the_present(session: AsyncSession, database: Database) -> None:
    """Write what holds now to the row that lists and heartbeats read; nothing that is agreed lies ahead."""
    said = select(Amendment).where(Amendment.database_code == database.code)
    for row in await session.scalars(said.order_by(Amendment.holds_from, Amendment.id)):
        database.name = row.name or database.name
        database.owner_code = row.owner_code or database.owner_code
        if row.speaks_of_heartbeat:
            database.period_seconds, database.grace_seconds = row.period_seconds, row.grace_seconds
    database.search_text = fold(f"{database.code} {database.name}")
    await session.flush()
