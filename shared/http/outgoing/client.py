"""How an outgoing call goes: one look-up, one dial of a checked address, one answer, all within set limits.

The URL that aiohttp gets holds the checked address itself, so that aiohttp resolves nothing; Host header and SNI carry
the name. Every call has a connection of its own: whatever was checked for it is what it used.
"""

import asyncio
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv6Address
from math import ceil
from types import TracebackType
from typing import Literal, Self

import aiohttp
from yarl import URL

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
from shared.runtime.clock import SystemClock

_REAL_TIME = SystemClock()
BODY_LIMIT = 64 * 1024  # bytes of an answer that are read; then the connection is closed
EXCERPT_CHARACTERS = 1_000
ADDRESSES_TRIED = 4  # a name may list hundreds; one delivery must not become a scan
_SUCCESS = 2  # first digit of the status: RFC 9110, 15

Fault = Literal[
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


# First match wins: aiohttp's errors inherit from one another and some from OSError.
_FAULTS: tuple[tuple[type[Exception], Fault], ...] = (
    (AddressRefused, "refused_address"),
    (HostUnknown, "dns_failure"),
    (HeaderRefused, "refused_header"),
    (InvalidInput, "refused_url"),
    (TimeoutError, "timeout"),
    (aiohttp.ClientSSLError, "tls_failure"),
    (aiohttp.ClientConnectorError, "connect_failure"),
    (aiohttp.ClientConnectionError, "connection_lost"),
    (OSError, "connection_lost"),
    (aiohttp.ClientError, "protocol_error"),
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
    body: bytes = b""
    address: str | None = None


class WebhookClient:
    """Posts to hosts that others chose; open it with `async with`.

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
        self._tls = tls or True
        self._resolve = resolve

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True, ssl=self._tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_seconds),
            headers={"accept-encoding": "identity", "user-agent": "dondoc"},
            auto_decompress=False,  # a small gzip body may hold gigabytes
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Post once. Faults of the receiver and refusals of the policy are in `Outcome.error`, not raised."""
        loop, seen = asyncio.get_running_loop(), _Seen()
        started = loop.time()
        try:
            async with asyncio.timeout(self._total_seconds):
                await self._call(url, body, headers, seen)
        except (InvalidInput, aiohttp.ClientError, OSError) as reason:
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
        target = parse_url(url)
        addresses = (await checked_addresses(target, self._policy, self._resolve))[:ADDRESSES_TRIED]
        for tried, address in enumerate(addresses, start=1):
            seen.address = str(address)
            try:
                await self._exchange(target, address, body, headers, seen)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):  # nothing was sent yet
                if tried == len(addresses):
                    raise
            else:
                return

    async def _exchange(
        self, target: Target, address: IPAddress, body: bytes, headers: Mapping[str, str], seen: _Seen
    ) -> None:
        host = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
        async with self._session.post(
            URL(f"{target.scheme}://{host}:{target.port}{target.path}", encoded=True),
            data=body,
            headers={**headers, "host": target.authority},
            server_hostname=target.host if target.scheme == "https" else None,
            allow_redirects=False,
        ) as response:
            seen.status_code = response.status
            seen.retry_after = retry_after_seconds(response.headers.get("retry-after"), self._now())
            async for chunk in response.content.iter_any():
                seen.body += chunk
                if len(seen.body) >= BODY_LIMIT:
                    response.close()
                    return


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
    return next(word for kind, word in _FAULTS if isinstance(reason, kind))
