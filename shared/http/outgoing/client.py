"""An outgoing call: one look-up, one dial of a checked address, one answer, all within set limits.

The address that was checked is dialled; Host header and SNI carry the name. Every call has a connection of its own:
whatever was checked for it is what it used. The limits of an answer stand in `limits`.
"""

import asyncio
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Literal

import h11

from shared.errors import InvalidInput
from shared.http.outgoing.addresses import (
    AddressRefused,
    HostUnknown,
    IPAddress,
    OutgoingPolicy,
    Resolver,
    Target,
    checked_addresses,
    parse_url,
    resolve_host,
)
from shared.http.outgoing.connections import ConnectFailed, connected, public_tls
from shared.http.outgoing.limits import HEAD_BYTES, READ_BYTES, Budget, Excess, LimitExceeded
from shared.runtime.clock import SystemClock

_REAL_TIME = SystemClock()
BODY_LIMIT = 64 * 1024  # bytes of an answer's body that are read; then the connection is closed
EXCERPT_CHARACTERS = 1_000
ADDRESSES_TRIED = 4  # a name may list hundreds; one delivery must not become a scan
_SUCCESS = 2  # first digit of the status: RFC 9110, 15
_HEADER_TOO_LARGE = 431  # h11's hint for a header, or trailers, of more than HEAD_BYTES

Fault = (
    Literal[
        "refused_url",
        "refused_header",
        "refused_address",
        "dns_failure",
        "connect_failure",
        "tls_failure",
        "connection_lost",
        "protocol_error",
        "timeout",
    ]
    | Excess
)

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e]*")  # RFC 9110, 5.5, without the obsolete bytes
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class HeaderRefused(InvalidInput):
    """A header that would change how the request is framed or where it goes."""


# First match wins: some of these inherit from one another, most from OSError.
_FAULTS: tuple[tuple[type[Exception], Fault], ...] = (
    (AddressRefused, "refused_address"),
    (HostUnknown, "dns_failure"),
    (HeaderRefused, "refused_header"),
    (InvalidInput, "refused_url"),
    (TimeoutError, "timeout"),
    (ssl.SSLError, "tls_failure"),
    (ConnectFailed, "connect_failure"),
    (OSError, "connection_lost"),
    (h11.ProtocolError, "protocol_error"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one call: an answer, a fault, or both where the body failed after the header."""

    status_code: int | None
    error: Fault | None
    retry_after: int | None  # seconds
    excerpt: str  # start of the body, never with NUL
    duration_seconds: float
    address: str | None  # the last one dialled

    @property
    def accepted(self) -> bool:
        """Answered 2xx, and whole (as far as it was read)."""
        return self.error is None and self.status_code is not None and self.status_code // 100 == _SUCCESS


@dataclass(slots=True)
class _Seen:
    """The result of a call so far, kept when it is interrupted."""

    status_code: int | None = None
    error: Fault | None = None
    retry_after: int | None = None
    body: bytearray = field(default_factory=bytearray)
    address: str | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    target: Target
    body: bytes
    headers: Mapping[str, str]

    def sent_by(self, http: h11.Connection) -> bytes:
        own = {
            "host": self.target.authority,
            "accept-encoding": "identity",  # a small compressed body may hold gigabytes
            "connection": "close",
            "content-length": str(len(self.body)),
        }
        headers = [*own.items(), *self.headers.items()]
        request = h11.Request(method="POST", target=self.target.path, headers=headers)
        return b"".join(http.send(part) for part in (request, h11.Data(data=self.body), h11.EndOfMessage()))


class WebhookClient:
    """Posts to hosts that others chose.

    Args:
        policy: which addresses may be dialled.
        connect_seconds: for TCP and TLS, for each address tried.
        total_seconds: from the look-up to the last byte read.
        tls: another trust store than the system's.
        resolve: another resolver than the system's.
        now: the clock for Retry-After dates; real time, for a real receiver has a real clock.
    """

    def __init__(
        self,
        policy: OutgoingPolicy,
        *,
        connect_seconds: float = 5.0,
        total_seconds: float = 15.0,
        tls: ssl.SSLContext | None = None,
        resolve: Resolver = resolve_host,
        now: Callable[[], datetime] = _REAL_TIME.now,
    ) -> None:
        self._policy = policy
        self._now = now
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._tls = tls
        self._resolve = resolve

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Post once. Faults of the receiver and refusals of the policy are in `Outcome.error`, not raised."""
        loop, seen = asyncio.get_running_loop(), _Seen()
        started = loop.time()
        try:
            async with asyncio.timeout(self._total_seconds):
                await self._call(url, body, headers, seen)
        except (InvalidInput, h11.ProtocolError, OSError) as reason:
            seen.error = _fault(reason)
        return Outcome(
            status_code=seen.status_code,
            error=seen.error,
            retry_after=seen.retry_after,
            excerpt=seen.body.decode(errors="replace")[:EXCERPT_CHARACTERS].replace("\0", "\ufffd"),
            duration_seconds=loop.time() - started,
            address=seen.address,
        )

    async def _call(self, url: str, body: bytes, headers: Mapping[str, str], seen: _Seen) -> None:
        check_headers(headers)
        target, budget = parse_url(url), Budget()
        addresses = (await checked_addresses(target, self._policy, self._resolve))[:ADDRESSES_TRIED]
        request = _Request(target, body, headers)
        for tried, address in enumerate(addresses, start=1):
            seen.address = str(address)
            try:
                await self._exchange(request, address, budget, seen)
            except ConnectFailed:  # nothing was sent yet
                if tried == len(addresses):
                    raise
            else:
                return

    async def _exchange(self, request: _Request, address: IPAddress, budget: Budget, seen: _Seen) -> None:
        tls = (self._tls or public_tls()) if request.target.scheme == "https" else None
        async with connected(request.target, address, tls, budget, self._connect_seconds) as (reader, writer):
            http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
            writer.write(request.sent_by(http))
            await writer.drain()
            await self._read_answer(http, reader, budget, seen)

    async def _read_answer(
        self, http: h11.Connection, reader: asyncio.StreamReader, budget: Budget, seen: _Seen
    ) -> None:
        while len(seen.body) < BODY_LIMIT:
            event = http.next_event()
            if event is h11.NEED_DATA:
                data = await reader.read(READ_BYTES)
                if not data and seen.status_code is None:
                    raise ConnectionResetError
                http.receive_data(data)
                continue
            budget.spend_piece()
            if isinstance(event, h11.InformationalResponse):
                budget.spend_interim_answer()
            elif isinstance(event, h11.Response):
                seen.status_code = event.status_code
                seen.retry_after = _retry_after(event, self._now())
            elif isinstance(event, h11.Data):
                seen.body += event.data
            else:
                return


def _retry_after(answer: h11.Response, now: datetime) -> int | None:
    values = [value for name, value in answer.headers if name == b"retry-after"]
    return retry_after_seconds(values[0].decode("latin-1"), now) if values else None


def check_headers(headers: Mapping[str, str]) -> None:
    """Raises HeaderRefused for a name or value that is not plain text, or a name this client sets itself."""
    for name, value in headers.items():
        if name.lower() in _OWN_HEADERS or not _TOKEN.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
            raise HeaderRefused(
                "webhook_header_refused",
                "Tiêu đề HTTP không hợp lệ: tên là chữ, số và dấu gạch nối, giá trị là ký tự ASCII trên một dòng, và không "
                "đặt lại tiêu đề do hệ thống tự ghi. Hãy sửa hoặc bỏ tiêu đề này.",
                "The HTTP header is not valid: names are letters, digits and hyphens, values one line of ASCII, and those "
                "the system sets itself cannot be set. Correct it or leave it out.",
                field="headers",
                name=name,
            )


def retry_after_seconds(value: str | None, now: datetime) -> int | None:
    """Seconds to wait by a Retry-After field (RFC 9110, 10.2.3): a number or a date, 0 or more; None if unread.

    The caller limits it.
    """
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch("[0-9]+", value):
        seconds = int(value[:20])  # more digits than any limit; int() refuses thousands
    else:
        try:
            date = parsedate_to_datetime(value)
            seconds = ceil(((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds())
        except (ValueError, OverflowError):
            return None
    return max(seconds, 0)


def _fault(reason: Exception) -> Fault:
    if isinstance(reason, LimitExceeded):
        return reason.excess
    if isinstance(reason, h11.RemoteProtocolError) and reason.error_status_hint == _HEADER_TOO_LARGE:
        return "answer_too_large"
    return next(word for kind, word in _FAULTS if isinstance(reason, kind))
