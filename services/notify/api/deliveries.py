"""Deliveries: what went out, how it went, and once more."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response, status

from services.notify.api.common import (
    LIMIT,
    CursorParameter,
    Limit,
    Reader,
    Subscriber,
    key_after,
    page_answer,
)
from services.notify.domain.retries import DeliveryStatus
from services.notify.domain.subscriptions import delivery_unknown
from services.notify.queries import deliveries as queries
from services.notify.schemas import (
    DELIVERIES,
    AcceptedDelivery,
    DeliveryPage,
    DeliveryView,
    delivery_views,
)
from services.notify.use_cases import deliveries as use_cases
from shared.app import CurrentActor, CurrentContext, Reading, Session, service_router
from shared.problems import documented

router = service_router("notify")


@router.get(
    "/deliveries",
    response_model=DeliveryPage,
    summary="Deliveries with every attempt, newest first; of a key bound to an agency, its own",
)
async def list_deliveries(
    request: Request,
    connection: Reading,
    caller: Reader,
    subscription: Annotated[UUID | None, Query()] = None,
    status: Annotated[DeliveryStatus | None, Query()] = None,
    cursor: CursorParameter = None,
    limit: Limit = LIMIT,
) -> Response:
    rows = await queries.list_deliveries(
        connection,
        tenant=caller.tenant,
        subscription=subscription,
        status=status,
        after=key_after(cursor),
        limit=limit,
    )
    attempts = await queries.attempts_of(connection, [row.id for row in rows])
    return page_answer(
        request, DELIVERIES, rows, limit, key="created_at", views=delivery_views(rows, attempts)
    )


@router.get(
    "/deliveries/{delivery_id}",
    response_model=DeliveryView,
    responses=documented(404),
    summary="A delivery with every attempt",
)
async def get_delivery(delivery_id: UUID, connection: Reading, caller: Reader) -> Any:
    row = await queries.get_delivery(connection, delivery_id)
    if row is None:
        raise delivery_unknown()
    caller.require_tenant(row.agency_code)
    [view] = delivery_views([row], await queries.attempts_of(connection, [delivery_id]))
    return view


@router.post(
    "/deliveries/{delivery_id}/retry",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=AcceptedDelivery,
    responses=documented(404, 409),
    summary="Send a pending or failed delivery again, now",
)
async def retry_delivery(
    delivery_id: UUID, session: Session, caller: Subscriber, actor: CurrentActor, context: CurrentContext
) -> Any:
    await use_cases.retry_delivery(session, delivery_id, caller=caller, actor=actor, now=context.clock.now())
    return {"delivery_id": delivery_id}
