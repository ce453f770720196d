"""Ending tasks: cancelled by the office, or with the last member's part of a group's task."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.tables import Ending, Submission, Task
from services.tasks.use_cases.records import lock_children, lock_task, lock_to_end, require_open, tell
from shared.events import tasks as events
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date


async def cancel_task(
    session: AsyncSession, task_id: UUID, *, reason: str, actor: Actor, at: datetime
) -> Task:
    """End a task that is no longer to be done, with the open tasks of its members."""
    task = await lock_to_end(session, task_id)
    require_open(task)
    for each in (task, *await lock_children(session, task)):
        await _cancel(session, each, reason=reason, actor=actor, at=at)
    await settle_parent(session, task, reason=reason, actor=actor, at=at)
    return task


async def settle_parent(
    session: AsyncSession, child: Task, *, reason: str = "", actor: Actor, at: datetime
) -> None:
    """End the task of a group with its last member's part: completed where one was, else cancelled for `reason`."""
    if child.parent_id is None:
        return
    parent = await lock_task(session, child.parent_id)
    members = select(Task.state).where(Task.parent_id == parent.id)
    states = set(await session.scalars(members))
    if parent.state != "open" or "open" in states:
        return
    if "completed" not in states:
        await _cancel(session, parent, reason=reason, actor=actor, at=at)
        return
    last = (
        await session.scalars(
            select(Submission)
            .join(Task, Task.id == Submission.task_id)
            .where(Task.parent_id == parent.id, Submission.decision == "accept")
            .order_by(Submission.completed_on.desc())
            .limit(1)
        )
    ).one()
    parent.state = "completed"
    parent.completed_on = last.completed_on
    detail = {"submission_id": last.id, "completed_on": last.completed_on, "accepted_at": at}
    await tell(session, parent, events.TaskCompleted, actor=actor, at=at, **detail)


async def _cancel(session: AsyncSession, task: Task, *, reason: str, actor: Actor, at: datetime) -> None:
    task.state = "cancelled"
    session.add(
        Ending(task_id=task.id, kind="cancelled", reason=reason, effective_on=local_date(at), recorded_at=at)
    )
    await tell(session, task, events.TaskCancelled, actor=actor, at=at, reason=reason)
