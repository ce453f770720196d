"""What owners and their systems say: declarations, quality results, heartbeats, maintenance."""

from services.datasets.api.common import CodeInPath, CurrentRules, Reporter, is_office
from services.datasets.schemas.reporting import (
    DeclarationIn,
    DeclarationOut,
    HeartbeatIn,
    HeartbeatOut,
    MaintenanceIn,
    MaintenanceOut,
    QualityIn,
    QualityRecorded,
)
from services.datasets.use_cases import databases as use_cases
from services.datasets.use_cases.authority import require_owner
from services.datasets.use_cases.heartbeats import NewHeartbeat, take_heartbeat
from shared.app import CurrentActor, CurrentContext, Session, service_router
from shared.problems import documented

router = service_router("datasets")


@router.post("/databases/{code}/declarations", status_code=201, tags=["reporting"], responses=documented(404))
async def declare(
    code: CodeInPath,
    body: DeclarationIn,
    session: Session,
    actor: CurrentActor,
    context: CurrentContext,
    rules: CurrentRules,
    caller: Reporter,
) -> DeclarationOut:
    """Say how far a database is, with evidence; what was said before stays."""
    await require_owner(session, caller, code)
    said = body.model_dump()
    declaration = await use_cases.declare(
        session, code, **said, rules=rules.watch, actor=actor, at=context.clock.now()
    )
    return DeclarationOut.model_validate(declaration)


@router.post(
    "/databases/{code}/quality-results", status_code=201, tags=["reporting"], responses=documented(404)
)
async def assess(
    code: CodeInPath,
    body: QualityIn,
    session: Session,
    actor: CurrentActor,
    context: CurrentContext,
    rules: CurrentRules,
    caller: Reporter,
) -> QualityRecorded:
    """Record how a database did by one of the six criteria."""
    await require_owner(session, caller, code)
    new = use_cases.NewResult(**body.model_dump())
    result = await use_cases.assess(
        session, code, new, rules=rules.watch, actor=actor, at=context.clock.now()
    )
    return QualityRecorded.model_validate(result)


@router.post(
    "/databases/{code}/heartbeats", status_code=202, tags=["reporting"], responses=documented(404, 409)
)
async def take(
    code: CodeInPath,
    body: HeartbeatIn,
    session: Session,
    context: CurrentContext,
    rules: CurrentRules,
    caller: Reporter,
) -> HeartbeatOut:
    """Tell that a database works. The same again counts once; another body under the same `run_id` is refused."""
    await require_owner(session, caller, code)
    new = NewHeartbeat(**body.model_dump())
    taken = await take_heartbeat(
        session, code, new, rules=rules.watch, skew=rules.skew, at=context.clock.now()
    )
    return HeartbeatOut(
        database_code=code, run_id=new.run_id, observed_at=new.observed_at, counted=taken.counted
    )


@router.post("/databases/{code}/maintenance", status_code=201, tags=["reporting"], responses=documented(404))
async def announce_maintenance(
    code: CodeInPath,
    body: MaintenanceIn,
    session: Session,
    actor: CurrentActor,
    context: CurrentContext,
    rules: CurrentRules,
    caller: Reporter,
) -> MaintenanceOut:
    """Announce a window in which silence does not count; one that began over 24 hours ago is the office's to record."""
    await require_owner(session, caller, code)
    asked = body.model_dump() | {"longest": rules.longest_maintenance, "by_office": is_office(caller)}
    asked |= {"rules": rules.watch}
    window = await use_cases.announce_maintenance(session, code, **asked, actor=actor, at=context.clock.now())
    return MaintenanceOut.model_validate(window)
