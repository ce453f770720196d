"""Reading declarations: those in force on a day, and all of one database."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.contradictions import (
    PASSED,
    ContradictionKind,
    Declared,
    declarations_on,
    declared_until,
)
from services.datasets.domain.declarations import DatedValue, in_force
from services.datasets.domain.quality import Criterion
from services.datasets.queries.parameters import AS_OF, KNOWN_AT
from services.datasets.tables import Declaration, QualityResult
from shared.runtime.database import AnyRow, AnySelect
from shared.runtime.stable_reads import AsOf


@dataclass(frozen=True, slots=True)
class Declarations:
    """Every dated value of one database: its phases, its connections, its results for the criterion complete."""

    phases: tuple[DatedValue, ...]
    connections: tuple[DatedValue, ...]
    complete: tuple[DatedValue, ...]

    def declared(self, day: date) -> Declared:
        return declarations_on(self.phases, self.connections, self.complete, day)

    def until(self, kind: ContradictionKind, opened_at: datetime, day: date) -> datetime | None:
        """The instant at which a declaration of a day up to `day` ended the declared side of a contradiction, or None."""
        values = (self.phases, self.connections, self.complete)
        return declared_until(kind, *values, opened_at=opened_at, day=day)

    def phase(self, day: date) -> str | None:
        return _value(in_force(self.phases, day))

    def connection(self, day: date) -> str | None:
        return _value(in_force(self.connections, day))


def _value(dated: DatedValue | None) -> str | None:
    return None if dated is None else dated.value


_CODE: BindParameter[str] = bindparam("code")

_DECLARATIONS = (
    select(Declaration.phase, Declaration.ndc_connection, Declaration.effective_on, Declaration.id)
    .where(Declaration.database_code == _CODE)
    .order_by(Declaration.id)
)

_COMPLETE = (
    select(QualityResult.passed, QualityResult.as_of, QualityResult.id)
    .where(QualityResult.database_code == _CODE, QualityResult.criterion == Criterion.COMPLETE)
    .order_by(QualityResult.id)
)


async def load_declarations(connection: AsyncConnection, code: str) -> Declarations:
    """Every declaration of a database recorded so far."""
    rows = (await connection.execute(_DECLARATIONS, {"code": code})).all()
    results = (await connection.execute(_COMPLETE, {"code": code})).all()
    return Declarations(
        tuple(DatedValue(row.phase, row.effective_on, row.id) for row in rows if row.phase is not None),
        tuple(
            DatedValue(row.ndc_connection, row.effective_on, row.id)
            for row in rows
            if row.ndc_connection is not None
        ),
        tuple(DatedValue(PASSED if row.passed else "failed", row.as_of, row.id) for row in results),
    )


def _in_force(column: Any) -> AnySelect:
    return (
        select(
            column.label("value"),
            Declaration.effective_on,
            Declaration.evidence,
            Declaration.said_by,
            Declaration.recorded_at,
        )
        .where(
            Declaration.database_code == _CODE,
            column.is_not(None),
            Declaration.effective_on <= AS_OF,
            Declaration.recorded_at <= KNOWN_AT,
        )
        .order_by(Declaration.effective_on.desc(), Declaration.id.desc())
        .limit(1)
    )


_PHASE = _in_force(Declaration.phase)

_CONNECTION = _in_force(Declaration.ndc_connection)


async def declared_facts(
    connection: AsyncConnection, code: str, asked: AsOf
) -> tuple[AnyRow | None, AnyRow | None]:
    """The declarations of a phase and of a connection in force as of a day."""
    values = {"code": code, **asdict(asked)}
    phase = (await connection.execute(_PHASE, values)).one_or_none()
    return phase, (await connection.execute(_CONNECTION, values)).one_or_none()
