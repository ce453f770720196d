"""Routes of decisions and their reversals."""

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.finance.api.dependencies import CodeParameter, Manager, Reader
from services.finance.api.posting import CurrentPosting, Order
from services.finance.domain.ledger import Kind
from services.finance.queries import decisions as read
from services.finance.queries.visibility import defence_refused, require_fields
from services.finance.schemas.decisions import (
    DecisionIn,
    DecisionOut,
    DecisionPage,
    DecisionWithLines,
    LineOut,
    ReversalIn,
    decision_members,
)
from services.finance.use_cases import decisions as use_cases
from services.finance.use_cases.ledger import Entry, Posted
from shared.document_numbers import normal_form
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
from shared.http.routes import (
    CurrentActor,
    CurrentChange,
    CurrentClaim,
    CurrentContext,
    ReadConnection,
    service_router,
)
from shared.http.scalars import AS_INTEGER
from shared.keys.viewers import Viewer
from shared.runtime.database import Change

router = service_router("finance")
PATH = "/finance/v1/decisions"
MOST_LINES = 1_000  # of one page
MAX_BODY_BYTES = 5 * 1024 * 1024  # 10,000 lines of at most 500 bytes


@router.post(
    "/decisions",
    status_code=201,
    tags=["decisions"],
    response_model=DecisionOut,
    responses=documented(409, 413) | sent(201, "Location"),
)
async def post_decision(
    body: DecisionIn,
    context: CurrentContext,
    posting: CurrentPosting,
    claim: CurrentClaim,
    actor: CurrentActor,
    caller: Manager,
) -> Response:
    """Ghi sổ một quyết định. / Post a decision.

    Ghi đủ mọi dòng hoặc không dòng nào. Một văn bản (number, kind, issued_on) chỉ ghi một lần, trừ khi đã đảo.

    All of its lines or none. A document (number, kind, issued_on) is posted once unless it is reversed.
    """
    lines, meant = [line.line() for line in body.lines], body.similar_is_meant
    require_fields(caller.viewer, *(line.field for line in lines))
    at = context.clock.now()
    entry = use_cases.checked(body.header(), lines, similar_is_meant=meant, actor=actor, at=at)
    return await posting.submit(Order(entry, partial(_answer, caller.viewer, entry), claim))


def _answer(viewer: Viewer, entry: Entry, posted: Posted) -> Response:
    answer = DecisionOut.of_posted(viewer, entry, posted)
    headers = {"Location": f"{PATH}/{entry.id}"}
    return Response(answer.model_dump_json(), 201, headers, "application/json")


@router.get("/decisions", tags=["decisions"], response_model=DecisionPage)
async def list_decisions(
    request: Request,
    connection: ReadConnection,
    caller: Reader,
    kind: Kind | None = None,
    number: CodeParameter = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Các quyết định và bút toán đảo theo thứ tự ghi sổ. / Decisions and reversals in the order in which they were recorded.

    Khóa gắn với một cơ quan chỉ thấy quyết định và dòng của cơ quan đó và cấp dưới.

    A bound key sees the decisions, and of each the lines, about its agency and those below it.
    """
    viewer = caller.viewer
    filters = {"kind": kind and kind.value, "normal_form": number and (normal_form(number) or number)}
    after = decode_after(cursor, datetime, UUID)
    rows = await read.list_decisions(connection, filters, viewer, after=after, limit=limit)
    return page_answer(
        request,
        rows,
        limit,
        key=lambda row: (row.recorded_at, row.id),
        view=partial(decision_members, viewer),
    )


@router.get("/decisions/{decision_id}", tags=["decisions"], responses=documented(404))
async def get_decision(
    decision_id: UUID,
    request: Request,
    response: Response,
    connection: ReadConnection,
    caller: Reader,
    limit: Annotated[
        int, Query(ge=1, le=MOST_LINES, description="lines of a page"), AS_INTEGER
    ] = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> DecisionWithLines:
    """Một quyết định với từng trang dòng của nó. / A decision, with its lines page by page."""
    viewer, after = caller.viewer, decode_after(cursor, small) or 0
    row = await read.require_decision(connection, decision_id, viewer)
    found = await read.list_lines(connection, decision_id, viewer, after=after, limit=limit)
    lines, last = cut_page(found, limit)
    next_cursor = encode_cursor(last.line) if last else None
    link_next(request, response, next_cursor)
    shown = {"lines": [LineOut.of(line) for line in lines], "next_cursor": next_cursor}
    return DecisionWithLines.model_validate(decision_members(viewer, row) | shown)


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
    caller: Manager,
) -> DecisionOut:
    """Đảo một quyết định, một lần, từ một ngày. / Reverse a decision, once, from a day on.

    Điều đã biết trước đó vẫn như cũ.

    Figures for an earlier `known_at` do not change.
    """
    await _require_whole(change, decision_id, caller.viewer)
    reversal_id = await use_cases.reverse_decision(
        change.session,
        decision_id,
        reason=body.reason,
        effective_on=body.effective_on,
        actor=actor,
        at=change.at,
    )
    response.headers["Location"] = f"{PATH}/{reversal_id}"
    return await _posted(change, reversal_id, caller.viewer)


async def _require_whole(change: Change, decision_id: UUID, viewer: Viewer) -> None:
    """Refuse to reverse lines that the key does not see. Raises NotFound, Forbidden."""
    row = await read.require_decision(await change.session.connection(), decision_id, viewer)
    if row.in_part:
        raise defence_refused()


async def _posted(change: Change, decision_id: UUID, viewer: Viewer) -> DecisionOut:
    row = await read.require_decision(await change.session.connection(), decision_id, viewer)
    return DecisionOut.model_validate(decision_members(viewer, row))
