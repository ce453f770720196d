"""Revisions of deadlines."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.tasks.tables.base import Base


class Deadline(Base):
    """One revision of a deadline: its words and their reading; it holds from `effective_on`."""

    __tablename__ = "deadlines"

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    kind: Mapped[str]
    start_on: Mapped[date | None]
    due_on: Mapped[date | None]
    recurs_every: Mapped[str | None]
    recurs_due_day: Mapped[int | None]
    recurs_due_month: Mapped[int | None]
    flags: Mapped[list[str]]
    unread_words: Mapped[list[str]]
    reason: Mapped[str | None]
    document_code: Mapped[str | None] = mapped_column(ForeignKey("documents.code"))
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime]
