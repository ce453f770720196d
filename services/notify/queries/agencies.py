"""Which agencies a key may look at: its own and those below it."""

from sqlalchemy import Select, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.tables import Agency


def within(tenant: str) -> Select[str]:
    """Codes of an agency and all below it; UNION makes the walk end even where the tree has a circle."""
    below = select(literal(tenant).label("code")).cte("below", recursive=True)
    below = below.union(select(Agency.code).join(below, Agency.parent_code == below.c.code))
    return select(below.c.code)


async def visible_agencies(connection: AsyncConnection, tenant: str) -> frozenset[str]:
    return frozenset((await connection.execute(within(tenant))).scalars())
