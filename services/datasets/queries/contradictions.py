"""Reading contradictions as of a day, by records up to an instant."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, and_, any_, case, func, null, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.queries.amendments import INSTANT, OWNER_CODE
from services.datasets.queries.parameters import KNOWN_AT
from services.datasets.tables import Amendment, Contradiction, Database
from shared.runtime.database import AnyRow
from shared.runtime.stable_reads import AsOf

_HAS_CLOSED: ColumnElement[bool] = and_(
    Contradiction.closed_at.is_not(None),
    Contradiction.closing_recorded_at <= KNOWN_AT,
    Contradiction.closed_at <= INSTANT,
)
_AS_THEN = (
    select(
        Contradiction.id,
        Contradiction.database_code,
        OWNER_CODE.label("owner_code"),
        Contradiction.kind,
        Contradiction.ndc_connection,
        Contradiction.basis,
        Contradiction.never_synchronised,
        Contradiction.opened_at,
        Contradiction.recorded_at,
        case((_HAS_CLOSED, Contradiction.closed_at), else_=null()).label("closed_at"),
    )
    .join(Database, Database.code == Contradiction.database_code)
    .where(Contradiction.recorded_at <= KNOWN_AT, Contradiction.opened_at <= INSTANT)
    .order_by(Contradiction.opened_at.desc(), Contradiction.id.desc())
)
_EQUAL = {"database": Contradiction.database_code, "owner": OWNER_CODE, "kind": Contradiction.kind}


async def list_contradictions(
    connection: AsyncConnection,
    asked: AsOf,
    wanted: Mapping[str, str | None],
    *,
    is_open: bool | None,
    after: tuple[datetime, UUID] | None = None,
    limit: int | None = None,
) -> Sequence[AnyRow]:
    """Contradictions that had opened by then, newest first; at most `limit + 1`."""
    statement = _AS_THEN if limit is None else _AS_THEN.limit(limit + 1)
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(_EQUAL[name] == value)
    if (owner := wanted.get("owner")) is not None:
        # by keys: few databases were ever this owner's
        owned = select(Amendment.database_code).where(Amendment.owner_code == owner).distinct()
        codes = func.array(owned.scalar_subquery(), type_=ARRAY(Text))
        statement = statement.where(Contradiction.database_code == any_(codes))
    if is_open is not None:
        statement = statement.where(
            or_(~_HAS_CLOSED, Contradiction.closed_at.is_(None)) if is_open else _HAS_CLOSED
        )
    if after is not None:
        statement = statement.where(tuple_(Contradiction.opened_at, Contradiction.id) < after)
    values = {"known_at": asked.known_at, "instant": asked.instant}
    return (await connection.execute(statement, values)).all()
