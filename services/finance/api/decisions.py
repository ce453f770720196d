"""Routes of decisions and their reversals."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.finance.api.dependencies import CodeParameter, Manager, Reader
from services.finance.domain.ledger import Kind
from services.finance.queries import decisions as read
from services.finance.schemas.decisions import (
    DecisionIn,
    DecisionOut,
    DecisionPage,
    DecisionWithLines,
    LineOut,
    ReversalIn,
)
from services.finance.use_cases import decisions as use_cases
from shared.document_numbers import normal_form
from shared.http.app import CurrentActor, CurrentChange, ReadConnection, service_router
from shared.http.openapi import sent
from shared.http.pagination import (
    DEFAULT_LIMIT,
    Limit,
    PageCursor,
    cut_page,
    decode_after,
    encode_cursor,
    link_next,
    page_answer,
    small,
)
from shared.http.problems import documented
from shared.http.scalars import AS_INTEGER

router = service_router("finance")
PATH = "/finance/v1/decisions"
MOST_LINES = 1_000  # of one page
MAX_BODY_BYTES = 5 * 1024 * 1024  # 10,000 lines of at most 500 bytes


@router.post(
    "/decisions", status_code=201, tags=["decisions"], responses=documented(409, 413) | sent(201, "Location")
)
async def post_decision(
    body: DecisionIn,
    response: Response,
    change: CurrentChange,
    actor: CurrentActor,
    _: Manager,
) -> DecisionOut:
    """Ghi sổ một quyết định. / Post a decision.

    Ghi đủ mọi dòng hoặc không dòng nào. Một văn bản (number, kind, issued_on) chỉ ghi một lần, trừ khi đã đảo.

    All of its lines or none. A document (number, kind, issued_on) is posted once unless it is reversed.
    """
    lines, meant = [line.line() for line in body.lines], body.similar_is_meant
    decision_id = await use_cases.post_decision(
        change.session, body.header(), lines, similar_is_meant=meant, actor=actor, at=change.at
    )
    response.headers["Location"] = f"{PATH}/{decision_id}"
    return DecisionOut.model_validate(
        await read.require_decision(await change.session.connection(), decision_id)
    )


@router.get("/decisions", tags=["decisions"], response_model=DecisionPage)
async def list_decisions(
    request: Request,
    connection: ReadConnection,
    _: Reader,
    kind: Kind | None = None,
    number: CodeParameter = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Các quyết định và bút toán đảo theo thứ tự ghi sổ. / Decisions and reversals in the order in which they were recorded."""
    filters = {"kind": kind and kind.value, "normal_form": number and (normal_form(number) or number)}
    after = decode_after(cursor, datetime, UUID)
    rows = await read.list_decisions(connection, filters, after=after, limit=limit)
    return page_answer(
        request, rows, limit, key=lambda row: (row.recorded_at, row.id), view=lambda row: row._asdict()
    )


@router.get("/decisions/{decision_id}", tags=["decisions"], responses=documented(404))
async def get_decision(
    decision_id: UUID,
    request: Request,
    response: Response,
    connection: ReadConnection,
    _: Reader,
    limit: Annotated[
        int, Query(ge=1, le=MOST_LINES, description="lines of a page"), AS_INTEGER
    ] = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> DecisionWithLines:
    """Một quyết định với từng trang dòng của nó. / A decision, with its lines page by page."""
    row = await read.require_decision(connection, decision_id)
    after = decode_after(cursor, small) or 0
    lines, last = cut_page(await read.list_lines(connection, decision_id, after=after, limit=limit), limit)
    next_cursor = encode_cursor(last.line) if last else None
    link_next(request, response, next_cursor)
    shown = {"lines": [LineOut.of(line) for line in lines], "next_cursor": next_cursor}
    return DecisionWithLines.model_validate(row._asdict() | shown)


@router.post(
    "/decisions/{decision_id}/reversal",
    status_code=201,
    tags=["decisions"],
    responses=documented(404, 409) | sent(201, "Location"),
)
async def reverse_decision(
    decision_id: UUID,
    body: ReversalIn,
    response: Response,
    change: CurrentChange,
    actor: CurrentActor,
    _: Manager,
) -> DecisionOut:
    """Đảo một quyết định, một lần, từ một ngày. / Reverse a decision, once, from a day on.

    Điều đã biết trước đó vẫn như cũ.

    Figures for an earlier `known_at` do not change.
    """
    reversal_id = await use_cases.reverse_decision(
        change.session,
        decision_id,
        reason=body.reason,
        effective_on=body.effective_on,
        actor=actor,
        at=change.at,
    )
    response.headers["Location"] = f"{PATH}/{reversal_id}"
    return DecisionOut.model_validate(
        await read.require_decision(await change.session.connection(), reversal_id)
    )
