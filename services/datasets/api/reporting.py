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
from shared.http.app import CurrentActor, CurrentChange, service_router
from shared.http.problems import documented

router = service_router("datasets")


@router.post("/databases/{code}/declarations", status_code=201, tags=["reporting"], responses=documented(404))
async def declare_database(
    code: CodeInPath,
    body: DeclarationIn,
    change: CurrentChange,
    actor: CurrentActor,
    rules: CurrentRules,
    caller: Reporter,
) -> DeclarationOut:
    """Khai báo giai đoạn và kết nối của một cơ sở dữ liệu. / Declare how far a database is.

    Kèm minh chứng; điều đã khai báo trước vẫn được giữ.

    With evidence; what was said before stays.
    """
    await require_owner(change.session, caller, code)
    said = body.model_dump()
    declaration = await use_cases.declare(
        change.session, code, **said, rules=rules.watch, actor=actor, at=change.at
    )
    return DeclarationOut.model_validate(declaration)


@router.post(
    "/databases/{code}/quality-results", status_code=201, tags=["reporting"], responses=documented(404)
)
async def assess_database(
    code: CodeInPath,
    body: QualityIn,
    change: CurrentChange,
    actor: CurrentActor,
    rules: CurrentRules,
    caller: Reporter,
) -> QualityRecorded:
    """Ghi kết quả theo một trong sáu tiêu chí chất lượng. / Record how a database did by one of the six criteria."""
    await require_owner(change.session, caller, code)
    new = use_cases.NewResult(**body.model_dump())
    result = await use_cases.assess(change.session, code, new, rules=rules.watch, actor=actor, at=change.at)
    return QualityRecorded.model_validate(result)


@router.post(
    "/databases/{code}/heartbeats", status_code=202, tags=["reporting"], responses=documented(404, 409)
)
async def report_heartbeat(
    code: CodeInPath,
    body: HeartbeatIn,
    change: CurrentChange,
    rules: CurrentRules,
    caller: Reporter,
) -> HeartbeatOut:
    """Báo rằng một cơ sở dữ liệu đang hoạt động. / Tell that a database works.

    Gửi lại đúng nội dung thì chỉ tính một lần; nội dung khác với cùng `run_id` bị từ chối.

    The same again counts once; another body under the same `run_id` is refused.
    """
    await require_owner(change.session, caller, code)
    new = NewHeartbeat(**body.model_dump())
    taken = await take_heartbeat(change.session, code, new, rules=rules.watch, skew=rules.skew, at=change.at)
    return HeartbeatOut(
        database_code=code, run_id=new.run_id, observed_at=new.observed_at, counted=taken.counted
    )


@router.post("/databases/{code}/maintenance", status_code=201, tags=["reporting"], responses=documented(404))
async def announce_maintenance(
    code: CodeInPath,
    body: MaintenanceIn,
    change: CurrentChange,
    actor: CurrentActor,
    rules: CurrentRules,
    caller: Reporter,
) -> MaintenanceOut:
    """Báo trước một đợt bảo trì. / Announce a maintenance.

    Trong đợt đó im lặng không bị tính; đợt đã bắt đầu quá 24 giờ do văn phòng ghi.

    Silence in that window does not count; one that began over 24 hours ago is the office's to record.
    """
    await require_owner(change.session, caller, code)
    asked = body.model_dump() | {"longest": rules.longest_maintenance, "by_office": is_office(caller)}
    asked |= {"rules": rules.watch}
    window = await use_cases.announce_maintenance(change.session, code, **asked, actor=actor, at=change.at)
    return MaintenanceOut.model_validate(window)
