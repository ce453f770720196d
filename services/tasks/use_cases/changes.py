"""Recording changes of tasks: the next version, the event with the task's whole state, and the audit entry of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import ARRAY, Table, Uuid, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase

from services.tasks.tables import Assignment, Citation, Deadline, Task
from services.tasks.use_cases.deadlines import current_deadline
from shared.events import tasks as events
from shared.log.outbox import event_rows
from shared.runtime.audit import Actor, audit_rows
from shared.runtime.rows import NewRows, insert_together
from shared.runtime.staging import batches

_PROJECT = select(func.project_tasks(bindparam("task_ids", type_=ARRAY(Uuid))))


@dataclass(frozen=True, slots=True)
class ChangedTask:
    """A changed task, still locked; `detail`: the event's members beside the task's state."""

    task: Task
    kind: type[events.TaskEvent]
    detail: Mapping[str, Any]


async def record_changes(
    session: AsyncSession, changes: Sequence[ChangedTask], *, actor: Actor, at: datetime
) -> None:
    """Record changes in order, many in a few statements; a task may be among them once only."""
    for batch in batches(changes):
        for change in batch:
            change.task.version += 1
        await session.flush()
        recorded = [
            (each.kind(task=task_state(each.task), **each.detail), each.task.version) for each in batch
        ]
        entries = [_audit_entry(each) for each in batch]
        rows = [event_rows(recorded, at=at), audit_rows(actor, entries, at=at)]
        await insert_together(session, rows, _PROJECT, task_ids=[each.task.id for each in batch])


async def record_created(session: AsyncSession, tasks: Iterable[Task], *, actor: Actor, at: datetime) -> None:
    """Record new tasks, many in a few statements; a group's precedes its members'. Their projection is the caller's."""
    parts = (Deadline, "deadlines"), (Assignment, "assignments"), (Citation, "citations")
    for batch in batches(tasks):
        rows = [NewRows.of(_table(Task), [vars(task) for task in batch])]
        for kind, name in parts:
            own = [vars(part) | {"task_id": task.id} for task in batch for part in getattr(task, name)]
            rows.append(NewRows.of(_table(kind), own))
        created = [(events.TaskCreated(task=task_state(task)), task.version) for task in batch]
        entries = [
            ("created", "task", each.id, {"version": each.version, "title": each.title}) for each in batch
        ]
        rows += [event_rows(created, at=at), audit_rows(actor, entries, at=at)]
        await insert_together(session, rows)


def _table(kind: type[DeclarativeBase]) -> Table:
    table = kind.__table__
    assert isinstance(table, Table)  # noqa: S101 - mapped classes have tables
    return table


async def project_tasks(session: AsyncSession, task_ids: Sequence[UUID]) -> None:
    """Write what lists show of tasks (`tables/projection.py`), by their facts as written in this transaction."""
    await session.execute(_PROJECT, {"task_ids": task_ids})


def _audit_entry(change: ChangedTask) -> tuple[str, str, object, dict[str, Any]]:
    detail = change.kind.model_construct(**change.detail).model_dump(mode="json", exclude={"task"})
    action = change.kind.event_type.split(".")[-2]
    return action, "task", change.task.id, {"version": change.task.version, **detail}


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
