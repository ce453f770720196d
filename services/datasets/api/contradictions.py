"""Route of contradictions."""

from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.datasets.api.dependencies import (
    CodeInQuery,
    Reader,
    Stable,
)
from services.datasets.api.representations import contradiction_answer
from services.datasets.queries.contradictions import list_contradictions as read_contradictions
from services.datasets.schemas.contradictions import ContradictionPage
from shared.events.datasets import ContradictionKind
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, decode_after, page_answer
from shared.http.routes import service_router
from shared.http.scalars import BooleanText
from shared.runtime.database import AnyRow

router = service_router("datasets")


@router.get("/contradictions", tags=["contradictions"], response_model=ContradictionPage)
async def list_contradictions(
    request: Request,
    stable: Stable,
    _: Reader,
    is_open: Annotated[
        BooleanText | None,
        Query(alias="open", description="true: open as of that day; false: closed by then"),
    ] = None,
    database: CodeInQuery = None,
    owner: CodeInQuery = None,
    kind: ContradictionKind | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Chỗ khai báo và quan sát không khớp, mới nhất trước. / Contradictions between declarations and observations, newest first."""
    after = decode_after(cursor, datetime, UUID)
    wanted = {"database": database, "owner": owner, "kind": kind}
    rows = await read_contradictions(
        stable.connection, stable.asked, wanted, is_open=is_open, after=after, limit=limit
    )
    answer = partial(contradiction_answer, asked=stable.asked)
    return page_answer(request, rows, limit, key=_place, view=answer, **asdict(stable.asked))


def _place(row: AnyRow) -> tuple[datetime, UUID]:
    return row.opened_at, row.id
