"""Reading databases: lists by the latest recorded state, one with its facts at any instant, and its history."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, DateTime, bindparam, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.queries import amendments as agreed
from services.datasets.queries.parameters import AS_OF, KNOWN_AT
from services.datasets.tables import Contradiction, Database, Declaration, Heartbeat, QualityResult, Watch
from shared.runtime.audit import audit
from shared.runtime.database import AnyRow, AnySelect
from shared.runtime.stable_reads import AsOf

_OPEN = (
    select(func.count())
    .where(Contradiction.database_code == Database.code, Contradiction.closed_at.is_(None))
    .scalar_subquery()
)
_ROWS = (
    select(
        Database.code,
        Database.name,
        Database.kind,
        Database.owner_code,
        Database.legal_basis,
        Watch.phase,
        Watch.ndc_connection,
        Watch.observed,
        Watch.observed_since,
        Watch.last_heartbeat_at,
        Watch.last_sync_at,
        Watch.record_count,
        Watch.version,
        _OPEN.label("contradictions"),
    )
    .join(Watch, Watch.database_code == Database.code)
    .order_by(Database.code)
)
_EQUAL = {
    "kind": Database.kind,
    "owner": Database.owner_code,
    "phase": Watch.phase,
    "ndc_connection": Watch.ndc_connection,
    "observed": Watch.observed,
}


async def list_databases(
    connection: AsyncConnection,
    wanted: Mapping[str, str | None],
    words: Sequence[str],
    *,
    after: str | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Databases by code that match the filters and have all the words in code or name; at most `limit + 1`."""
    statement = _ROWS.limit(limit + 1)
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(_EQUAL[name] == value)
    for word in words:
        statement = statement.where(Database.search_text.contains(word, autoescape=True))
    if after is not None:
        statement = statement.where(Database.code > after)
    return (await connection.execute(statement)).all()


_CODE: BindParameter[str] = bindparam("code")
_REGISTERED = (
    select(
        Database.code,
        agreed.NAME.label("name"),
        Database.kind,
        agreed.OWNER_CODE.label("owner_code"),
        Database.legal_basis,
        agreed.PERIOD_SECONDS.label("period_seconds"),
        agreed.GRACE_SECONDS.label("grace_seconds"),
        Database.registered_by,
        Database.recorded_at,
        Watch.version,
        Watch.observed,
        Watch.observed_since,
        Watch.checked_at,
    )
    .join(Watch, Watch.database_code == Database.code)
    .where(Database.code == _CODE, Database.recorded_at <= KNOWN_AT)
)


def _declared(what: Any) -> AnySelect:
    return (
        select(
            what.label("value"),
            Declaration.effective_on,
            Declaration.evidence,
            Declaration.said_by,
            Declaration.recorded_at,
        )
        .where(
            Declaration.database_code == _CODE,
            what.is_not(None),
            Declaration.effective_on <= AS_OF,
            Declaration.recorded_at <= KNOWN_AT,
        )
        .order_by(Declaration.effective_on.desc(), Declaration.id.desc())
        .limit(1)
    )


_PHASE = _declared(Declaration.phase)
_CONNECTION = _declared(Declaration.ndc_connection)
_QUALITY = (
    select(*QualityResult.__table__.columns)
    .ext(distinct_on(QualityResult.criterion))
    .where(
        QualityResult.database_code == _CODE,
        QualityResult.as_of <= AS_OF,
        QualityResult.recorded_at <= KNOWN_AT,
    )
    .order_by(QualityResult.criterion, QualityResult.as_of.desc(), QualityResult.id.desc())
)


async def get_registration(connection: AsyncConnection, code: str, asked: AsOf) -> AnyRow | None:
    values = {"code": code, "known_at": asked.known_at, "instant": asked.instant}
    return (await connection.execute(_REGISTERED, values)).one_or_none()


async def is_registered(connection: AsyncConnection, code: str, known_at: datetime) -> bool:
    asked = {"code": code, "known_at": known_at, "instant": known_at}
    return (await connection.execute(_REGISTERED, asked)).one_or_none() is not None


async def declared_facts(
    connection: AsyncConnection, code: str, asked: AsOf
) -> tuple[AnyRow | None, AnyRow | None]:
    """The declarations of a phase and of a connection that hold at a moment."""
    values = {"code": code, **asdict(asked)}
    phase = (await connection.execute(_PHASE, values)).one_or_none()
    return phase, (await connection.execute(_CONNECTION, values)).one_or_none()


async def quality_facts(connection: AsyncConnection, code: str, asked: AsOf) -> Sequence[AnyRow]:
    """The latest result of each criterion at a moment."""
    return (await connection.execute(_QUALITY, {"code": code, **asdict(asked)})).all()


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


_HISTORY = (
    select(audit.c.id, audit.c.at, audit.c.actor, audit.c.action, audit.c.detail)
    .where(
        audit.c.entity == "database",
        audit.c.entity_id == _CODE,
        audit.c.at <= KNOWN_AT,
        audit.c.id > bindparam("after"),
    )
    .order_by(audit.c.id)
)


async def database_history(
    connection: AsyncConnection, code: str, known_at: datetime, *, after: int, limit: int
) -> Sequence[AnyRow]:
    """The audit entries of a database, oldest first; at most `limit + 1`."""
    asked = {"code": code, "known_at": known_at, "after": after}
    return (await connection.execute(_HISTORY.limit(limit + 1), asked)).all()
