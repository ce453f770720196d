"""The history of a database."""

from datetime import datetime
from typing import Any

from shared.http.answers import Answer


class HistoryEntry(Answer):
    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


class DatabaseHistory(Answer):
    """Every change, oldest first; a heartbeat is listed by the change that it caused."""

    items: list[HistoryEntry]
    next_cursor: str | None
