"""Cancellations and mergings of tasks."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.tasks.tables.base import Base


class Ending(Base):
    """The cancellation or merging of a task with its reason; it holds from `effective_on`."""

    __tablename__ = "endings"
    __table_args__ = (CheckConstraint("kind IN ('cancelled', 'merged')", name="kind"),)

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    kind: Mapped[str]
    reason: Mapped[str]
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime]
