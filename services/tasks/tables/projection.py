"""Tasks as lists and figures show them today: a projection of the facts, written by `project_tasks` in the change itself.

The functions that write it, and the view that says what it must hold, are SQL in the migrations.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Index, PrimaryKeyConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from services.tasks.tables.base import Base


class ProjectedTask(Base):
    """A task by all that is recorded. A due date that is missing is `infinity`.

    Attributes:
        lasting: its status where that does not change with the day; `open`: overdue, due soon or in progress by
            `status_due_on`; `group`: the same, of a group's task with an open member.
        status_due_on: its own due date; of `group` the first of its open members'.
        agencies: with an assignment in force, on it or on its group's task.
        keys: what it is found by, such as `agency:G12`, `lead:G12` or `document:57-NQ/TW`.
        listed: those of its keys that are rows of `task_keys`.
        words: of `search_text`, each once.
        body: its JSON without the closing brace and the status; `full_form` or `public_form` completes it.
        sole_leader: the agency that leads it alone; null where several do, or none.
    """

    __tablename__ = "projected_tasks"
    __table_args__ = (
        Index("ix_projected_tasks_words", "words", postgresql_using="gin"),
        Index(
            "ix_projected_tasks_counted",
            "parent_id",
            "sole_leader",
            postgresql_include=["id", "is_group", "lasting", "status_due_on", "programme_code"],
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    parent_id: Mapped[UUID | None]
    is_group: Mapped[bool]
    version: Mapped[int]
    lasting: Mapped[str]
    status_due_on: Mapped[date]
    due_on: Mapped[date]
    agencies: Mapped[list[str]]
    keys: Mapped[list[str]]
    listed: Mapped[list[str]]
    words: Mapped[Any] = mapped_column(TSVECTOR)
    body: Mapped[str]
    full_form: Mapped[str]
    public_form: Mapped[str]
    programme_code: Mapped[str]
    sole_leader: Mapped[str | None]


class TaskKey(Base):
    """A key by which a list finds tasks, in the order of the list within each lasting status."""

    __tablename__ = "task_keys"
    __table_args__ = (
        PrimaryKeyConstraint("key", "lasting", "due_on", "task_id", postgresql_include=["status_due_on"]),
    )

    key: Mapped[str]
    lasting: Mapped[str]
    due_on: Mapped[date]
    task_id: Mapped[UUID]
    status_due_on: Mapped[date]
