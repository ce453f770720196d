"""Submissions: an agency reports a task done with its evidence, the office accepts or returns it."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.commands import LEADING, NewSubmission, check_completed_on
from services.tasks.domain.states import State, check_open
from services.tasks.tables import Evidence, Submission, Task
from services.tasks.use_cases.changes import ChangedTask, record_changes
from services.tasks.use_cases.endings import complete, end_group
from services.tasks.use_cases.locks import lock_task, lock_to_end
from shared.errors import Conflict, Forbidden, InvalidInput, NotFound
from shared.events import tasks as events
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date


async def submit_completion(
    session: AsyncSession, task_id: UUID, new: NewSubmission, *, actor: Actor, at: datetime
) -> Submission:
    """Report a task done."""
    task = await lock_task(session, task_id)
    check_open(State(task.state))
    _require_reportable(task, new.agency_code)
    check_completed_on(new.completed_on, task.assigned_on, local_date(at))
    await _require_none_awaiting(session, task_id)
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


async def _require_none_awaiting(session: AsyncSession, task_id: UUID) -> None:
    awaiting = select(Submission.id).where(Submission.task_id == task_id, Submission.decision.is_(None))
    if await session.scalar(awaiting):
        raise Conflict(
            "submission_awaiting",
            "Đang có một báo cáo hoàn thành chờ xem xét: đợi kết quả rồi gửi tiếp.",
            "A submission awaits its decision: wait for it before sending another.",
        )


def _require_reportable(task: Task, agency_code: str | None) -> None:
    if task.children_count:
        raise Conflict(
            "task_has_members",
            "Nhiệm vụ giao cho nhóm được báo cáo qua nhiệm vụ của từng thành viên.",
            "A task given to a group is reported through the members' tasks.",
        )
    leaders = {
        item.agency_code for item in task.assignments if item.role in LEADING and item.ended_at is None
    }
    if agency_code is not None and agency_code not in leaders:
        raise Forbidden(
            "not_the_lead",
            f"Cơ quan {agency_code} không chủ trì nhiệm vụ này ({', '.join(sorted(leaders))} chủ trì).",
            f"Agency {agency_code} does not lead this task ({', '.join(sorted(leaders))} does).",
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
    submission = await session.get(Submission, submission_id)
    if submission is None:
        raise NotFound(
            "submission_unknown",
            f"Không có báo cáo hoàn thành {submission_id}.",
            f"There is no submission {submission_id}.",
        )
    if not accept and not reason:
        raise InvalidInput(
            "reason_required", "Trả lại phải nêu lý do.", "A return must say its reason.", field="reason"
        )
    task = await lock_to_end(session, submission.task_id)
    await session.refresh(submission)
    await session.refresh(submission, ["evidence"])
    _require_undecided(submission)
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


def _require_undecided(submission: Submission) -> None:
    if submission.decision is not None:
        raise Conflict(
            "submission_decided",
            "Báo cáo này đã được xem xét (chấp nhận hoặc trả lại); không sửa được.",
            "This submission has been decided; a decision is not changed.",
            decision=submission.decision,
        )
