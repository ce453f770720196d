"""Deadlines: their words, readings and extensions."""

from datetime import date, datetime

from pydantic import Field

from services.tasks.domain.deadlines import DeadlineFlag, DeadlineKind
from services.tasks.schemas.fields import Day
from shared.events.tasks import CycleState
from shared.http.answers import Answer, example
from shared.http.requests import DocumentNumber, Paragraph, RequestModel, Verbatim


class ReadingIn(RequestModel):
    model_config = example(text="Chậm nhất trước ngày 31/3/2026", issued_on="2025-10-15")

    text: Verbatim
    issued_on: Day | None = Field(default=None, description="day of the document")


class ReadingOut(Answer):
    """`due_on` is the last in-time day. `flags` are reasons for a person to look at it; `unread_words` explain the flag `words_unread`."""

    text: str
    kind: DeadlineKind
    start_on: date | None
    due_on: date | None
    recurrence: CycleState | None
    flags: list[DeadlineFlag]
    unread_words: list[str]


class ExtensionIn(RequestModel):
    model_config = example(
        deadline_text="Quý III/2026", reason="Chờ Luật được thông qua", document_code="71/NQ-CP"
    )

    deadline_text: Verbatim
    reason: Paragraph
    document_code: DocumentNumber


class DeadlineRevision(Answer):
    revision: int
    text: str
    kind: DeadlineKind
    due_on: date | None
    flags: list[str]
    unread_words: list[str]
    reason: str | None
    document_code: str | None
    effective_on: date
    recorded_at: datetime
