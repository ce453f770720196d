"""Reading the history of a database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.queries.parameters import KNOWN_AT
from shared.runtime.audit import audit
from shared.runtime.database import AnyRow

_CODE: BindParameter[str] = bindparam("code")

_HISTORY = (
    select(audit.c.id, audit.c.at, audit.c.actor, audit.c.action, audit.c.detail)
    .where(
        audit.c.entity == "database",
        audit.c.entity_id == _CODE,
        audit.c.at <= KNOWN_AT,
        audit.c.id > bindparam("after"),
    )
    .order_by(audit.c.id)
)


async def database_history(
    connection: AsyncConnection, code: str, known_at: datetime, *, after: int, limit: int
) -> Sequence[AnyRow]:
    """The audit entries of a database, oldest first; at most `limit + 1`."""
    asked = {"code": code, "known_at": known_at, "after": after}
    return (await connection.execute(_HISTORY.limit(limit + 1), asked)).all()
