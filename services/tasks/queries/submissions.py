"""Reading the submissions of a task."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    bindparam,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.tables import (
    Evidence,
    Submission,
)

_SUBMISSIONS = (
    select(Submission).where(Submission.task_id == bindparam("task_id")).order_by(Submission.submitted_at)
)

_EVIDENCE = (
    select(Evidence)
    .join(Submission, Submission.id == Evidence.submission_id)
    .where(Submission.task_id == bindparam("task_id"))
    .order_by(Evidence.submission_id, Evidence.position)
)


async def task_submissions(connection: AsyncConnection, task_id: UUID) -> list[dict[str, Any]]:
    """Submissions with their evidence, oldest first."""
    evidence: dict[UUID, list[dict[str, Any]]] = {}
    for row in await connection.execute(_EVIDENCE, {"task_id": task_id}):
        evidence.setdefault(row.submission_id, []).append(dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's public name
    rows = (await connection.execute(_SUBMISSIONS, {"task_id": task_id})).all()
    return [{**row._mapping, "evidence": evidence.get(row.id, [])} for row in rows]  # noqa: SLF001 - as above
