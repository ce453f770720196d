"""Submissions: an agency reports a task done with its evidence, the office accepts or returns it."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from services.tasks.domain.assignments import LEADING
from services.tasks.domain.states import State, check_open
from services.tasks.domain.submissions import (
    NewSubmission,
    check_completed_on,
    check_decision,
    check_none_awaiting,
    check_reporter,
)
from services.tasks.tables import Evidence, Submission, Task
from services.tasks.use_cases.changes import ChangedTask, record_changes
from services.tasks.use_cases.endings import complete, end_group
from services.tasks.use_cases.locks import lock_task, lock_to_end
from shared.errors import NotFound
from shared.events import tasks as events
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date


async def submit_completion(
    session: AsyncSession, task_id: UUID, new: NewSubmission, *, actor: Actor, at: datetime
) -> Submission:
    """Report a task done."""
    task = await lock_task(session, task_id)
    check_open(State(task.state))
    check_reporter(new.agency_code, _leaders(task), has_members=task.children_count > 0)
    check_completed_on(new.completed_on, task.assigned_on, local_date(at))
    check_none_awaiting(awaiting=await _is_awaiting(session, task_id))
    submission = Submission(
        id=uuid4(),
        task_id=task_id,
        agency_code=new.agency_code,
        completed_on=new.completed_on,
        summary=new.summary,
        submitted_at=at,
        evidence=[
            Evidence(position=n, kind=item.kind, reference=item.reference, title=item.title)
            for n, item in enumerate(new.evidence, 1)
        ],
    )
    session.add(submission)
    detail = {
        "submission_id": submission.id,
        "agency_code": new.agency_code,
        "completed_on": new.completed_on,
    }
    await record_changes(session, [ChangedTask(task, events.TaskSubmitted, detail)], actor=actor, at=at)
    return submission


async def _is_awaiting(session: AsyncSession, task_id: UUID) -> bool:
    undecided = select(Submission.id).where(Submission.task_id == task_id, Submission.decision.is_(None))
    return await session.scalar(undecided) is not None


def _leaders(task: Task) -> set[str]:
    return {item.agency_code for item in task.assignments if item.role in LEADING and item.ended_at is None}


_WITH_EVIDENCE = (
    select(Submission)
    .where(Submission.id == bindparam("id"))
    .options(selectinload(Submission.evidence))
    .execution_options(populate_existing=True)
)


async def decide_submission(
    session: AsyncSession,
    submission_id: UUID,
    *,
    accept: bool,
    reason: str | None,
    actor: Actor,
    at: datetime,
) -> Submission:
    """Accept a submission, which completes the task on its day, or return it with a reason."""
    task_id = await session.scalar(select(Submission.task_id).where(Submission.id == submission_id))
    if task_id is None:
        raise NotFound(
            "submission_unknown",
            f"Không có báo cáo hoàn thành {submission_id}.",
            f"There is no submission {submission_id}.",
        )
    task = await lock_to_end(session, task_id)
    submission = (await session.scalars(_WITH_EVIDENCE, {"id": submission_id})).one()
    check_decision(submission.decision, accept=accept, reason=reason)
    check_open(State(task.state))
    submission.decision = "accept" if accept else "return"
    submission.decided_at = at
    submission.reason = reason
    detail = {"submission_id": submission_id, "reason": reason}
    change = (
        complete(task, submission, at) if accept else ChangedTask(task, events.SubmissionReturned, detail)
    )
    await record_changes(session, [change], actor=actor, at=at)
    if accept:
        await end_group(session, task, actor=actor, at=at)
    return submission
