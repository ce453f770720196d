"""Tasks with their citations."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.tasks.tables.assignments import Assignment
from services.tasks.tables.base import Base
from services.tasks.tables.deadlines import Deadline


class Task(Base):
    """`state`, `due_on` and `completed_on` are by all that is recorded; the status on a day comes from the facts.

    A task given to a group is a parent: its members' tasks carry the assignments, and it is done when they are.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("kind IN ('dated', 'standing')", name="kind"),
        CheckConstraint("state IN ('open', 'completed', 'cancelled', 'merged')", name="state"),
        CheckConstraint("priority IN ('normal', 'high', 'urgent')", name="priority"),
        Index(None, "programme_code"),
        Index("ix_tasks_parent_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index("ix_tasks_order", text("coalesce(due_on, 'infinity')"), "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    search_text: Mapped[str]
    programme_code: Mapped[str] = mapped_column(ForeignKey("programmes.code"))
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    deliverable: Mapped[str | None]
    priority: Mapped[str] = mapped_column(default="normal")
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id"))
    children_count: Mapped[int] = mapped_column(default=0)
    lead_text: Mapped[str | None]
    coordinate_text: Mapped[str | None]
    assigned_on: Mapped[date]
    due_on: Mapped[date | None]
    completed_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    deadlines: Mapped[list[Deadline]] = relationship(order_by="Deadline.revision", lazy="raise")
    assignments: Mapped[list[Assignment]] = relationship(order_by="Assignment.id", lazy="raise")
    citations: Mapped[list["Citation"]] = relationship(order_by="Citation.position", lazy="raise")


class Citation(Base):
    __tablename__ = "citations"
    __table_args__ = (Index(None, "document_code"),)

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    document_code: Mapped[str] = mapped_column(ForeignKey("documents.code"))
    clause: Mapped[str | None]
    recorded_at: Mapped[datetime]
