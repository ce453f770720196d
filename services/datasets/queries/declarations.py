"""Reading declarations: those in force on a day, and all of one database."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, BindParameter, Text, any_, bindparam, select
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

    phases: tuple[DatedValue, ...] = ()
    connections: tuple[DatedValue, ...] = ()
    complete: tuple[DatedValue, ...] = ()

    def with_declaration(
        self, phase: str | None, ndc_connection: str | None, effective_on: date
    ) -> "Declarations":
        """With one more, recorded after all of these."""
        phases = (DatedValue(phase, effective_on, _LATEST),) if phase is not None else ()
        connections = (
            (DatedValue(ndc_connection, effective_on, _LATEST),) if ndc_connection is not None else ()
        )
        return replace(self, phases=self.phases + phases, connections=self.connections + connections)

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


_LATEST = 2**63 - 1  # above every id
_CODES: BindParameter[Sequence[str]] = bindparam("codes", type_=ARRAY(Text))
_DECLARATIONS = (
    select(
        Declaration.database_code,
        Declaration.phase,
        Declaration.ndc_connection,
        Declaration.effective_on,
        Declaration.id,
    )
    .where(Declaration.database_code == any_(_CODES))
    .order_by(Declaration.id)
)
_COMPLETE = (
    select(QualityResult.database_code, QualityResult.passed, QualityResult.as_of, QualityResult.id)
    .where(QualityResult.database_code == any_(_CODES), QualityResult.criterion == Criterion.COMPLETE)
    .order_by(QualityResult.id)
)


async def load_declarations(connection: AsyncConnection, code: str) -> Declarations:
    """Every declaration of a database recorded so far."""
    return (await load_declarations_of(connection, [code]))[code]


async def load_declarations_of(connection: AsyncConnection, codes: Sequence[str]) -> dict[str, Declarations]:
    """Every declaration of each of some databases recorded so far."""
    phases, connections, complete = (defaultdict[str, list[DatedValue]](list) for _ in range(3))
    for row in await connection.execute(_DECLARATIONS, {"codes": codes}):
        if row.phase is not None:
            phases[row.database_code].append(DatedValue(row.phase, row.effective_on, row.id))
        if row.ndc_connection is not None:
            connections[row.database_code].append(DatedValue(row.ndc_connection, row.effective_on, row.id))
    for result in await connection.execute(_COMPLETE, {"codes": codes}):
        value = PASSED if result.passed else "failed"
        complete[result.database_code].append(DatedValue(value, result.as_of, result.id))
    return {
        code: Declarations(tuple(phases[code]), tuple(connections[code]), tuple(complete[code]))
        for code in codes
    }


_CODE: BindParameter[str] = bindparam("code")


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
