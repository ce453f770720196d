"""Changing a database: its watch is locked, and each change is recorded as a version, an event and an audit entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Text, any_, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.datasets.tables import (
    Contradiction,
    Database,
    Declaration,
    Maintenance,
    QualityResult,
    Watch,
)
from shared.errors import Conflict, NotFound
from shared.events import datasets as events
from shared.log.outbox import add_events
from shared.runtime.audit import Actor, add_audits
from shared.text.folding import fold

MOST_A_DAY = 200  # statements of a kind on one database


@dataclass(slots=True)
class Watched:
    """A database with its watch, locked until the transaction ends, and its open contradictions."""

    database: Database
    watch: Watch
    open: list[Contradiction]


def search_text(code: str, name: str) -> str:
    """The folded text that searches match."""
    return fold(f"{code} {name}")


def in_time(period_seconds: int | None, grace_seconds: int | None) -> timedelta | None:
    """Period + grace; None where no heartbeats are agreed."""
    if period_seconds is None or grace_seconds is None:
        return None
    return timedelta(seconds=period_seconds + grace_seconds)


def database_unknown(code: str) -> NotFound:
    return NotFound(
        "database_unknown",
        f"Không có cơ sở dữ liệu, nền tảng hoặc hệ thống mã {code}: tra tại /datasets/v1/databases.",
        f"There is no database, platform or system {code}: look it up at /datasets/v1/databases.",
        field="code",
    )


async def lock_database(session: AsyncSession, code: str) -> Watched:
    """Lock a database's watch: that lock orders its events."""
    if not (found := await lock_databases(session, [code])):
        raise database_unknown(code)
    return found[code]


async def lock_databases(session: AsyncSession, codes: Sequence[str]) -> dict[str, Watched]:
    """Lock the watches of those that are registered, in the order of their codes.

    Each database is looked up by its key (OFFSET keeps the planner from joining): where statistics tell of few rows, as of
    tables that an import has just filled, a join may compare each with each.
    """
    asked = any_(literal(codes, ARRAY(Text)))
    by_key = select(Database).where(Database.code == Watch.database_code).offset(0).lateral()
    database = aliased(Database, by_key)
    rows = await session.execute(
        select(Watch, database)
        .join(database, true())
        .where(Watch.database_code == asked)
        .order_by(Watch.database_code)
        .with_for_update(of=Watch)
        .execution_options(populate_existing=True)
    )
    found = {watch.database_code: Watched(database, watch, []) for watch, database in rows}
    is_open = (Contradiction.database_code == asked, Contradiction.closed_at.is_(None))
    for contradiction in await session.scalars(select(Contradiction).where(*is_open)):
        found[contradiction.database_code].open.append(contradiction)
    return found


async def require_few(
    session: AsyncSession, kind: type[Declaration | QualityResult | Maintenance], code: str, at: datetime
) -> None:
    """Refuse one statement more of its kind where there were very many within a day: every report on the database reads all.

    Raises Conflict. The database's watch is locked.
    """
    recent = select(func.count()).where(kind.database_code == code, kind.recorded_at > at - timedelta(days=1))
    if (await session.scalar(recent) or 0) >= MOST_A_DAY:
        raise Conflict(
            "statements_too_many",
            f"Trong 24 giờ qua đã ghi {MOST_A_DAY} mục cùng loại cho {code}: gộp lại, hoặc ghi tiếp sau 24 giờ.",
            f"{MOST_A_DAY} statements of this kind were recorded on {code} within 24 hours: sum them up, or go on after 24 hours.",
        )


async def record_change(
    session: AsyncSession,
    watched: Watched,
    kind: type[events.DatabaseEvent],
    detail: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Record a change: the next version, its event with the whole state, its audit entry."""
    change = next_version(watched, kind, detail)
    await session.flush()
    await add_changes(session, [change], actor=actor, at=at)


def next_version(
    watched: Watched, kind: type[events.DatabaseEvent], detail: Mapping[str, Any]
) -> tuple[events.DatabaseEvent, int]:
    """Raise a database's version; the event of the change, with the whole state, and that version."""
    watched.watch.version += 1
    return kind.model_validate({"database": database_state(watched), **detail}), watched.watch.version


async def add_changes(
    session: AsyncSession,
    changes: Sequence[tuple[events.DatabaseEvent, int]],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """The events of changes in order, each with the version of its database, and their audit entries."""
    await add_events(session, changes, at=at)
    await add_audits(session, actor, [_audit_entry(*change) for change in changes], at=at)


def _audit_entry(event: events.DatabaseEvent, version: int) -> tuple[str, str, object, dict[str, Any]]:
    words = event.model_dump(mode="json", exclude={"database"})
    action = event.event_type.split(".")[-2]
    return action, "database", event.database.code, {"version": version, **words}


def database_state(watched: Watched) -> dict[str, Any]:
    database, watch = watched.database, watched.watch
    return {
        "code": database.code,
        "version": watch.version,
        "name": database.name,
        "kind": database.kind,
        "owner_code": database.owner_code,
        "phase": watch.phase,
        "ndc_connection": watch.ndc_connection,
        "observed": watch.observed,
        "observed_since": watch.observed_since,
        "last_heartbeat_at": watch.last_heartbeat_at,
        "heard_until": watch.heard_until,
        "last_sync_at": watch.last_sync_at,
        "record_count": watch.record_count,
        "contradictions": _open(watched.open),
    }


def _open(contradictions: Sequence[Contradiction]) -> list[dict[str, Any]]:
    in_order = sorted(contradictions, key=lambda item: (item.opened_at, item.kind))
    return [{"id": item.id, "kind": item.kind, "since": item.opened_at} for item in in_order]
