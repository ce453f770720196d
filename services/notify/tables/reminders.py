"""Reminders of every subject."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.notify.domain.reminders import ReminderStatus
from services.notify.tables.base import Base
from shared.runtime.database import one_of


class Reminder(Base):
    """Something that an agency is to be alerted of about a subject.

    `subject` is the key of the subject's copy, `dedup_key` is unique among the subject's reminders of one kind. Of one
    `series` the newest by (`rank`, `due_at`) supersedes the others. `occurred_at` is when it became true, or comes due,
    `facts` are the values that its alert reports.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("subject_kind", "subject", "kind", "dedup_key", name="uq_reminders_key"),
        one_of("status", ReminderStatus),
        # By kind first: finding one kind's due reminders reads none of another's, however many of those are due.
        Index("ix_reminders_pending", "subject_kind", "due_at", postgresql_where=text("status = 'pending'")),
        Index(None, "due_at", "id"),
        Index(None, "kind", "due_at", "id"),
        Index(
            "ix_reminders_not_raised", "status", "due_at", "id", postgresql_where=text("status <> 'raised'")
        ),
        Index(None, "agency_code", "due_at", "id"),
        Index(
            "ix_reminders_contradictions",
            "subject",
            "due_at",
            postgresql_where=text("kind = 'dataset.contradiction.opened'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_kind: Mapped[str]
    subject: Mapped[str]
    agency_code: Mapped[str]
    kind: Mapped[str]
    dedup_key: Mapped[str]
    series: Mapped[str]
    rank: Mapped[int]
    due_at: Mapped[datetime]
    occurred_at: Mapped[datetime]
    status: Mapped[str]
    reason: Mapped[str]
    changed_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]
