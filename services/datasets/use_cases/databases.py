"""Registering databases, platforms and systems."""

from dataclasses import asdict, dataclass
from datetime import datetime

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
    agreed = {name: getattr(new, name) for name in ("name", "owner_code", "period_seconds", "grace_seconds")}
    added = await session.execute(
        insert(Database)
        .values(
            **asdict(new),
            search_text=search_text(new.code, new.name),
            registered_by=actor.name,
            recorded_at=at,
        )
        .on_conflict_do_nothing()
        .returning(Database)
    )
    if (database := added.scalar_one_or_none()) is None:
        raise _code_exists(new.code)
    registration = {
        "sets_heartbeat": True,
        "holds_from": ALWAYS,
        "said_by": actor.name,
        "recorded_at": at,
    }
    watch = Watch(
        database_code=new.code,
        version=0,
        observed=Observed.UNKNOWN,
        observed_since=at,
        is_steady=False,
        checked_at=at,
        in_time=in_time(new.period_seconds, new.grace_seconds),
    )
    session.add_all([Amendment(database_code=new.code, **agreed, **registration), watch])
    watched = Watched(database, watch, [])
    detail = {name: getattr(new, name) for name in ("legal_basis", "period_seconds", "grace_seconds")}
    await record_change(session, watched, events.DatabaseRegistered, detail, actor=actor, at=at)
    return watched


def _code_exists(code: str) -> Conflict:
    return Conflict(
        "code_exists",
        f"Mã {code} đã được đăng ký: dùng mã khác, hoặc đọc bản đã ghi.",
        f"The code {code} is registered already: use another, or read the one recorded.",
        field="code",
    )
