"""Subscriptions: where alerts are sent."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response, status

from services.notify.api.dependencies import CodeParameter, OwnReader, Rules, Subscriber, key_after
from services.notify.domain.subscriptions import SubscriptionStatus, subscription_unknown
from services.notify.queries import subscriptions as queries
from services.notify.schemas import (
    AcceptedDelivery,
    CreatedSubscription,
    NewSubscription,
    SubscriptionChanges,
    SubscriptionPage,
    SubscriptionView,
    subscription_view,
)
from services.notify.use_cases import subscriptions as use_cases
from services.notify.use_cases import trials
from shared.http.idempotency import replay_with
from shared.http.openapi import sent
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, page_answer
from shared.http.preconditions import ExpectedVersion, set_etag
from shared.http.problems import documented
from shared.http.routes import CurrentActor, CurrentChange, ReadConnection, service_router

SECRET_SHOWN_BEFORE = {
    "message_vi": "Bí mật chỉ hiện trong câu trả lời đầu tiên và không lưu lại để gửi lần nữa. Nếu chưa nhận được, hãy xóa "
    "đăng ký này rồi đăng ký lại.",
    "message_en": "The secret is shown in the first answer only and not kept to be sent again. If it never arrived, delete "
    "this subscription and create another.",
}
router = service_router("notify")


@router.post(
    "/subscriptions",
    status_code=status.HTTP_201_CREATED,
    response_model=CreatedSubscription,
    responses=documented(409) | sent(201, "ETag", "Location"),
)
async def create_subscription(
    body: NewSubscription,
    request: Request,
    response: Response,
    change: CurrentChange,
    caller: Subscriber,
    actor: CurrentActor,
    rules: Rules,
) -> Any:
    """Đăng ký một địa chỉ nhận cảnh báo. / Subscribe an address to alerts.

    Chỉ câu trả lời đầu tiên cho xem bí mật; gửi lại với cùng Idempotency-Key thì không.

    Only the first answer shows the secret; a replayed one does not.
    """
    subscription, secret = await use_cases.create_subscription(
        change.session, rules, **body.model_dump(), caller=caller, actor=actor, now=change.at
    )
    set_etag(response, subscription.version)
    response.headers["Location"] = f"/notify/v1/subscriptions/{subscription.id}"
    replay_with(request, secret=None, **SECRET_SHOWN_BEFORE)
    return subscription_view(subscription) | {"secret": secret, **dict.fromkeys(SECRET_SHOWN_BEFORE)}


@router.get("/subscriptions", response_model=SubscriptionPage)
async def list_subscriptions(
    request: Request,
    connection: ReadConnection,
    caller: OwnReader,
    agency: CodeParameter = None,
    status: Annotated[SubscriptionStatus | None, Query()] = None,
    cursor: PageCursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Các đăng ký nhận cảnh báo. / Subscriptions.

    Khóa gắn với một cơ quan chỉ thấy của cơ quan đó.

    A key bound to an agency sees its own.
    """
    if agency is not None:
        caller.require_tenant(agency)
    rows = await queries.list_subscriptions(
        connection, agency=agency or caller.tenant, status=status, after=key_after(cursor), limit=limit
    )
    return page_answer(request, rows, limit, key=lambda row: (row.created_at, row.id), view=subscription_view)


@router.get(
    "/subscriptions/{subscription_id}",
    response_model=SubscriptionView,
    responses=documented(404) | sent(200, "ETag"),
)
async def get_subscription(
    subscription_id: UUID, response: Response, connection: ReadConnection, caller: OwnReader
) -> Any:
    """Một đăng ký, không kèm bí mật. / A subscription, without its secret."""
    row = await queries.get_subscription(connection, subscription_id)
    if row is None:
        raise subscription_unknown()
    caller.require_tenant(row.agency_code)
    set_etag(response, row.version)
    return subscription_view(row)


@router.patch(
    "/subscriptions/{subscription_id}",
    response_model=SubscriptionView,
    responses=documented(404, 410, 412, 428) | sent(200, "ETag"),
)
async def change_subscription(
    subscription_id: UUID,
    body: SubscriptionChanges,
    expected: ExpectedVersion,
    response: Response,
    change: CurrentChange,
    caller: Subscriber,
    actor: CurrentActor,
    rules: Rules,
) -> Any:
    """Sửa, tạm dừng hoặc bật lại một đăng ký. / Change, pause or enable a subscription."""
    asked, now = body.model_dump(exclude_unset=True), change.at
    subscription = await use_cases.change_subscription(
        change.session,
        rules,
        subscription_id,
        asked,
        expected_version=expected,
        caller=caller,
        actor=actor,
        now=now,
    )
    set_etag(response, subscription.version)
    return subscription_view(subscription)


@router.delete(
    "/subscriptions/{subscription_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,  # JSON would name a media type for no content
    responses=documented(404, 410),
)
async def delete_subscription(
    subscription_id: UUID,
    change: CurrentChange,
    caller: Subscriber,
    actor: CurrentActor,
) -> None:
    """Kết thúc một đăng ký. / End a subscription.

    Đăng ký vẫn nằm trong danh sách, ghi là đã xóa.

    It stays in the list with the status deleted.
    """
    now = change.at
    await use_cases.delete_subscription(change.session, subscription_id, caller=caller, actor=actor, now=now)


@router.post(
    "/subscriptions/{subscription_id}/test",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=AcceptedDelivery,
    responses=documented(404, 409, 410, 429),
)
async def try_subscription(
    subscription_id: UUID,
    change: CurrentChange,
    caller: Subscriber,
    actor: CurrentActor,
) -> Any:
    """Gửi một tin thử. / Send a trial message.

    Lần gửi của tin đó cho biết kết quả. Mỗi đăng ký nhận nhiều nhất 20 tin thử một giờ, mỗi khóa gửi nhiều nhất 60.

    The result is shown by its delivery. A subscription gets at most 20 trials in an hour, a key sends at most 60.
    """
    now = change.at
    delivery_id = await trials.try_subscription(
        change.session, subscription_id, caller=caller, actor=actor, now=now
    )
    return {"delivery_id": delivery_id}
