"""Reading programmes and documents."""

from collections.abc import Sequence

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.tables import (
    Document,
    Programme,
)
from shared.runtime.database import AnyRow


async def list_by_code(
    connection: AsyncConnection, what: type[Programme | Document], *, after: str | None, limit: int
) -> Sequence[AnyRow]:
    """Programmes or documents by code; at most `limit + 1`."""
    table = what.__table__
    assert isinstance(table, Table)  # noqa: S101 - mapped classes have tables
    statement = select(table).order_by(table.c.code).limit(limit + 1)
    if after is not None:
        statement = statement.where(table.c.code > after)
    return (await connection.execute(statement)).all()
