"""What the routes share: who reads, what the operator set, how a page is cut and answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import TypeAdapter

from services.notify.use_cases.authority import SUBSCRIBE
from services.notify.use_cases.subscriptions import SubscriptionRules
from shared.app import with_scope
from shared.auth import Caller
from shared.database import AnyRow
from shared.pagination import DEFAULT_LIMIT, MAX_LIMIT, cut_page, decode_cursor, encode_cursor, link_next

READ = "notify.read"
Reader = Annotated[Caller, with_scope(READ)]
Subscriber = Annotated[Caller, with_scope(SUBSCRIBE)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="rows of a page")]
LIMIT = DEFAULT_LIMIT
CursorParameter = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")]
CodeParameter = Annotated[str | None, Query(min_length=1, max_length=64)]


def current_rules(request: Request) -> SubscriptionRules:
    rules = request.app.state.subscription_rules
    assert isinstance(rules, SubscriptionRules)  # noqa: S101 - app.state is untyped
    return rules


Rules = Annotated[SubscriptionRules, Depends(current_rules)]


def key_after(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Where a page begins: the instant and id of the last row of the page before. Raises InvalidInput."""
    if cursor is None:
        return None
    at, id_ = decode_cursor(cursor, datetime, UUID)
    if at.tzinfo is None:
        return key_after("")  # not one of ours
    return at, id_


def page_answer(
    request: Request,
    adapter: TypeAdapter[Any],
    rows: Sequence[AnyRow],
    limit: int,
    *,
    key: str,
    views: Sequence[Any],
) -> Response:
    """Answer `limit` of `limit + 1` rows; `key` names the instant by which they are ordered."""
    _, last = cut_page(rows, limit)
    cursor = encode_cursor(getattr(last, key), last.id) if last else None
    body = adapter.dump_json(
        {"items": views[:limit], "next_cursor": cursor},
        warnings=False,  # rows carry the words of enumerations as text
    )
    response = Response(body, media_type="application/json")
    link_next(request, response, cursor)
    return response
