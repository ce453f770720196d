"""Agencies, programmes and documents."""

from typing import Literal
from urllib.parse import quote

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.api.dependencies import CodeFilter, CodeInPath, Manager, Reader
from services.tasks.queries import catalogue as read
from services.tasks.schemas.catalogue import (
    AgencyChange,
    AgencyIn,
    AgencyOut,
    AgencyPage,
    DocumentIn,
    DocumentOut,
    DocumentPage,
    ProgrammeIn,
    ProgrammeOut,
    ProgrammePage,
)
from services.tasks.tables import Document, Programme
from services.tasks.use_cases import agencies, documents
from shared.events import tasks as events
from shared.http.app import CurrentActor, CurrentChange, ReadConnection, service_router
from shared.http.openapi import sent
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, decode_after, page_answer
from shared.http.preconditions import ExpectedVersion, set_etag
from shared.http.problems import documented

router = service_router("tasks")


@router.post(
    "/agencies",
    status_code=201,
    tags=["catalogue"],
    responses=documented(409) | sent(201, "ETag", "Location"),
)
async def record_agency(
    body: AgencyIn,
    response: Response,
    change: CurrentChange,
    actor: CurrentActor,
    _: Manager,
) -> AgencyOut:
    """Ghi một cơ quan. / Record an agency."""
    state = events.AgencyRecorded.model_validate(body.model_dump())
    await agencies.record_agency(change.session, state, actor, change.at)
    response.headers["Location"] = f"/tasks/v1/agencies/{quote(body.code, safe='')}"
    return await _agency(await change.session.connection(), body.code, response)


@router.get("/agencies", tags=["catalogue"], response_model=AgencyPage)
async def list_agencies(
    request: Request,
    connection: ReadConnection,
    _: Reader,
    level: Literal["central", "province", "commune"] | None = None,
    bloc: CodeFilter = None,
    parent_code: CodeFilter = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Danh sách cơ quan theo mã. / Agencies by code."""
    wanted = {"level": level, "bloc": bloc, "parent_code": parent_code}
    rows = await read.list_agencies(connection, wanted, after=decode_after(cursor, str), limit=limit)
    return page_answer(request, rows, limit, key=lambda row: (row.code,), view=AgencyOut.model_validate)


@router.get("/agencies/{code:path}", tags=["catalogue"], responses=documented(404) | sent(200, "ETag"))
async def get_agency(
    code: CodeInPath, response: Response, connection: ReadConnection, _: Reader
) -> AgencyOut:
    """Một cơ quan theo mã. / An agency by its code.

    `code` là mã của cơ quan, hoặc một mã định danh chỉ cơ quan này có; mã điện tử viết theo dạng nào cũng được.

    `code` may be the agency's own, or an identifier that only this agency has, electronic codes in either form.
    """
    return await _agency(connection, code, response)


@router.patch(
    "/agencies/{code:path}", tags=["catalogue"], responses=documented(404, 409, 412, 428) | sent(200, "ETag")
)
async def amend_agency(
    code: CodeInPath,
    body: AgencyChange,
    response: Response,
    change: CurrentChange,
    actor: CurrentActor,
    _: Manager,
    expected: ExpectedVersion,
) -> AgencyOut:
    """Sửa tên, tên ngắn, tên gọi khác của một cơ quan. / Change what an agency is called."""
    wanted = body.model_dump(exclude_unset=True)
    await agencies.amend_agency(
        change.session, code, wanted, expected_version=expected, actor=actor, at=change.at
    )
    return await _agency(await change.session.connection(), code, response)


async def _agency(connection: AsyncConnection, code: str, response: Response) -> AgencyOut:
    row = await read.get_agency(connection, code)
    if row is None:
        raise agencies.agency_unknown(code)
    set_etag(response, row.version)
    return AgencyOut.model_validate(row)


@router.post("/programmes", status_code=201, tags=["catalogue"], responses=documented(409))
async def record_programme(
    body: ProgrammeIn, change: CurrentChange, actor: CurrentActor, _: Manager
) -> ProgrammeOut:
    """Ghi một chương trình, nghị quyết. / Record a programme."""
    state = events.ProgrammeRecorded(code=body.code, title=body.title)
    meant = body.similar_is_meant
    await documents.record_programme(change.session, state, actor, change.at, similar_is_meant=meant)
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
async def record_document(
    body: DocumentIn, change: CurrentChange, actor: CurrentActor, _: Manager
) -> DocumentOut:
    """Ghi một văn bản chỉ đạo. / Record a directive document."""
    state = events.DocumentRecorded.model_validate(body.model_dump(exclude={"similar_is_meant"}))
    meant = body.similar_is_meant
    await documents.record_document(change.session, state, actor, change.at, similar_is_meant=meant)
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
