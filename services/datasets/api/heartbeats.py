"""Route of heartbeats."""

from fastapi import Depends

from services.datasets.api.dependencies import CodeInPath, CurrentRules, Reporter
from services.datasets.domain.heartbeats import NewHeartbeat
from services.datasets.schemas.heartbeats import HeartbeatIn, HeartbeatOut
from services.datasets.use_cases.authority import require_owner
from services.datasets.use_cases.heartbeats import record_heartbeat
from shared.http.problems import documented
from shared.http.routes import CurrentChange, limited_apart, service_router

router = service_router("datasets")


@router.post(
    "/databases/{code}/heartbeats",
    status_code=202,
    tags=["reporting"],
    responses=documented(404, 409),
    dependencies=[Depends(limited_apart)],
)
async def report_heartbeat(
    code: CodeInPath,
    body: HeartbeatIn,
    change: CurrentChange,
    rules: CurrentRules,
    caller: Reporter,
) -> HeartbeatOut:
    """Báo rằng một cơ sở dữ liệu đang hoạt động. / Report that a database works.

    Gửi lại đúng nội dung thì chỉ tính một lần; nội dung khác với cùng `run_id` bị từ chối. Số tín hiệu một ngày của mỗi cơ sở
    dữ liệu có giới hạn (DONDOC_HEARTBEATS_PER_DAY), đủ để gửi bù sau khi gián đoạn.

    A repeated request counts once; another body with the same `run_id` is refused. The heartbeats of a database in a day are
    limited (DONDOC_HEARTBEATS_PER_DAY); what was missed can be sent later.
    """
    await require_owner(change.session, caller, code)
    rules.heartbeats.take(code)
    new = NewHeartbeat(**body.model_dump())
    recorded = await record_heartbeat(
        change.session, code, new, rules=rules.watch, skew=rules.skew, at=change.at
    )
    return HeartbeatOut(
        database_code=code, run_id=new.run_id, observed_at=new.observed_at, counted=recorded.counted
    )
