"""Routes of submissions and of the decisions on them."""

from uuid import UUID

from services.tasks.api.dependencies import CurrentManagedChange, Reporter
from services.tasks.domain.submissions import NewEvidence, NewSubmission
from services.tasks.schemas.submissions import DecisionIn, SubmissionIn, SubmissionOut
from services.tasks.use_cases import submissions
from shared.http.auth import Caller
from shared.http.problems import documented
from shared.http.routes import CurrentActor, CurrentChange, service_router

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
        change.session, task_id, _new_submission(body, caller), actor=actor, at=change.at
    )
    return SubmissionOut.model_validate(submission)


@router.post("/submissions/{submission_id}/decision", tags=["reporting"], responses=documented(404, 409))
async def decide_submission(
    submission_id: UUID,
    body: DecisionIn,
    change: CurrentManagedChange,
) -> SubmissionOut:
    """Chấp nhận hoặc trả lại một báo cáo hoàn thành. / Accept or return a submission.

    Chấp nhận thì nhiệm vụ hoàn thành vào ngày ghi trong báo cáo; trả lại phải nêu lý do.

    Acceptance completes the task on the day given in the submission; a return needs a reason.
    """
    accept = body.decision == "accept"
    submission = await submissions.decide_submission(
        change.session, submission_id, accept=accept, reason=body.reason, actor=change.actor, at=change.at
    )
    return SubmissionOut.model_validate(submission)


def _new_submission(body: SubmissionIn, caller: Caller) -> NewSubmission:
    """A bound key reports for its agency, any other for `agency_code` of the body."""
    if body.agency_code is not None:
        caller.require_tenant(body.agency_code)
    evidence = tuple(NewEvidence(item.kind, item.reference, item.title) for item in body.evidence)
    return NewSubmission(caller.tenant or body.agency_code, body.completed_on, body.summary, evidence)
