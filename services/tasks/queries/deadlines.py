"""Reading the revisions of a task's deadline."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import (
    bindparam,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.tables import (
    Deadline,
)
from shared.runtime.database import AnyRow

_DEADLINES = select(Deadline).where(Deadline.task_id == bindparam("task_id")).order_by(Deadline.revision)


async def task_deadlines(connection: AsyncConnection, task_id: UUID) -> Sequence[AnyRow]:
    return (await connection.execute(_DEADLINES, {"task_id": task_id})).all()
