"""Routes of deliveries: lists with their attempts, and a retry on request."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response, status

from services.notify.api.dependencies import OwnReader, Subscriber, key_after
from services.notify.domain.deliveries import DeliveryStatus, delivery_unknown
from services.notify.queries import deliveries as queries
from services.notify.schemas import (
    AcceptedDelivery,
    DeliveryPage,
    DeliveryView,
    attempt_views,
    delivery_view,
)
from services.notify.use_cases.deliveries import retry
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, page_answer
from shared.http.problems import documented
from shared.http.routes import CurrentActor, CurrentChange, ReadConnection, service_router

router = service_router("notify")


@router.get("/deliveries", response_model=DeliveryPage)
async def list_deliveries(
    request: Request,
    connection: ReadConnection,
    caller: OwnReader,
    subscription: Annotated[UUID | None, Query()] = None,
    status: Annotated[DeliveryStatus | None, Query()] = None,
    cursor: PageCursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Các lần gửi với từng lần thử, mới nhất trước. / Deliveries with every attempt, newest first.

    Khóa gắn với một cơ quan chỉ thấy của cơ quan đó.

    A key bound to an agency sees its own.
    """
    tenant, after = caller.tenant, key_after(cursor)
    rows = await queries.list_deliveries(
        connection, tenant=tenant, subscription=subscription, status=status, after=after, limit=limit
    )
    attempts = attempt_views(await queries.attempts_of(connection, [row.id for row in rows]))
    view = partial(delivery_view, attempts=attempts)
    return page_answer(request, rows, limit, key=lambda row: (row.created_at, row.id), view=view)


@router.get("/deliveries/{delivery_id}", response_model=DeliveryView, responses=documented(404))
async def get_delivery(delivery_id: UUID, connection: ReadConnection, caller: OwnReader) -> Any:
    """Một lần gửi với từng lần thử. / A delivery with every attempt."""
    row = await queries.get_delivery(connection, delivery_id)
    if row is None:
        raise delivery_unknown()
    caller.require_tenant(row.agency_code)
    return delivery_view(row, attempt_views(await queries.attempts_of(connection, [delivery_id])))


@router.post(
    "/deliveries/{delivery_id}/retry",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=AcceptedDelivery,
    responses=documented(404, 409, 429),
)
async def retry_delivery(
    delivery_id: UUID, change: CurrentChange, caller: Subscriber, actor: CurrentActor
) -> Any:
    """Gửi lại ngay một lần gửi đang chờ hoặc không thành công. / Send a pending or failed delivery again, now."""
    await retry.retry_delivery(change.session, delivery_id, caller=caller, actor=actor, now=change.at)
    return {"delivery_id": delivery_id}
