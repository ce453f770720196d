"""The history of a task."""

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from services.tasks.schemas.deadlines import DeadlineRevision
from services.tasks.schemas.submissions import SubmissionOut
from shared.http.answers import Answer
from shared.keys.viewers import Viewer
from shared.runtime.database import AnyRow


class HistoryEntry(Answer):
    at: datetime
    actor: str | None = Field(description="name and prefix of the key; null for a key that may not know it")
    action: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, viewer: Viewer, row: AnyRow) -> Self:
        return cls.model_validate(row._asdict() | {"actor": viewer.actor(row.actor)})


class TaskHistory(Answer):
    """Every action on the task, oldest first, with all revisions of its deadline and all submissions."""

    items: list[HistoryEntry]
    next_cursor: str | None
    deadlines: list[DeadlineRevision]
    submissions: list[SubmissionOut]
