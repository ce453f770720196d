"""Decisions and their lines."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from services.finance.domain.ledger import Field, Level, Line, Nature
from services.finance.tables import Account, Decision, Posting
from shared.errors import NotFound
from shared.runtime.database import AnyRow

_reversal = aliased(Decision)
_COLUMNS = [
    column for column in Decision.__table__.columns if column.name not in {"normal_form", "similar_form"}
]
_DECISION = select(*_COLUMNS, _reversal.id.label("reversed_by_id")).outerjoin(
    _reversal, _reversal.reverses_id == Decision.id
)
_BY_ID = _DECISION.where(Decision.id == bindparam("id"))
_LINES = (
    select(
        (Posting.position // 2).label("line"),
        Account.year,
        Account.level,
        Account.agency_code,
        Account.nature,
        Account.field,
        Account.source,
        Posting.amount,
    )
    .join(Account, Account.id == Posting.account_id)
    .where(Posting.decision_id == bindparam("id"), Posting.position % 2 == 0)
    .order_by(Posting.position)
)


async def require_decision(connection: AsyncConnection, decision_id: UUID) -> AnyRow:
    """The decision, with `reversed_by_id`. Raises NotFound decision_unknown."""
    found = (await connection.execute(_BY_ID, {"id": decision_id})).one_or_none()
    if found is None:
        raise NotFound(
            "decision_unknown",
            f"Không có quyết định {decision_id} trong sổ: kiểm tra mã.",
            f"There is no decision {decision_id} in the ledger: check the id.",
        )
    return found


async def list_decisions(
    connection: AsyncConnection,
    filters: Mapping[str, Any],
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Decisions by the instant they were recorded, oldest first; at most `limit + 1`."""
    statement = _DECISION.order_by(Decision.recorded_at, Decision.id).limit(limit + 1)
    for name, value in filters.items():
        if value is not None:
            statement = statement.where(getattr(Decision, name) == value)
    if after is not None:
        statement = statement.where(tuple_(Decision.recorded_at, Decision.id) > after)
    return (await connection.execute(statement)).all()


async def list_lines(
    connection: AsyncConnection, decision_id: UUID, *, after: int, limit: int
) -> Sequence[AnyRow]:
    """A decision's lines after number `after`, as posted; at most `limit + 1`."""
    statement = _LINES.where(Posting.position > literal(2 * after, BigInteger)).limit(limit + 1)
    return (await connection.execute(statement, {"id": decision_id})).all()


async def all_lines(connection: AsyncConnection, decision_id: UUID) -> list[Line]:
    rows = await connection.execute(_LINES, {"id": decision_id})
    return [
        Line(
            row.year,
            Level(row.level),
            row.agency_code,
            Nature(row.nature),
            Field(row.field),
            row.source,
            row.amount,
        )
        for row in rows
    ]
