"""Reading declarations: those in force on a day, and all of one database."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ARRAY, BindParameter, Text, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.contradictions import PASSED, Declarations
from services.datasets.domain.declarations import DatedValue
from services.datasets.domain.quality import Criterion
from services.datasets.queries.parameters import AS_OF, KNOWN_AT
from services.datasets.tables import Declaration, QualityResult
from shared.runtime.database import AnyRow, AnySelect
from shared.runtime.stable_reads import AsOf

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
