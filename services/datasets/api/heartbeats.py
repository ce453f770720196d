"""Routes of heartbeats."""

from collections import Counter

from fastapi import Depends

from services.datasets.api.dependencies import CodeInPath, CurrentIntake, CurrentRules, Reporter
from services.datasets.domain.heartbeats import NewHeartbeat
from services.datasets.schemas.heartbeats import (
    HeartbeatIn,
    HeartbeatOut,
    HeartbeatsIn,
    HeartbeatsOut,
    heartbeats_answer,
)
from services.datasets.use_cases.heartbeats import SentHeartbeat, record_heartbeat, record_heartbeats
from shared.http.problems import documented
from shared.http.routes import CurrentChange, CurrentDeferredChange, limited_apart, service_router

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
    change: CurrentDeferredChange,
    intake: CurrentIntake,
    rules: CurrentRules,
    caller: Reporter,
) -> HeartbeatOut:
    """Báo rằng một cơ sở dữ liệu đang hoạt động. / Report that a database works.

    Gửi lại đúng nội dung thì chỉ tính một lần; nội dung khác với cùng `run_id` bị từ chối. Số tín hiệu một ngày của mỗi cơ sở
    dữ liệu có giới hạn (DONDOC_HEARTBEATS_PER_DAY), đủ để gửi bù sau khi gián đoạn.

    A repeated request counts once; another body with the same `run_id` is refused. The heartbeats of a database in a day are
    limited (DONDOC_HEARTBEATS_PER_DAY); what was missed can be sent later.
    """
    sent = SentHeartbeat(code, NewHeartbeat(**body.model_dump()), caller.tenant)
    rules.heartbeats.check(code)
    counted = not change.is_open and await intake.submit(sent)
    if not counted:
        async with change.begin() as (session, at):
            counted = await record_heartbeat(session, sent, rules=rules.watch, skew=rules.skew, at=at)
    rules.heartbeats.count(code, int(counted))
    return HeartbeatOut(
        database_code=code, run_id=sent.new.run_id, observed_at=sent.new.observed_at, counted=counted
    )


@router.post("/heartbeats", status_code=202, tags=["reporting"], dependencies=[Depends(limited_apart)])
async def report_heartbeats(
    body: HeartbeatsIn, change: CurrentChange, rules: CurrentRules, caller: Reporter
) -> HeartbeatsOut:
    """Báo nhiều tín hiệu trong một yêu cầu. / Report many heartbeats in one request.

    Mỗi tín hiệu có kết quả riêng: được tính, lặp lại hoặc bị từ chối kèm lý do; tín hiệu bị từ chối không cản các tín
    hiệu khác. Khóa không được báo thay cho cơ sở dữ liệu nào trong yêu cầu, hoặc một cơ sở dữ liệu vượt DONDOC_HEARTBEATS_PER_DAY,
    thì cả yêu cầu bị từ chối.

    Each has an outcome of its own: counted, repeated, or refused with the reason; one that is refused holds no other
    back. Where the key may act for none of the databases, or one sends more than DONDOC_HEARTBEATS_PER_DAY, the request is
    refused.
    """
    sent = [each.sent(caller.tenant) for each in body.heartbeats]
    for code, number in Counter(each.code for each in sent).items():
        rules.heartbeats.check(code, number)
    outcomes = await record_heartbeats(change.session, sent, rules=rules.watch, skew=rules.skew, at=change.at)
    answer = heartbeats_answer(sent, outcomes)
    for row in answer.heartbeats:
        rules.heartbeats.count(row.database_code, int(row.outcome == "counted"))
    return answer
