"""Extending deadlines by approving documents."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.deadlines import Reading
from services.tasks.domain.extensions import Approval, Extended, check_extension, moves_with_group
from services.tasks.domain.states import State
from services.tasks.tables import Task
from services.tasks.use_cases.changes import ChangedTask, record_changes
from services.tasks.use_cases.deadlines import add_deadline, current_deadline
from services.tasks.use_cases.documents import require_document
from services.tasks.use_cases.locks import lock_members, lock_task
from shared.events import tasks as events
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date


async def extend_deadline(
    session: AsyncSession,
    task_id: UUID,
    reading: Reading,
    *,
    reason: str,
    document_code: str,
    actor: Actor,
    at: datetime,
) -> Task:
    """Extend a deadline by an approving document, from that document's day; members with their group."""
    document = await require_document(session, document_code)
    approval = Approval(document.code, document.issued_on)
    task = await lock_task(session, task_id)
    check_extension(_extended(task), reading, approval, local_date(at))
    members = [
        member
        for member in await lock_members(session, task, (State.OPEN, State.COMPLETED))
        if moves_with_group(_extended(member), task.due_on, reading, approval)
    ]
    changes = [_extend(each, reading, approval, reason, at) for each in (task, *members)]
    await record_changes(session, changes, actor=actor, at=at)
    return task


def _extended(task: Task) -> Extended:
    return Extended(State(task.state), task.kind == "standing", task.due_on, task.completed_on)


def _extend(task: Task, reading: Reading, approval: Approval, reason: str, at: datetime) -> ChangedTask:
    extension = add_deadline(
        task,
        reading,
        effective_on=max(approval.issued_on, task.assigned_on),
        recorded_at=at,
        reason=reason,
        document_code=approval.code,
    )
    detail = {
        "reason": reason,
        "document_code": approval.code,
        "in_force": current_deadline(task) is extension,  # false if a later approval was recorded before
    }
    return ChangedTask(task, events.DeadlineExtended, detail)
