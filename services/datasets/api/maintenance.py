"""Route of maintenance windows."""

from services.datasets.api.dependencies import CodeInPath, CurrentRules, Reporter, is_office
from services.datasets.schemas.maintenance import MaintenanceIn, MaintenanceOut
from services.datasets.use_cases.authority import require_owner
from services.datasets.use_cases.maintenance import record_maintenance
from shared.http.problems import documented
from shared.http.routes import CurrentActor, CurrentChange, service_router

router = service_router("datasets")


@router.post(
    "/databases/{code}/maintenance", status_code=201, tags=["reporting"], responses=documented(404, 409)
)
async def announce_maintenance(
    code: CodeInPath,
    body: MaintenanceIn,
    change: CurrentChange,
    actor: CurrentActor,
    rules: CurrentRules,
    caller: Reporter,
) -> MaintenanceOut:
    """Báo trước một đợt bảo trì. / Announce a maintenance window.

    Trong đợt đó im lặng không bị tính; đợt đã bắt đầu quá 24 giờ do văn phòng ghi.

    Silence in that window does not count; a window that began over 24 hours ago is recorded by the office.
    """
    await require_owner(change.session, caller, code)
    asked = body.model_dump() | {"longest": rules.longest_maintenance, "by_office": is_office(caller)}
    asked |= {"rules": rules.watch}
    window = await record_maintenance(change.session, code, **asked, actor=actor, at=change.at)
    return MaintenanceOut.model_validate(window)
