"""Assignments of tasks to agencies."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.tasks.tables.base import Base


class Assignment(Base):
    """`position`: the title of the agency's head, where the head is named; `unit`: the part of it that is."""

    __tablename__ = "assignments"
    __table_args__ = (
        CheckConstraint("role IN ('lead', 'co_lead', 'coordinate', 'direct', 'accountable')", name="role"),
        Index("ix_assignments_task_id", "task_id"),
        Index("ix_assignments_agency_code", "agency_code", "role"),
        Index(
            "uq_assignments_in_force",
            "task_id",
            "agency_code",
            "role",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"))
    agency_code: Mapped[str] = mapped_column(ForeignKey("agencies.code"))
    role: Mapped[str]
    position: Mapped[str | None]
    unit: Mapped[str | None]
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime]
    ended_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]
