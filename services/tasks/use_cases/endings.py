"""Ending tasks: by cancellation, and of a group's task with the last of its members' tasks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.states import State, check_open, group_state
from services.tasks.tables import Ending, Submission, Task
from services.tasks.use_cases.changes import ChangedTask, record_changes
from services.tasks.use_cases.locks import lock_members, lock_task, lock_to_end
from shared.events import tasks as events
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date


async def cancel_task(
    session: AsyncSession, task_id: UUID, *, reason: str, actor: Actor, at: datetime
) -> Task:
    """Cancel a task, with the open tasks of its members."""
    task = await lock_to_end(session, task_id)
    check_open(State(task.state))
    members = await lock_members(session, task)
    changes = [_cancel(session, each, reason, at) for each in (task, *members)]
    await record_changes(session, changes, actor=actor, at=at)
    await end_group(session, task, reason=reason, actor=actor, at=at)
    return task


async def end_group(
    session: AsyncSession, member: Task, *, reason: str = "", actor: Actor, at: datetime
) -> None:
    """End a group's task when the last of its members' tasks has ended: completed where one was, else cancelled for `reason`."""
    if member.parent_id is None:
        return
    group = await lock_task(session, member.parent_id)
    states = await session.scalars(select(Task.state).where(Task.parent_id == group.id).distinct())
    state = group_state(map(State, states))
    if group.state != State.OPEN or state is State.OPEN:
        return
    if state is State.COMPLETED:
        change = complete(group, await _last_accepted(session, group), at)
    else:
        change = _cancel(session, group, reason, at)
    await record_changes(session, [change], actor=actor, at=at)


def complete(task: Task, submission: Submission, at: datetime) -> ChangedTask:
    """Complete a task on the day of its accepted submission."""
    task.state = State.COMPLETED
    task.completed_on = submission.completed_on
    detail = {"submission_id": submission.id, "completed_on": submission.completed_on, "accepted_at": at}
    return ChangedTask(task, events.TaskCompleted, detail)


async def _last_accepted(session: AsyncSession, group: Task) -> Submission:
    """The accepted submission of the member that was done last."""
    accepted = (
        select(Submission)
        .join(Task, Task.id == Submission.task_id)
        .where(Task.parent_id == group.id, Submission.decision == "accept")
        .order_by(Submission.completed_on.desc())
        .limit(1)
    )
    return (await session.scalars(accepted)).one()


def _cancel(session: AsyncSession, task: Task, reason: str, at: datetime) -> ChangedTask:
    task.state = State.CANCELLED
    ending = Ending(
        task_id=task.id,
        kind="cancelled",
        reason=reason,
        effective_on=local_date(at),
        recorded_at=at,
    )
    session.add(ending)
    return ChangedTask(task, events.TaskCancelled, {"reason": reason})
