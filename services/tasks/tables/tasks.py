"""Tasks with their citations."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    Text,
    and_,
    case,
    func,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql.expression import Grouping

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


def word(value: str) -> ColumnElement[str]:
    """A constant within a statement: an index on an expression is not used for a parameter."""
    return literal_column(f"'{value}'", Text)


def due_or_never(task: Any) -> ColumnElement[date]:
    return func.coalesce(task.due_on, literal_column("'infinity'::date", Date))


def lasting_status(task: Any) -> ColumnElement[str]:
    """The part of a task's status that does not change with the day, by all that is recorded.

    `group`: the status follows from the members'; `open`: overdue, due soon or in progress, by the day.
    """
    return case(
        (
            and_(
                task.children_count > literal_column("0"), task.state.in_([word("open"), word("completed")])
            ),
            word("group"),
        ),
        (
            and_(
                task.state == word("completed"), task.kind == word("dated"), task.completed_on > task.due_on
            ),
            word("completed_late"),
        ),
        (task.state == word("completed"), word("completed_on_time")),
        (and_(task.state == word("open"), task.kind == word("standing")), word("standing")),
        else_=task.state,
    )


# PostgreSQL requires the parentheses of `Grouping`, which SQLAlchemy leaves out around CASE
Index("ix_tasks_lasting_status", Grouping(lasting_status(Task)), due_or_never(Task), Task.id)
Index(
    "ix_tasks_members",
    Task.parent_id,
    Grouping(lasting_status(Task)),
    due_or_never(Task),
    postgresql_where=text("parent_id IS NOT NULL"),
)


class Citation(Base):
    __tablename__ = "citations"
    __table_args__ = (Index(None, "document_code"),)

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    document_code: Mapped[str] = mapped_column(ForeignKey("documents.code"))
    clause: Mapped[str | None]
    recorded_at: Mapped[datetime]
