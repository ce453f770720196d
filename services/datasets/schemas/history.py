"""The history of a database."""

from datetime import datetime
from typing import Any

from pydantic import Field

from shared.http.answers import Answer


class HistoryEntry(Answer):
    at: datetime
    actor: str | None = Field(description="name and prefix of the key; null for a key that may not know it")
    action: str
    detail: dict[str, Any]


class DatabaseHistory(Answer):
    """Every change, oldest first; a heartbeat is listed by the change that it caused."""

    items: list[HistoryEntry]
    next_cursor: str | None
