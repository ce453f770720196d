"""The agencies as the tasks service tells of them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.finance.tables import Agency
from shared.database import AnyRow

_NAMES = select(Agency.code, Agency.name, Agency.short_name).order_by(Agency.code)


async def list_names(connection: AsyncConnection) -> Sequence[AnyRow]:
    return (await connection.execute(_NAMES)).all()
