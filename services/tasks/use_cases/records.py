"""What the use cases of tasks share: locking a task, and telling the log how it stands after a change."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import Select, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from services.tasks.domain.deadlines import Reading
from services.tasks.tables import Assignment, Base, Citation, Deadline, Task
from shared.errors import Conflict, NotFound
from shared.events import tasks as events
from shared.log.outbox import add_event, add_events
from shared.runtime.audit import Actor, add_audit, add_audits


async def lock_task(session: AsyncSession, task_id: UUID) -> Task:
    """The task with all its parts, locked until the transaction ends: that lock orders its events."""
    task = await session.scalar(_with_parts().where(Task.id == task_id).with_for_update(of=Task))
    if task is None:
        raise NotFound(
            "task_unknown",
            f"Không có nhiệm vụ {task_id}: tra tại /tasks/v1/tasks.",
            f"There is no task {task_id}: look it up at /tasks/v1/tasks.",
        )
    return task


async def lock_to_end(session: AsyncSession, task_id: UUID) -> Task:
    """Lock a task whose end may end its group's: the group's first, as every change of a group does."""
    parent_id = await session.scalar(select(Task.parent_id).where(Task.id == task_id))
    if parent_id is not None:
        await lock_task(session, parent_id)
    return await lock_task(session, task_id)


async def lock_children(
    session: AsyncSession, parent: Task, states: tuple[str, ...] = ("open",)
) -> list[Task]:
    """The members' tasks in those states, locked in one order everywhere."""
    found = await session.scalars(
        _with_parts()
        .where(Task.parent_id == parent.id, Task.state.in_(states))
        .order_by(Task.id)
        .with_for_update(of=Task)
    )
    return list(found)


def _with_parts() -> Select[Task]:
    return (
        select(Task)
        .options(selectinload(Task.deadlines), selectinload(Task.assignments), selectinload(Task.citations))
        .execution_options(populate_existing=True)
    )


STATE_VI = {"completed": "đã hoàn thành", "cancelled": "đã hủy", "merged": "đã gộp"}
EVERY_STATE = ("open", *STATE_VI)


def require_open(task: Task) -> None:
    if task.state != "open":
        raise Conflict(
            "task_ended",
            f"Nhiệm vụ {STATE_VI[task.state]}: không nhận thay đổi này.",
            f"The task has ended ({task.state}): this change is not taken.",
            state=task.state,
        )


def new_deadline(task: Task, reading: Reading, **facts: Any) -> Deadline:
    """The next revision of a task's deadline. `facts`: effective_on, recorded_at, and where known reason and document."""
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
        **facts,
    )
    task.deadlines.append(deadline)
    task.due_on = current_deadline(task).due_on
    return deadline


def current_deadline(task: Task) -> Deadline:
    """The revision in force by all that is recorded: the latest approved, though it may not be the last typed in."""
    return max(task.deadlines, key=lambda deadline: (deadline.effective_on, deadline.revision))


async def tell_created(session: AsyncSession, tasks: Sequence[Task], *, actor: Actor, at: datetime) -> None:
    """Record new tasks and make them official, many in a few statements; a parent stands before its members."""
    await _insert(session, Task, [vars(task) for task in tasks])
    parts = (Deadline, "deadlines"), (Assignment, "assignments"), (Citation, "citations")
    for kind, name in parts:
        rows = [vars(part) | {"task_id": task.id} for task in tasks for part in getattr(task, name)]
        await _insert(session, kind, rows)
    await add_events(
        session, [(events.TaskCreated(task=task_state(task)), task.version) for task in tasks], at=at
    )
    entries = [("created", "task", task.id, {"version": task.version, "title": task.title}) for task in tasks]
    await add_audits(session, actor, entries, at=at)


async def _insert(session: AsyncSession, kind: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows without the session's bookkeeping of each, which costs more than the insert."""
    table = kind.__table__
    assert isinstance(table, Table)  # noqa: S101 - mapped classes have tables
    names = [name for name in (rows[0] if rows else ()) if name in table.c]
    if rows:
        await session.execute(insert(table), [{name: row[name] for name in names} for row in rows])


async def tell(
    session: AsyncSession,
    task: Task,
    kind: type[events.TaskEvent],
    *,
    actor: Actor,
    at: datetime,
    **detail: Any,
) -> None:
    """Make the change official: the next version, its event with the whole state, its audit entry."""
    task.version += 1
    await session.flush()
    await add_event(session, kind(task=task_state(task), **detail), version=task.version, at=at)
    words = kind.model_construct(**detail).model_dump(mode="json", exclude={"task"})
    action = kind.event_type.split(".")[-2]
    await add_audit(session, actor, action, "task", task.id, at=at, version=task.version, **words)


def task_state(task: Task) -> events.TaskState:
    return events.TaskState.model_validate(
        {
            "id": task.id,
            "version": task.version,
            "title": task.title,
            "programme": task.programme_code,
            "kind": task.kind,
            "state": task.state,
            "deliverable": task.deliverable,
            "priority": task.priority,
            "parent_id": task.parent_id,
            "children": task.children_count,
            "completed_on": task.completed_on,
            "deadline": _deadline_state(current_deadline(task)),
            "assignments": tuple(
                {
                    "agency_code": item.agency_code,
                    "role": item.role,
                    "position": item.position,
                    "unit": item.unit,
                }
                for item in task.assignments
                if item.ended_at is None
            ),
            "citations": tuple(
                {"document_code": item.document_code, "clause": item.clause} for item in task.citations
            ),
        }
    )


def _deadline_state(deadline: Deadline) -> events.DeadlineState:
    cycle = None
    if deadline.recurs_every is not None:
        members = {
            "every": deadline.recurs_every,
            "due_day": deadline.recurs_due_day,
            "due_month": deadline.recurs_due_month,
        }
        cycle = events.CycleState.model_validate(members)
    return events.DeadlineState(
        revision=deadline.revision,
        text=deadline.text,
        kind=deadline.kind,
        start_on=deadline.start_on,
        due_on=deadline.due_on,
        recurrence=_recurrence_state(cycle),
        flags=tuple(deadline.flags),
        unread_words=tuple(deadline.unread_words),
        cycle=cycle,
    )


def _recurrence_state(cycle: events.CycleState | None) -> events.RecurrenceState | None:
    if cycle is None or cycle.every not in get_args(events.RecurrencePeriod):
        return None
    return events.RecurrenceState.model_validate(cycle.model_dump())
