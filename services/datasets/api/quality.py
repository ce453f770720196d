"""Route of quality results."""

from services.datasets.api.dependencies import CodeInPath, CurrentRules, Reporter
from services.datasets.schemas.quality import QualityIn, QualityRecorded
from services.datasets.use_cases.authority import require_owner
from services.datasets.use_cases.quality import NewResult, record_quality_result
from shared.http.problems import documented
from shared.http.routes import CurrentActor, CurrentChange, service_router

router = service_router("datasets")


@router.post(
    "/databases/{code}/quality-results", status_code=201, tags=["reporting"], responses=documented(404, 409)
)
async def assess_database(
    code: CodeInPath,
    body: QualityIn,
    change: CurrentChange,
    actor: CurrentActor,
    rules: CurrentRules,
    caller: Reporter,
) -> QualityRecorded:
    """Ghi kết quả theo một trong sáu tiêu chí chất lượng. / Record a database's result for one of the six criteria."""
    await require_owner(change.session, caller, code)
    new = NewResult(**body.model_dump())
    result = await record_quality_result(
        change.session, code, new, rules=rules.watch, actor=actor, at=change.at
    )
    return QualityRecorded.model_validate(result)
