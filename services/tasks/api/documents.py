"""Routes of programmes and documents."""

from fastapi import Request, Response

from services.tasks.api.dependencies import CurrentManagedChange, Reader
from services.tasks.queries import documents as read
from services.tasks.schemas.documents import (
    DocumentIn,
    DocumentOut,
    DocumentPage,
    ProgrammeIn,
    ProgrammeOut,
    ProgrammePage,
)
from services.tasks.tables import Document, Programme
from services.tasks.use_cases import documents
from shared.events import tasks as events
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, decode_after, page_answer
from shared.http.problems import documented
from shared.http.routes import ReadConnection, service_router

router = service_router("tasks")


@router.post("/programmes", status_code=201, tags=["catalogue"], responses=documented(409))
async def record_programme(body: ProgrammeIn, change: CurrentManagedChange) -> ProgrammeOut:
    """Ghi một chương trình, nghị quyết. / Record a programme."""
    state = events.ProgrammeRecorded(code=body.code, title=body.title)
    meant = body.similar_is_meant
    await documents.record_programme(change.session, state, change.actor, change.at, similar_is_meant=meant)
    return ProgrammeOut.model_validate(state.model_dump())


@router.get("/programmes", tags=["catalogue"], response_model=ProgrammePage)
async def list_programmes(
    request: Request,
    connection: ReadConnection,
    _: Reader,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Danh sách chương trình, nghị quyết. / Programmes by code."""
    rows = await read.list_by_code(connection, Programme, after=decode_after(cursor, str), limit=limit)
    return page_answer(request, rows, limit, key=lambda row: (row.code,), view=ProgrammeOut.model_validate)


@router.post("/documents", status_code=201, tags=["catalogue"], responses=documented(409))
async def record_document(body: DocumentIn, change: CurrentManagedChange) -> DocumentOut:
    """Ghi một văn bản chỉ đạo. / Record a directive document."""
    state = events.DocumentRecorded.model_validate(body.model_dump(exclude={"similar_is_meant"}))
    meant = body.similar_is_meant
    await documents.record_document(change.session, state, change.actor, change.at, similar_is_meant=meant)
    return DocumentOut.model_validate(state.model_dump())


@router.get("/documents", tags=["catalogue"], response_model=DocumentPage)
async def list_documents(
    request: Request,
    connection: ReadConnection,
    _: Reader,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Danh sách văn bản chỉ đạo. / Directive documents by number."""
    rows = await read.list_by_code(connection, Document, after=decode_after(cursor, str), limit=limit)
    return page_answer(request, rows, limit, key=lambda row: (row.code,), view=DocumentOut.model_validate)
