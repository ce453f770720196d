"""The history of a task."""

from datetime import datetime
from typing import Any

from services.tasks.schemas.deadlines import DeadlineRevision
from services.tasks.schemas.submissions import SubmissionOut
from shared.http.answers import Answer


class HistoryEntry(Answer):
    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


class TaskHistory(Answer):
    """Every action on the task, oldest first, with all revisions of its deadline and all submissions."""

    items: list[HistoryEntry]
    next_cursor: str | None
    deadlines: list[DeadlineRevision]
    submissions: list[SubmissionOut]
