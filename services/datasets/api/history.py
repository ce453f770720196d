"""Route of a database's history."""

from typing import Any

from fastapi import Request, Response

from services.datasets.api.dependencies import (
    CodeInPath,
    Known,
    Reader,
)
from services.datasets.queries.databases import is_registered
from services.datasets.queries.history import database_history
from services.datasets.schemas.history import DatabaseHistory
from services.datasets.use_cases.changes import database_unknown
from shared.http.app import service_router
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, decode_after, page_answer
from shared.http.problems import documented
from shared.runtime.database import AnyRow

router = service_router("datasets")


@router.get(
    "/databases/{code}/history",
    tags=["databases"],
    response_model=DatabaseHistory,
    responses=documented(404),
)
async def get_history(
    code: CodeInPath,
    request: Request,
    known: Known,
    _: Reader,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Lịch sử của một cơ sở dữ liệu. / The history of a database.

    Những gì đã khai báo, đo, quan sát và thấy mâu thuẫn, cũ nhất trước.

    Every declaration, quality result, observed transition and contradiction, oldest first.
    """
    if not await is_registered(known.connection, code, known.known_at):
        raise database_unknown(code)
    after = decode_after(cursor, int) or 0
    rows = await database_history(known.connection, code, known.known_at, after=after, limit=limit)
    return page_answer(request, rows, limit, key=lambda row: (row.id,), view=_answer)


def _answer(row: AnyRow) -> dict[str, Any]:
    return {"at": row.at, "actor": row.actor, "action": row.action, "detail": row.detail}
