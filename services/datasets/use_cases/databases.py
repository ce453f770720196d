"""Registering databases, platforms and systems."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.domain.observation import Observed
from services.datasets.domain.timelines import ALWAYS
from services.datasets.tables import (
    Agency,
    Amendment,
    Database,
    Watch,
)
from services.datasets.use_cases.changes import Watched, in_time, record_change, search_text
from shared.agencies import require_agencies
from shared.errors import Conflict
from shared.events import datasets as events
from shared.runtime.audit import Actor


@dataclass(frozen=True, slots=True)
class NewDatabase:
    """`period_seconds` and `grace_seconds`: of its heartbeats, or None for both where none were agreed."""

    code: str
    name: str
    kind: str
    owner_code: str
    legal_basis: str | None = None
    period_seconds: int | None = None
    grace_seconds: int | None = None


async def register_database(
    session: AsyncSession, new: NewDatabase, *, actor: Actor, at: datetime
) -> Watched:
    await require_agencies(session, Agency, [new.owner_code], "owner_code")
    return await add_database(session, new, actor=actor, at=at)


async def add_database(session: AsyncSession, new: NewDatabase, *, actor: Actor, at: datetime) -> Watched:
    """Register one whose owner is known. Raises Conflict where the code is taken, also concurrently."""
    row = registration(new, actor=actor, at=at)
    added = await session.execute(insert(Database).values(**row).on_conflict_do_nothing().returning(Database))
    if (database := added.scalar_one_or_none()) is None:
        raise _code_exists(new.code)
    watched = Watched(database, first_watch(new, at=at), [])
    session.add_all([first_amendment(new, actor=actor, at=at), watched.watch])
    detail = registered_detail(new)
    await record_change(session, watched, events.DatabaseRegistered, detail, actor=actor, at=at)
    return watched


def registration(new: NewDatabase, *, actor: Actor, at: datetime) -> dict[str, Any]:
    """The row of a new database."""
    return asdict(new) | {
        "search_text": search_text(new.code, new.name),
        "registered_by": actor.name,
        "recorded_at": at,
    }


def first_amendment(new: NewDatabase, *, actor: Actor, at: datetime) -> Amendment:
    """The values agreed at the registration."""
    return Amendment(
        database_code=new.code,
        name=new.name,
        owner_code=new.owner_code,
        sets_heartbeat=True,
        period_seconds=new.period_seconds,
        grace_seconds=new.grace_seconds,
        holds_from=ALWAYS,
        said_by=actor.name,
        recorded_at=at,
    )


def first_watch(new: NewDatabase, *, at: datetime) -> Watch:
    return Watch(
        database_code=new.code,
        version=0,
        observed=Observed.UNKNOWN,
        observed_since=at,
        is_steady=False,
        checked_at=at,
        in_time=in_time(new.period_seconds, new.grace_seconds),
        fails=False,
    )


def registered_detail(new: NewDatabase) -> dict[str, Any]:
    return {name: getattr(new, name) for name in ("legal_basis", "period_seconds", "grace_seconds")}


def _code_exists(code: str) -> Conflict:
    return Conflict(
        "code_exists",
        f"Mã {code} đã được đăng ký: dùng mã khác, hoặc đọc bản đã ghi.",
        f"The code {code} is registered already: use another, or read the one recorded.",
        field="code",
    )
