"""Origins of imported tasks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.tasks.tables.base import Base


class Origin(Base):
    """The place in a document at which an import read the task, and its words: by these its row is recognised next time."""

    __tablename__ = "origins"
    __table_args__ = (Index(None, "document_code"),)

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    document_code: Mapped[str] = mapped_column(ForeignKey("documents.code"), primary_key=True)
    annex: Mapped[str]
    section: Mapped[list[str]]
    number: Mapped[str]
    ref: Mapped[str | None]
    title: Mapped[str]
    digest: Mapped[str]
    recorded_at: Mapped[datetime]
