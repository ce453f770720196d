"""Alerts that were raised."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from services.notify.api.dependencies import CodeParameter, NamedSubjects, Reader, key_after, require_visible
from services.notify.domain.alerts import alert_unknown
from services.notify.queries import alerts as queries
from services.notify.queries import deliveries as delivery_queries
from services.notify.schemas import (
    AlertDetail,
    AlertPage,
    AlertStatus,
    alert_view,
    attempt_views,
    delivery_view,
)
from shared.events.notify import AlertKind
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, page_answer
from shared.http.problems import documented
from shared.http.routes import ReadConnection, service_router

router = service_router("notify")


@router.get("/alerts", response_model=AlertPage)
async def list_alerts(
    request: Request,
    connection: ReadConnection,
    caller: Reader,
    named_subjects: NamedSubjects,
    agency: CodeParameter = None,
    kind: Annotated[AlertKind | None, Query()] = None,
    status: Annotated[AlertStatus | None, Query()] = None,
    cursor: PageCursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Cảnh báo, mới nhất trước. / Alerts, newest first."""
    await require_visible(connection, caller, agency)
    filters = queries.Filters(caller.tenant, agency, kind, named_subjects, status)
    rows = await queries.list_alerts(connection, filters, after=key_after(cursor), limit=limit)
    return page_answer(request, rows, limit, key=lambda row: (row.raised_at, row.id), view=alert_view)


@router.get("/alerts/{alert_id}", response_model=AlertDetail, responses=documented(404))
async def get_alert(alert_id: UUID, connection: ReadConnection, caller: Reader) -> Any:
    """Một cảnh báo với các lần gửi và từng lần thử. / An alert with its deliveries and every attempt."""
    row = await queries.get_alert(connection, alert_id, caller.tenant)
    if row is None:
        raise alert_unknown()
    await require_visible(connection, caller, row.agency_code)
    deliveries = await delivery_queries.deliveries_of_alert(connection, alert_id, caller.tenant)
    attempts = attempt_views(
        await delivery_queries.attempts_of(connection, [delivery.id for delivery in deliveries])
    )
    return alert_view(row) | {"deliveries": [delivery_view(delivery, attempts) for delivery in deliveries]}
