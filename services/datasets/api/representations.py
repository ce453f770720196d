"""Representations that take several reads."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.contradictions import ContradictionKind, description
from services.datasets.domain.observation import Observed
from services.datasets.domain.quality import Criterion
from services.datasets.queries.contradictions import list_contradictions
from services.datasets.queries.databases import get_registration
from services.datasets.queries.declarations import declared_facts
from services.datasets.queries.downtime import load_downtimes
from services.datasets.queries.heartbeats import last_heartbeat
from services.datasets.queries.observation import state_at
from services.datasets.queries.quality import quality_facts
from services.datasets.schemas.contradictions import ContradictionOut, ContradictionSummary
from services.datasets.schemas.databases import (
    DatabaseOut,
    ObservedFact,
    Registration,
    public_form,
    with_actors,
)
from services.datasets.schemas.declarations import DeclaredFact
from services.datasets.schemas.quality import QualityOut
from services.datasets.tables import Database
from services.datasets.use_cases.changes import database_unknown
from shared.keys.viewers import Viewer
from shared.runtime.database import AnyRow
from shared.runtime.stable_reads import AsOf


def _registered(row: Any) -> dict[str, Any]:
    heartbeat = None
    if row.period_seconds is not None:
        heartbeat = {"period_seconds": row.period_seconds, "grace_seconds": row.grace_seconds}
    names = ("code", "name", "kind", "owner_code", "legal_basis", "registered_by", "recorded_at")
    return {name: getattr(row, name) for name in names} | {"heartbeat": heartbeat}


def registration_answer(database: Database) -> Registration:
    return Registration.model_validate(_registered(database))


async def database_answer(
    connection: AsyncConnection, code: str, viewer: Viewer, asked: AsOf, downtime: timedelta
) -> tuple[DatabaseOut, int | None]:
    """The representation of a database for the viewer, and the version for its ETag, which the public form lacks."""
    row = await _require(connection, code, viewer, known_at=asked.known_at, instant=asked.instant)
    phase, ndc_connection = await declared_facts(connection, code, asked)
    results = {item.criterion: item for item in await quality_facts(connection, code, asked)}
    open_now = await list_contradictions(connection, asked, {"database": code}, is_open=True)
    answer = DatabaseOut(
        **_registered(row),
        form="full",
        as_of=asked.as_of,
        known_at=asked.known_at,
        phase=DeclaredFact.model_validate(phase) if phase else None,
        ndc_connection=DeclaredFact.model_validate(ndc_connection) if ndc_connection else None,
        observed=await _observed(connection, row, asked, downtime),
        quality={
            word.value: QualityOut.model_validate(results[word]) if word in results else None
            for word in Criterion
        },
        contradictions=[_summary(item, asked) for item in open_now],
    )
    if not row.concerned:
        return public_form(answer), None
    return with_actors(answer, viewer), row.version


async def _require(
    connection: AsyncConnection, code: str, viewer: Viewer, *, known_at: datetime, instant: datetime
) -> AnyRow:
    row = await get_registration(connection, code, viewer, known_at=known_at, instant=instant)
    if row is None:
        raise database_unknown(code)
    return row


async def require_concerned(connection: AsyncConnection, code: str, viewer: Viewer, at: datetime) -> None:
    """Raises NotFound database_unknown; Forbidden other_tenant where the database does not concern the viewer."""
    if not (await _require(connection, code, viewer, known_at=at, instant=at)).concerned:
        raise viewer.refusal()


def row_answer(row: AnyRow) -> dict[str, Any]:
    """A row of the list in the shape of `DatabaseRow`, not validated."""
    members = row._asdict()
    if members.pop("concerned"):
        return members | {"form": "full"}
    return members | {"form": "public", "record_count": None, "version": None}


async def _observed(
    connection: AsyncConnection, row: AnyRow, asked: AsOf, downtime: timedelta
) -> ObservedFact:
    """Worked out from heartbeats, since the watch may be behind; a recorded up state limits how far back is read."""
    code = row.code
    is_recorded = row.observed == Observed.UP and row.checked_at <= asked.instant
    downtimes = await load_downtimes(connection, asked.known_at, downtime)
    _, interval = await state_at(
        connection,
        code,
        asked.instant,
        downtimes,
        known=asked.known_at,
        up_since=row.observed_since if is_recorded else None,
    )
    last = await last_heartbeat(connection, code, asked)
    return ObservedFact(
        state=interval.state.value,
        since=interval.start,
        last_heartbeat_at=last.observed_at if last else None,
        last_sync_at=last.last_sync_at if last else None,
        record_count=last.record_count if last else None,
    )


def _description(row: AnyRow, asked: AsOf) -> dict[str, str]:
    at = row.closed_at or asked.instant
    kind, never = ContradictionKind(row.kind), row.never_synchronised
    vi, en = description(kind, row.ndc_connection, row.basis, at, never_synchronised=never)
    return {"words_vi": vi, "words_en": en}


def _summary(row: AnyRow, asked: AsOf) -> ContradictionSummary:
    return ContradictionSummary(id=row.id, kind=row.kind, since=row.opened_at, **_description(row, asked))


def contradiction_answer(row: AnyRow, asked: AsOf) -> ContradictionOut:
    return ContradictionOut.model_validate(row._asdict() | _description(row, asked))
