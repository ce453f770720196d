"""Alerts that were raised."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.notify.tables.base import Base


class Alert(Base):
    """A reminder that was raised. `body` is the CloudEvent as it is sent, the same bytes at each attempt."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("reminder_id"),
        Index(None, "raised_at", "id"),
        Index(None, "agency_code", "raised_at", "id"),
        Index(None, "subject_kind", "subject", "raised_at", "id"),
        Index(None, "kind", "raised_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reminder_id: Mapped[UUID] = mapped_column(ForeignKey("reminders.id"))
    subject_kind: Mapped[str]
    subject: Mapped[str]
    agency_code: Mapped[str]
    kind: Mapped[str]
    due_at: Mapped[datetime]
    raised_at: Mapped[datetime]
    body: Mapped[str]
