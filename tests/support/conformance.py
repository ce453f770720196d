"""Every answer that a test gets is held to the service's OpenAPI document: its status, media type, headers, and the page of a problem."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from fastapi import FastAPI

from shared.http.pages.problems import catalogue
from shared.http.problems import MEDIA_TYPE

WATCHED = ("ETag", "Location", "Link", "Retry-After", "Idempotency-Replayed", "X-Request-Id")
_documents: dict[
    str, list[tuple[re.Pattern[str], dict[str, Any]]]
] = {}  # by service: made once, not for each test


def client(app: FastAPI, base_url: str, **options: Any) -> httpx2.AsyncClient:
    """A client of the application in this process, that fails on an answer which the document does not know."""
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(
        transport=transport, base_url=base_url, event_hooks={"response": [_check(app)]}, **options
    )


def _check(app: FastAPI) -> Callable[[httpx2.Response], Awaitable[None]]:
    async def check(answer: httpx2.Response) -> None:
        operation = _operation(app, answer.request)
        if operation is not None:
            await answer.aread()
            fault = _fault(operation, answer)
            assert fault is None, f"{answer.request.method} {answer.request.url.path}: {fault}"

    return check


def _fault(operation: dict[str, Any], answer: httpx2.Response) -> str | None:
    """What the document does not say of this answer, or says otherwise."""
    status = str(answer.status_code)
    documented = operation["responses"].get(status)
    if documented is None:
        return f"status {status} is not documented"
    kinds = {kind.partition(";")[0] for kind in documented.get("content", {})}
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind not in (kinds or {""}):
        return f"{status} is {kind!r}, documented {kinds}"
    if kind == MEDIA_TYPE and answer.json()["type"].removeprefix("/problems/") not in catalogue():
        return f"{answer.json()['type']} leads to no page"
    headers = documented["headers"]
    for name in WATCHED:
        required = name in headers and name in ALWAYS
        if name in answer.headers and name not in headers:
            return f"{status} sends {name}, which is not documented"
        if required and name not in answer.headers:
            return f"{status} lacks {name}"
    return None


ALWAYS = {"ETag", "Location", "Retry-After", "X-Request-Id"}


def _operation(app: FastAPI, request: httpx2.Request) -> dict[str, Any] | None:
    service = app.state.context.service
    if service not in _documents:
        paths = app.openapi()["paths"]
        _documents[service] = [(_pattern(path), paths[path]) for path in sorted(paths, key=_generality)]
    path = request.url.path
    item = next((item for pattern, item in _documents[service] if pattern.fullmatch(path)), {})
    found: dict[str, Any] | None = item.get(request.method.lower())
    return found


def _generality(path: str) -> tuple[int, int]:
    return path.count("{"), -len(path)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"{\w+}", path)))
