"""The budgets by all that is recorded, without adding up postings."""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.finance.domain.ledger import Stage
from services.finance.tables import Budget
from shared.runtime.database import AnyRow

_BY_LEVEL = (
    select(Budget.level, *(func.sum(getattr(Budget, stage.value)).label(stage.value) for stage in Stage))
    .where(Budget.year == bindparam("year"))
    .group_by(Budget.level)
)


async def sum_by_level(connection: AsyncConnection, year: int) -> Sequence[AnyRow]:
    """Each level's money of a budget year by stage, by all that is recorded."""
    return (await connection.execute(_BY_LEVEL, {"year": year})).all()
