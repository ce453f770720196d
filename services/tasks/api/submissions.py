"""Submissions and the decisions on them."""

from uuid import UUID

from services.tasks.api.dependencies import Manager, Reporter
from services.tasks.api.task_requests import new_submission
from services.tasks.schemas.submissions import DecisionIn, SubmissionIn, SubmissionOut
from services.tasks.use_cases import submissions
from shared.http.app import CurrentActor, CurrentChange, service_router
from shared.http.problems import documented

router = service_router("tasks")


@router.post(
    "/tasks/{task_id}/submissions", status_code=201, tags=["reporting"], responses=documented(404, 409)
)
async def submit_completion(
    task_id: UUID,
    body: SubmissionIn,
    change: CurrentChange,
    actor: CurrentActor,
    caller: Reporter,
) -> SubmissionOut:
    """Báo cáo hoàn thành kèm minh chứng. / Report a task done, with evidence.

    Khóa gắn với một cơ quan báo cáo cho chính cơ quan đó.

    A key bound to an agency reports for that agency.
    """
    submission = await submissions.submit_completion(
        change.session, task_id, new_submission(body, caller), actor=actor, at=change.at
    )
    return SubmissionOut.model_validate(submission)


@router.post("/submissions/{submission_id}/decision", tags=["reporting"], responses=documented(404, 409))
async def decide_submission(
    submission_id: UUID,
    body: DecisionIn,
    change: CurrentChange,
    actor: CurrentActor,
    _: Manager,
) -> SubmissionOut:
    """Chấp nhận hoặc trả lại một báo cáo hoàn thành. / Accept or return a submission.

    Chấp nhận thì nhiệm vụ hoàn thành vào ngày ghi trong báo cáo; trả lại phải nêu lý do.

    Accepted, the task is done on the day the submission says; a return says its reason.
    """
    accept = body.decision == "accept"
    submission = await submissions.decide_submission(
        change.session, submission_id, accept=accept, reason=body.reason, actor=actor, at=change.at
    )
    return SubmissionOut.model_validate(submission)
