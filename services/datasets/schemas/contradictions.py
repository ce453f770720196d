"""Contradictions between what is declared and what is observed."""

from datetime import date, datetime
from uuid import UUID

from shared.events.datasets import ContradictionKind
from shared.http.answers import Answer


class ContradictionOut(Answer):
    id: UUID
    database_code: str
    owner_code: str
    kind: ContradictionKind
    opened_at: datetime
    closed_at: datetime | None
    recorded_at: datetime
    words_vi: str
    words_en: str


class ContradictionSummary(Answer):
    id: UUID
    kind: ContradictionKind
    since: datetime
    words_vi: str
    words_en: str


class ContradictionPage(Answer):
    as_of: date
    known_at: datetime
    items: list[ContradictionOut]
    next_cursor: str | None
