"""Locking tasks with all their parts. A group's task is locked before its members', and these in one order everywhere."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from services.tasks.domain.states import State
from services.tasks.tables import Task
from shared.errors import NotFound


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


async def lock_members(
    session: AsyncSession, group: Task, states: tuple[State, ...] = (State.OPEN,)
) -> list[Task]:
    """The members' tasks in those states, by id."""
    if not group.children_count:
        return []
    found = await session.scalars(
        _with_parts()
        .where(Task.parent_id == group.id, Task.state.in_(states))
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
