"""The agencies that a key may see: its own and those below it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.tables import Agency
from shared.agencies import within


async def visible_agencies(connection: AsyncConnection, tenant: str) -> frozenset[str]:
    return frozenset((await connection.execute(within(Agency, tenant))).scalars())
