"""Revisions of a task's deadline: the next one, the one in force, and the first date of a deadline without one."""

from datetime import date, datetime

from services.tasks.domain.deadlines import Reading
from services.tasks.domain.extensions import check_first_date
from services.tasks.tables import Deadline, Task


def add_deadline(
    task: Task,
    reading: Reading,
    *,
    effective_on: date,
    recorded_at: datetime,
    reason: str | None = None,
    document_code: str | None = None,
) -> Deadline:
    """Add the next revision; the task's own due date becomes that of the revision then in force."""
    recurrence = reading.recurrence
    deadline = Deadline(
        revision=len(task.deadlines) + 1,
        text=reading.text,
        kind=reading.kind.value,
        start_on=reading.start_on,
        due_on=reading.late_after,
        recurs_every=recurrence.every if recurrence else None,
        recurs_due_day=recurrence.due_day if recurrence else None,
        recurs_due_month=recurrence.due_month if recurrence else None,
        flags=[str(flag) for flag in reading.flags],
        unread_words=list(reading.unread_words),
        reason=reason,
        document_code=document_code,
        effective_on=effective_on,
        recorded_at=recorded_at,
    )
    task.deadlines.append(deadline)
    task.due_on = current_deadline(task).due_on
    return deadline


def current_deadline(task: Task) -> Deadline:
    """The revision in force by all that is recorded: the latest approved, not the last recorded."""
    return max(task.deadlines, key=lambda deadline: (deadline.effective_on, deadline.revision))


def give_date(task: Task, reading: Reading, at: datetime) -> None:
    """Date a deadline that had no date, in force from the day the task was assigned."""
    check_first_date(task.due_on, reading, standing=task.kind == "standing")
    add_deadline(task, reading, effective_on=task.assigned_on, recorded_at=at, reason="clarified")
