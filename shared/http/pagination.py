"""Keyset cursors: opaque, bounded, and stable while rows are added."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request, Response
from pydantic_core import to_json

from shared.errors import InvalidInput
from shared.http.scalars import AS_INTEGER
from shared.runtime.database import AnyRow

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
LARGEST_INT = 2**63 - 1  # bigint
LARGEST_SMALL = 2**31 - 1  # integer
Item = TypeVar("Item")
Kind = type | Callable[[str], Any]  # of a key: how it is read from its word
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="rows of a page"), AS_INTEGER]
PageCursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")]


def encode_cursor(*keys: Any) -> str:
    words = json.dumps([str(key) for key in keys], separators=(",", ":"))
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


def small(word: str) -> int:
    """The kind of a key in an `integer` column; `int` is for a bigint."""
    number = int(word)
    if abs(number) > LARGEST_SMALL:
        raise OverflowError
    return number


def decode_cursor(token: str, *kinds: Kind) -> list[Any]:
    """The keys of a cursor, each read by its kind: str, int, small, date, datetime or UUID."""
    try:
        words = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if not isinstance(words, list) or len(words) != len(kinds):
            raise ValueError
        return [_key(word, kind) for word, kind in zip(words, kinds, strict=True)]
    except (binascii.Error, ValueError, OverflowError):
        raise InvalidInput(
            "cursor_invalid",
            "Con trỏ không đúng: dùng nguyên giá trị next_cursor của trang trước.",
            "The cursor is not one of ours: pass next_cursor of the previous page unchanged.",
            field="cursor",
        ) from None


def _key(word: Any, kind: Kind) -> Any:
    """One key, which goes into a query: what PostgreSQL could not take raises ValueError or OverflowError."""
    if not isinstance(word, str) or "\0" in word:
        raise ValueError
    word.encode()  # lone surrogates
    key = getattr(kind, "fromisoformat", kind)(word)
    if isinstance(key, datetime):
        if key.tzinfo is None:
            raise ValueError
        return key.astimezone(UTC)
    if isinstance(key, int) and abs(key) > LARGEST_INT:
        raise OverflowError
    return key


def decode_after(token: str | None, *kinds: Kind) -> Any:
    """A page's cursor: the key of the last row of the page before (a tuple of several); None for the first page."""
    if token is None:
        return None
    keys = decode_cursor(token, *kinds)
    return keys[0] if len(keys) == 1 else tuple(keys)


def cut_page(rows: Sequence[Item], limit: int) -> tuple[Sequence[Item], Item | None]:
    """Of up to `limit + 1` rows: the page, and its last row where another page follows."""
    page = rows[:limit]
    return page, (page[-1] if len(rows) > limit else None)


def link_next(request: Request, response: Response, cursor: str | None, parameter: str = "cursor") -> None:
    """RFC 8288 link to the next page."""
    if cursor is not None:
        url = request.url.include_query_params(**{parameter: cursor})
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'


def page_answer(
    request: Request,
    rows: Sequence[AnyRow],
    limit: int,
    *,
    key: Callable[[AnyRow], tuple[Any, ...]],
    view: Callable[[AnyRow], Any],
    **beside: Any,
) -> Response:
    """Answer a list with one page of up to `limit + 1` rows, and the link to the next.

    The answer is not validated: name its schema as the route's `response_model`, which only describes it. Validating a
    page of rows would cost more than reading them.

    Args:
        request: whose address the next page's is.
        rows: in the order of their keys.
        limit: rows of a page.
        key: a row's place in that order, which the cursor keeps.
        view: a row as its item.
        beside: further members of the answer.
    """
    page, last = cut_page(rows, limit)
    cursor = encode_cursor(*key(last)) if last is not None else None
    answer = {"items": [view(row) for row in page], "next_cursor": cursor, **beside}
    response = Response(to_json(answer), media_type="application/json")
    link_next(request, response, cursor)
    return response


def json_page(request: Request, items: Sequence[tuple[Sequence[Any], str]], limit: int) -> Response:
    """As `page_answer`, of items whose JSON is made: (key in the cursor, JSON) of up to `limit + 1`."""
    page, last = cut_page(items, limit)
    cursor = encode_cursor(*last[0]) if last is not None else None
    listed = ",".join(text for _, text in page)
    answer = f'{{"items":[{listed}],"next_cursor":{json.dumps(cursor)}}}'
    response = Response(answer, media_type="application/json")
    link_next(request, response, cursor)
    return response
