"""Routes of agencies."""

from typing import Literal
from urllib.parse import quote

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.api.dependencies import CodeFilter, CodeInPath, CurrentManagedChange, Reader
from services.tasks.queries import agencies as read
from services.tasks.schemas.agencies import AgencyChange, AgencyIn, AgencyOut, AgencyPage
from services.tasks.use_cases import agencies
from shared.events import tasks as events
from shared.http.openapi import sent
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, decode_after, page_answer
from shared.http.preconditions import ExpectedVersion, set_etag
from shared.http.problems import documented
from shared.http.routes import ReadConnection, service_router

router = service_router("tasks")


@router.post(
    "/agencies",
    status_code=201,
    tags=["catalogue"],
    responses=documented(409) | sent(201, "ETag", "Location"),
)
async def record_agency(body: AgencyIn, change: CurrentManagedChange) -> AgencyOut:
    """Ghi một cơ quan. / Record an agency."""
    state = events.AgencyRecorded.model_validate(body.model_dump())
    await agencies.record_agency(change.session, state, change.actor, change.at)
    change.set_location(f"agencies/{quote(body.code, safe='')}")
    return await _agency(await change.connection(), body.code, change.response)


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
    change: CurrentManagedChange,
    expected: ExpectedVersion,
) -> AgencyOut:
    """Sửa tên, tên ngắn, tên gọi khác của một cơ quan. / Change an agency's names."""
    wanted = body.model_dump(exclude_unset=True)
    await agencies.amend_agency(
        change.session, code, wanted, expected_version=expected, actor=change.actor, at=change.at
    )
    return await _agency(await change.connection(), code, change.response)


async def _agency(connection: AsyncConnection, code: str, response: Response) -> AgencyOut:
    row = await read.get_agency(connection, code)
    if row is None:
        raise agencies.agency_unknown(code)
    set_etag(response, row.version)
    return AgencyOut.model_validate(row)
