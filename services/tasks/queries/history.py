"""Reading the history of a task."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import (
    bindparam,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.runtime.audit import audit
from shared.runtime.database import AnyRow

_HISTORY = (
    select(audit.c.id, audit.c.at, audit.c.actor, audit.c.action, audit.c.detail)
    .where(
        audit.c.entity == "task", audit.c.entity_id == bindparam("task_id"), audit.c.id > bindparam("after")
    )
    .order_by(audit.c.id)
    .limit(bindparam("limit"))
)


async def task_history(
    connection: AsyncConnection, task_id: UUID, *, after: int, limit: int
) -> Sequence[AnyRow]:
    """A task's audit entries, oldest first; at most `limit + 1`."""
    values = {"task_id": str(task_id), "after": after, "limit": limit + 1}
    return (await connection.execute(_HISTORY, values)).all()
