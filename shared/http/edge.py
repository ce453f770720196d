"""Middleware around all routes: request id, limits, security headers, refusals."""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes
from uuid import uuid4

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import InvalidInput, Refusal, TooLarge
from shared.http import problems
from shared.runtime import logs

# the policy of what is no page, and the beginning of a page's own: nothing is loaded, framed or sent
BASE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
MAX_BODY_BYTES = 1024 * 1024  # the largest JSON request of the suite is far below; uploads state their own


class EdgeMiddleware:
    """Gives each request an id, refuses bodies beyond the limit and NULs in the address, sets security headers."""

    def __init__(self, app: ASGIApp, body_limits: Mapping[str, int]) -> None:
        self.app = app
        self.body_limits = body_limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = given if re.fullmatch(r"[\w.-]{1,64}", given, re.ASCII) else uuid4().hex
        token = logs.request_id.set(request_id)
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = _whole_headers(message["headers"], request_id)
            await send(message)

        limit = self.body_limits.get(scope["path"], MAX_BODY_BYTES)
        try:
            _check_address(scope)
            _check_declared_length(headers, limit)
            await self.app(scope, _limited(receive, limit), answer)
        except Refusal as refusal:
            await problems.refusal_response(refusal)(scope, receive, answer)
        except ClientDisconnect:
            return  # the caller hung up; there is no one to answer
        except Exception as error:
            # answered here and not in Starlette's outermost layer, so that answer and log line carry the id
            if begun:
                raise
            await problems.bug_response(error)(scope, receive, answer)
        finally:
            logs.request_id.reset(token)


class HeadMiddleware:
    """Answers HEAD as GET without its body (RFC 9110, section 9.3.2). The server's own scope stays HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        inner = {**scope, "method": "GET"}

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        try:
            await self.app(inner, receive, without_body)
        finally:
            if "route" in inner:
                scope["route"] = inner["route"]  # for the metrics


Headers = list[tuple[bytes, bytes]]
_UNLESS_SET: Headers = [(b"cache-control", b"no-store"), (b"content-security-policy", BASE_POLICY.encode())]


def _whole_headers(headers: Headers, request_id: str) -> Headers:
    """With those of `_UNLESS_SET` that the answer does not set itself."""
    given = {name for name, _ in headers}
    return [
        *headers,
        (b"x-request-id", request_id.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        *((name, value) for name, value in _UNLESS_SET if name not in given),
    ]


def _check_address(scope: Scope) -> None:
    raw = scope.get("raw_path") or scope["path"].encode()
    address = raw + b"?" + scope["query_string"]
    try:
        if not address.isascii():
            raise ValueError
        words = unquote_to_bytes(address).decode()
    except ValueError:
        raise InvalidInput(
            "address_encoding_invalid",
            "Địa chỉ phải ghi chữ ngoài ASCII bằng mã phần trăm của UTF-8, ví dụ Đ là %C4%90.",
            "The address must write what is not ASCII in the percent-encoding of UTF-8, e.g. Đ as %C4%90.",
        ) from None
    if "\0" in words:
        raise InvalidInput(
            "nul_character", "Địa chỉ chứa ký tự NUL.", "The address contains a NUL character."
        )


def _check_declared_length(headers: Mapping[bytes, bytes], limit: int) -> None:
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)


def _limited(receive: Receive, limit: int) -> Receive:
    received = 0

    async def count() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise _too_large(limit)
        return message

    return count


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        "body_too_large",
        f"Nội dung vượt quá {limit} byte: chia nhỏ hoặc rút gọn.",
        f"The body exceeds {limit} bytes: split or shorten it.",
    )
