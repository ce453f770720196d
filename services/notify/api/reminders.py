"""Reminders, planned and past."""

from typing import Annotated

from fastapi import Query, Request, Response

from services.notify.api.dependencies import CodeParameter, Reader, key_after, require_visible
from services.notify.domain.reminders import ReminderStatus
from services.notify.queries.alerts import Filters
from services.notify.queries.reminders import list_reminders as query
from services.notify.schemas import ReminderPage, mapping
from shared.errors import InvalidInput
from shared.events.notify import AlertKind, SubjectKind
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, page_answer
from shared.http.routes import ReadConnection, service_router

router = service_router("notify")
SubjectParameter = Annotated[
    str | None, Query(min_length=1, max_length=100, description="id or code; with subject_kind")
]


@router.get("/reminders", response_model=ReminderPage)
async def list_reminders(
    request: Request,
    connection: ReadConnection,
    caller: Reader,
    agency: CodeParameter = None,
    kind: Annotated[AlertKind | None, Query()] = None,
    subject_kind: Annotated[SubjectKind | None, Query()] = None,
    subject: SubjectParameter = None,
    status: Annotated[ReminderStatus | None, Query()] = None,
    cursor: PageCursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Các điều nhắc đã qua và sắp tới, kèm lý do. / Reminders, planned and past, with their reasons."""
    await require_visible(connection, caller, agency)
    filters = Filters(caller.tenant, agency, kind, _subjects(subject_kind, subject), status)
    rows = await query(connection, filters, after=key_after(cursor), limit=limit)
    return page_answer(request, rows, limit, key=lambda row: (row.due_at, row.id), view=mapping)


def _subjects(kind: str | None, subject: str | None) -> list[tuple[str, str | None]]:
    if kind is not None:
        return [(kind, subject)]
    if subject is not None:
        raise InvalidInput(
            "subject_kind_missing",
            "Thiếu subject_kind: ghi loại đối tượng cùng với subject.",
            "subject_kind is missing: name the kind of subject along with subject.",
            field="subject_kind",
        )
    return []
