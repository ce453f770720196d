"""Submissions with their evidence."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.tasks.tables.base import Base


class Submission(Base):
    """An agency's report that the task was done on `completed_on`, and the office's decision on it."""

    __tablename__ = "submissions"
    __table_args__ = (
        CheckConstraint("decision IN ('accept', 'return')", name="decision"),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided"),
        Index("uq_submissions_awaiting", "task_id", unique=True, postgresql_where=text("decision IS NULL")),
        Index(
            "uq_submissions_accepted", "task_id", unique=True, postgresql_where=text("decision = 'accept'")
        ),
        Index("ix_submissions_task_id", "task_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"))
    agency_code: Mapped[str | None] = mapped_column(ForeignKey("agencies.code"))
    completed_on: Mapped[date]
    summary: Mapped[str]
    submitted_at: Mapped[datetime]
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]

    evidence: Mapped[list["Evidence"]] = relationship(order_by="Evidence.position", lazy="raise")


class Evidence(Base):
    __tablename__ = "evidence"
    __table_args__ = (CheckConstraint("kind IN ('document', 'url', 'file')", name="kind"),)

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    reference: Mapped[str]
    title: Mapped[str]
