"""Submissions: an agency reports a task done with its evidence, the office accepts or returns it."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.commands import LEADING, NewEvidence, check_completed_on
from services.tasks.tables import Evidence, Submission, Task
from services.tasks.use_cases.records import lock_task, lock_to_end, require_open, settle_parent, tell
from shared.audit import Actor
from shared.clock import local_date
from shared.errors import Conflict, Forbidden, InvalidInput, NotFound
from shared.events import tasks as events


async def submit_completion(
    session: AsyncSession,
    task_id: UUID,
    *,
    agency_code: str | None,
    completed_on: date,
    summary: str,
    evidence: Sequence[NewEvidence],
    actor: Actor,
    at: datetime,
) -> Submission:
    """Report a task done. `agency_code` is the agency that reports; None when the office does it for them."""
    task = await lock_task(session, task_id)
    require_open(task)
    _require_reportable(task, agency_code)
    check_completed_on(completed_on, local_date(at))
    if completed_on < task.assigned_on:
        raise InvalidInput(
            "completed_before_assigned",
            f"Ngày hoàn thành {completed_on:%d/%m/%Y} trước ngày giao {task.assigned_on:%d/%m/%Y}.",
            f"completed_on {completed_on} is before the task was assigned, {task.assigned_on}.",
            field="completed_on",
        )
    if await session.scalar(
        select(Submission.id).where(Submission.task_id == task_id, Submission.decision.is_(None))
    ):
        raise Conflict(
            "submission_awaiting",
            "Đang có một báo cáo hoàn thành chờ xem xét: đợi kết quả rồi gửi tiếp.",
            "A submission awaits its decision: wait for it before sending another.",
        )
    submission = Submission(
        id=uuid4(),
        task_id=task_id,
        agency_code=agency_code,
        completed_on=completed_on,
        summary=summary,
        submitted_at=at,
        evidence=[
            Evidence(position=n, kind=item.kind, reference=item.reference, title=item.title)
            for n, item in enumerate(evidence, 1)
        ],
    )
    session.add(submission)
    await tell(
        session,
        task,
        events.TaskSubmitted,
        actor=actor,
        at=at,
        submission_id=submission.id,
        agency_code=agency_code,
        completed_on=completed_on,
    )
    return submission


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
    """Accept a submission, and the task is done on the day it says; or return it with a reason."""
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
    if submission.decision is not None:
        raise Conflict(
            "submission_decided",
            "Báo cáo này đã được xem xét (chấp nhận hoặc trả lại); không sửa được.",
            "This submission has been decided; a decision is not changed.",
            decision=submission.decision,
        )
    require_open(task)
    submission.decision = "accept" if accept else "return"
    submission.decided_at = at
    submission.reason = reason
    if accept:
        await _complete(session, task, submission, actor=actor, at=at)
    else:
        detail = {"submission_id": submission_id, "reason": reason}
        await tell(session, task, events.SubmissionReturned, actor=actor, at=at, **detail)
    return submission


async def _complete(
    session: AsyncSession, task: Task, submission: Submission, *, actor: Actor, at: datetime
) -> None:
    task.state = "completed"
    task.completed_on = submission.completed_on
    detail = {"submission_id": submission.id, "completed_on": submission.completed_on, "accepted_at": at}
    await tell(session, task, events.TaskCompleted, actor=actor, at=at, **detail)
    await settle_parent(session, task, actor=actor, at=at)
