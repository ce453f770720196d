"""Routes of the pages. They need no key: a client whose key was refused must be able to read why."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from shared.http.negotiation import HTML, JSON, preferred
from shared.http.pages import problems, schemas
from shared.http.pages.layout import HEADERS, page


def pages_router() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get(problems.PATH)
    async def problems_page() -> Response:
        return page("Mã lỗi / Problem codes", problems.index_as_html())

    @router.get(f"{problems.PATH}/{{code}}")
    async def problem_page(code: str, request: Request) -> Response:
        if preferred(request.headers.getlist("accept"), HTML, JSON) == JSON:
            return JSONResponse(problems.as_json(code), headers=HEADERS)
        return page(code, problems.as_html(code))

    @router.get(schemas.PATH)
    async def schemas_page() -> Response:
        return page("Loại sự kiện / Event types", schemas.index_as_html())

    @router.get(f"{schemas.PATH}/{{event_type}}.json")
    async def schema_file(event_type: str) -> Response:
        return _schema(event_type, schemas.MEDIA_TYPE)

    @router.get(f"{schemas.PATH}/{{name}}/{{version}}")
    async def schema_page(name: str, version: str, request: Request) -> Response:
        event_type = f"{name}.{version}"
        kind = preferred(request.headers.getlist("accept"), HTML, schemas.MEDIA_TYPE, JSON)
        return page(event_type, schemas.as_html(event_type)) if kind == HTML else _schema(event_type, kind)

    return router


def _schema(event_type: str, kind: str) -> Response:
    return Response(schemas.as_json(event_type), media_type=kind, headers=HEADERS)
