"""Routes of databases, platforms and systems: registering, reading and amending."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Request, Response

from services.datasets.api.dependencies import (
    CodeInPath,
    CodeInQuery,
    Current,
    CurrentRules,
    DatabaseReader,
    Manager,
)
from services.datasets.api.representations import database_answer, registration_answer, row_answer
from services.datasets.queries import databases as read
from services.datasets.schemas.databases import (
    DatabaseChange,
    DatabaseIn,
    DatabaseOut,
    DatabasePage,
    Registration,
)
from services.datasets.use_cases import amendments
from services.datasets.use_cases import databases as use_cases
from services.datasets.use_cases.amendments import NewAmendment
from shared.events.datasets import Connection, Kind, ObservedState, Phase
from shared.http.openapi import sent
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, decode_after, page_answer
from shared.http.preconditions import ExpectedVersion, set_etag
from shared.http.problems import documented
from shared.http.routes import CurrentActor, CurrentChange, ReadConnection, service_router
from shared.text.folding import search_words

router = service_router("datasets")


@router.post(
    "/databases",
    status_code=201,
    tags=["databases"],
    responses=documented(409) | sent(201, "ETag", "Location"),
)
async def register_database(
    body: DatabaseIn,
    response: Response,
    change: CurrentChange,
    actor: CurrentActor,
    _: Manager,
) -> Registration:
    """Đăng ký một cơ sở dữ liệu, nền tảng hoặc hệ thống. / Register a database, a platform or a system.

    Có thể nêu bao lâu gửi tín hiệu một lần.

    It may state the period of its heartbeats.
    """
    heartbeat = body.heartbeat.model_dump() if body.heartbeat else {}
    new = use_cases.NewDatabase(**body.model_dump(exclude={"heartbeat"}), **heartbeat)
    watched = await use_cases.register_database(change.session, new, actor=actor, at=change.at)
    response.headers["Location"] = f"/datasets/v1/databases/{quote(new.code, safe='')}"
    set_etag(response, watched.watch.version)
    return registration_answer(watched.database)


@router.get("/databases", tags=["databases"], response_model=DatabasePage)
async def list_databases(
    request: Request,
    connection: ReadConnection,
    caller: DatabaseReader,
    kind: Kind | None = None,
    owner: CodeInQuery = None,
    phase: Phase | None = None,
    ndc_connection: Connection | None = None,
    observed: ObservedState | None = None,
    q: Annotated[
        str | None, Query(max_length=200, description="words of the code or name, accents optional")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Danh sách cơ sở dữ liệu theo mã. / Databases by code.

    Theo điều được biết gần nhất; các bộ lọc cùng có hiệu lực.

    By their latest recorded state. Filters are combined with AND. A bound key gets in full those of its agency and of those
    below it, the others in their public form.
    """
    wanted = {"kind": kind, "owner": owner, "phase": phase, "observed": observed}
    wanted |= {"ndc_connection": ndc_connection}
    words = search_words(q) if q else ()
    after = decode_after(cursor, str)
    rows = await read.list_databases(connection, wanted, words, caller.viewer, after=after, limit=limit)
    return page_answer(request, rows, limit, key=lambda row: (row.code,), view=row_answer)


@router.get("/databases/{code}", tags=["databases"], responses=documented(404) | sent(200, "ETag"))
async def get_database(
    code: CodeInPath,
    response: Response,
    current: Current,
    caller: DatabaseReader,
    rules: CurrentRules,
) -> DatabaseOut:
    """Một cơ sở dữ liệu tại một ngày. / A database as of a day.

    Bốn sự việc đặt cạnh nhau: giai đoạn, kết nối, điều quan sát được, chất lượng. Không nêu `known_at` thì theo mọi điều đã ghi.

    The four facts side by side, by records up to `known_at` (by all without it): phase, connection, observed state, quality.
    One that neither the key's agency nor one below it owns is answered in its public form (`form`).
    """
    answer, version = await database_answer(
        current.connection, code, caller.viewer, current.asked, rules.watch.downtime
    )
    set_etag(response, version)
    return answer


@router.patch(
    "/databases/{code}", tags=["databases"], responses=documented(404, 412, 428) | sent(200, "ETag")
)
async def amend_database(
    code: CodeInPath,
    body: DatabaseChange,
    response: Response,
    change: CurrentChange,
    actor: CurrentActor,
    rules: CurrentRules,
    _: Manager,
    expected: ExpectedVersion,
) -> Registration:
    """Sửa tên, cơ quan chủ quản, chu kỳ gửi tín hiệu. / Change name, owner, or the period of its heartbeats.

    Có hiệu lực từ holds_from; thời gian trước đó vẫn xét theo điều đã thống nhất khi ấy.

    From holds_from on; the time before is judged by the values agreed then.
    """
    given = body.model_dump(exclude={"heartbeat"}) | (body.heartbeat.model_dump() if body.heartbeat else {})
    new = NewAmendment(**given, sets_heartbeat="heartbeat" in body.model_fields_set)
    watched = await amendments.amend_database(
        change.session, code, new, expected_version=expected, rules=rules.watch, actor=actor, at=change.at
    )
    set_etag(response, watched.watch.version)
    return registration_answer(watched.database)
