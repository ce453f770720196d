"""Our copy of tasks."""

from datetime import date

from sqlalchemy.orm import Mapped, mapped_column

from services.notify.tables.base import SubjectCopy


class Task(SubjectCopy):
    """A task as the tasks service last reported it; `id` is its UUID."""

    __tablename__ = "tasks"

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    revision: Mapped[int]
    deadline_text: Mapped[str]
    due_on: Mapped[date | None]
    deliverable: Mapped[str | None]
    children: Mapped[int]
    responsible: Mapped[list[str]]
