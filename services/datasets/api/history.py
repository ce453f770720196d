"""Route of a database's history."""

from functools import partial
from typing import Any

from fastapi import Request, Response

from services.datasets.api.dependencies import (
    CodeInPath,
    ConcernedReader,
    Known,
)
from services.datasets.api.representations import require_concerned
from services.datasets.queries.history import database_history
from services.datasets.schemas.history import DatabaseHistory
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, decode_after, page_answer
from shared.http.problems import documented
from shared.http.routes import service_router
from shared.keys.viewers import Viewer
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
    caller: ConcernedReader,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Lịch sử của một cơ sở dữ liệu. / The history of a database.

    Những gì đã khai báo, đo, quan sát và thấy mâu thuẫn, cũ nhất trước.

    Every declaration, quality result, observed transition and contradiction, oldest first; for its owner and those above it.
    """
    await require_concerned(known.connection, code, caller.viewer, known.known_at)
    after = decode_after(cursor, int) or 0
    rows = await database_history(known.connection, code, known.known_at, after=after, limit=limit)
    view = partial(_answer, viewer=caller.viewer)
    return page_answer(request, rows, limit, key=lambda row: (row.id,), view=view)


def _answer(row: AnyRow, viewer: Viewer) -> dict[str, Any]:
    return {
        "at": row.at,
        "actor": viewer.actor(row.actor),
        "action": row.action,
        "detail": viewer.redacted(row.detail),
    }
