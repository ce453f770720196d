"""Keyset cursors: opaque, bounded, and stable while rows are added."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from fastapi import Request, Response

from shared.errors import InvalidInput

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
Item = TypeVar("Item")


def encode_cursor(*keys: Any) -> str:
    words = json.dumps([str(key) for key in keys], separators=(",", ":"))
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


def decode_cursor(token: str, *kinds: type) -> list[Any]:
    """The keys of a cursor, each read by its kind (`kind.fromisoformat` where there is one, else `kind(...)`)."""
    try:
        words = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if not isinstance(words, list) or len(words) != len(kinds):
            raise ValueError
        return [getattr(kind, "fromisoformat", kind)(word) for kind, word in zip(kinds, words, strict=True)]
    except (binascii.Error, ValueError, TypeError, OverflowError):
        raise InvalidInput(
            "cursor_invalid",
            "Con trỏ không đúng: dùng nguyên giá trị next_cursor của trang trước.",
            "The cursor is not one of ours: pass next_cursor of the previous page unchanged.",
            field="cursor",
        ) from None


def cut_page(rows: Sequence[Item], limit: int) -> tuple[Sequence[Item], Item | None]:
    """Of `limit + 1` rows asked for: the page, and its last row where another page follows."""
    page = rows[:limit]
    return page, (page[-1] if len(rows) > limit else None)


def link_next(request: Request, response: Response, cursor: str | None, parameter: str = "cursor") -> None:
    """RFC 8288 link to the next page."""
    if cursor is not None:
        url = request.url.include_query_params(**{parameter: cursor})
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
