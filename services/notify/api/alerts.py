"""Alerts, the timers behind them, and the feed of what was raised."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.api.common import (
    LIMIT,
    CodeParameter,
    CursorParameter,
    Limit,
    Reader,
    key_after,
    page_answer,
)
from services.notify.domain.milestones import TimerStatus
from services.notify.domain.subscriptions import alert_unknown
from services.notify.queries import alerts as queries
from services.notify.queries import deliveries as delivery_queries
from services.notify.queries.agencies import visible_agencies
from services.notify.schemas import (
    ALERTS,
    TIMERS,
    AlertDetail,
    AlertPage,
    AlertStatus,
    TimerPage,
    alert_view,
    delivery_views,
    timer_view,
)
from shared.app import Reading, service_router
from shared.auth import Caller
from shared.feeds import ChangePage, read_changes
from shared.problems import documented

router = service_router("notify")
TaskParameter = Annotated[UUID | None, Query()]


async def require_visible(connection: AsyncConnection, caller: Caller, agency: str | None) -> None:
    """Refuse a bound key that names an agency neither its own nor below it."""
    if caller.tenant is None or agency is None:
        return
    if agency not in await visible_agencies(connection, caller.tenant):
        caller.require_tenant(agency)


@router.get("/alerts", response_model=AlertPage, summary="Alerts, newest first")
async def list_alerts(
    request: Request,
    connection: Reading,
    caller: Reader,
    agency: CodeParameter = None,
    task: TaskParameter = None,
    status: Annotated[AlertStatus | None, Query()] = None,
    cursor: CursorParameter = None,
    limit: Limit = LIMIT,
) -> Response:
    await require_visible(connection, caller, agency)
    rows = await queries.list_alerts(
        connection,
        tenant=caller.tenant,
        agency=agency,
        task=task,
        status=status,
        after=key_after(cursor),
        limit=limit,
    )
    return page_answer(request, ALERTS, rows, limit, key="raised_at", views=[alert_view(row) for row in rows])


@router.get(
    "/alerts/{alert_id}",
    response_model=AlertDetail,
    responses=documented(404),
    summary="An alert with its deliveries and every attempt",
)
async def get_alert(alert_id: UUID, connection: Reading, caller: Reader) -> Any:
    row = await queries.get_alert(connection, alert_id)
    if row is None:
        raise alert_unknown()
    await require_visible(connection, caller, row.agency_code)
    deliveries = await delivery_queries.deliveries_of_alert(connection, alert_id, caller.tenant)
    attempts = await delivery_queries.attempts_of(connection, [delivery.id for delivery in deliveries])
    return alert_view(row) | {"deliveries": delivery_views(deliveries, attempts)}


@router.get("/timers", response_model=TimerPage, summary="Milestones, planned and past, with their reasons")
async def list_timers(
    request: Request,
    connection: Reading,
    caller: Reader,
    agency: CodeParameter = None,
    task: TaskParameter = None,
    status: Annotated[TimerStatus | None, Query()] = None,
    cursor: CursorParameter = None,
    limit: Limit = LIMIT,
) -> Response:
    await require_visible(connection, caller, agency)
    rows = await queries.list_timers(
        connection,
        tenant=caller.tenant,
        agency=agency,
        task=task,
        status=status,
        after=key_after(cursor),
        limit=limit,
    )
    return page_answer(request, TIMERS, rows, limit, key="due_at", views=[timer_view(row) for row in rows])


@router.get("/changes", summary="Alerts as events, in the order of the log")
async def list_changes(
    request: Request,
    response: Response,
    connection: Reading,
    caller: Reader,
    after: Annotated[
        str | None, Query(max_length=5000, description="`next_cursor` of the page before")
    ] = None,
    limit: Limit = LIMIT,
) -> ChangePage:
    page = await read_changes(request, response, connection, after, limit)
    if caller.tenant is None:
        return page
    visible = await visible_agencies(connection, caller.tenant)
    items = [event for event in page.items if event.data["agency"]["code"] in visible]
    return page.model_copy(update={"items": items})
