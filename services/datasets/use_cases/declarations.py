"""Recording declarations of owners."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.domain.days import check_day_not_future
from services.datasets.domain.declarations import check_declaration
from services.datasets.tables import (
    Declaration,
)
from services.datasets.use_cases.changes import lock_database, require_few
from services.datasets.use_cases.watching import WatchRules, record_and_examine
from shared.events import datasets as events
from shared.runtime.audit import Actor

Evidence = Sequence[Mapping[str, str]]


async def record_declaration(
    session: AsyncSession,
    code: str,
    *,
    phase: str | None,
    ndc_connection: str | None,
    effective_on: date,
    evidence: Evidence,
    rules: WatchRules,
    actor: Actor,
    at: datetime,
) -> Declaration:
    """Record a declaration of the owner; earlier ones are kept."""
    check_declaration(phase, ndc_connection)
    check_day_not_future(effective_on, at, "effective_on")
    watched = await lock_database(session, code)
    await require_few(session, Declaration, code, at)
    declaration = declaration_of(code, phase, ndc_connection, effective_on, evidence, actor=actor, at=at)
    session.add(declaration)
    await session.flush()
    detail = declared_detail(declaration)
    await record_and_examine(session, watched, events.DatabaseDeclared, detail, rules, actor=actor, at=at)
    return declaration


def declaration_of(
    code: str,
    phase: str | None,
    ndc_connection: str | None,
    effective_on: date,
    evidence: Evidence,
    *,
    actor: Actor,
    at: datetime,
) -> Declaration:
    return Declaration(
        database_code=code,
        phase=phase,
        ndc_connection=ndc_connection,
        effective_on=effective_on,
        evidence=[dict(item) for item in evidence],
        said_by=actor.name,
        recorded_at=at,
    )


def declared_detail(declaration: Declaration) -> dict[str, Any]:
    names = ("phase", "ndc_connection", "effective_on", "evidence", "said_by")
    return {name: getattr(declaration, name) for name in names}
