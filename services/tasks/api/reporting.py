"""Submissions and the decisions on them."""

from uuid import UUID

from services.tasks.api.common import Manager, Reporter
from services.tasks.domain.commands import NewEvidence
from services.tasks.schemas import DecisionIn, SubmissionIn, SubmissionOut
from services.tasks.tables import Submission
from services.tasks.use_cases import reporting
from shared.app import CurrentActor, CurrentContext, Session, service_router
from shared.problems import documented

router = service_router("tasks")


def _answer(submission: Submission) -> SubmissionOut:
    return SubmissionOut.model_validate(submission)


@router.post(
    "/tasks/{task_id}/submissions", status_code=201, tags=["reporting"], responses=documented(404, 409)
)
async def submit_completion(
    task_id: UUID,
    body: SubmissionIn,
    session: Session,
    actor: CurrentActor,
    context: CurrentContext,
    caller: Reporter,
) -> SubmissionOut:
    """Report a task done, with evidence. A key bound to an agency reports for that agency."""
    if body.agency_code is not None:
        caller.require_tenant(body.agency_code)
    submission = await reporting.submit_completion(
        session,
        task_id,
        agency_code=caller.tenant or body.agency_code,
        completed_on=body.completed_on,
        summary=body.summary,
        evidence=[NewEvidence(item.kind, item.reference, item.title) for item in body.evidence],
        actor=actor,
        at=context.clock.now(),
    )
    return _answer(submission)


@router.post("/submissions/{submission_id}/decision", tags=["reporting"], responses=documented(404, 409))
async def decide_submission(
    submission_id: UUID,
    body: DecisionIn,
    session: Session,
    actor: CurrentActor,
    context: CurrentContext,
    _: Manager,
) -> SubmissionOut:
    """Accept, and the task is done on the day the submission says; or return it with a reason."""
    accept = body.decision == "accept"
    submission = await reporting.decide_submission(
        session, submission_id, accept=accept, reason=body.reason, actor=actor, at=context.clock.now()
    )
    return _answer(submission)
