"""A receiver of webhooks on loopback, with names and dials under the test's control."""

import asyncio
import socket
import ssl
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import pytest

from shared.http.outgoing import OutgoingPolicy, WebhookClient
from shared.runtime.networks import AllowedNetwork

LOOPBACK = OutgoingPolicy(allow=[AllowedNetwork.parse("127.0.0.0/8")])
NOW = datetime(2026, 3, 9, 1, 30, tzinfo=UTC)
NAME = "hook.example.vn"
SILENT = "127.0.0.99"  # dialling it never ends
BODY = b'{"type":"vn.dondoc.tasks.task.overdue.v1"}'
HEADERS = {"content-type": "application/json", "webhook-id": "msg_1"}
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
OK_IN_CHUNKS = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

Dialled = list[tuple[str, int]]
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Receiver:
    """Reads one request per connection and answers it: with bytes, or by a function."""

    def __init__(self, answer: bytes | Answer) -> None:
        self.answer = answer
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.port = 0
        self.gone = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            self.requests.append((head[0], headers, await reader.readexactly(int(headers["content-length"]))))
            if isinstance(self.answer, bytes):
                writer.write(self.answer)
                await writer.drain()
            else:
                await self.answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client hung up, which is what some tests wait for
        finally:
            self.gone.set()
            writer.close()


@asynccontextmanager
async def receiving(
    answer: bytes | Answer = OK, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer)
    server = await asyncio.start_server(receiver, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()


def flooding(*parts: bytes) -> Answer:
    """Sends the first parts once, and the last for ever, as fast as the client reads."""

    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(parts[:-1]))
        while True:
            writer.write(parts[-1])
            await writer.drain()
            await asyncio.sleep(0)

    return flood


class Names:
    """A resolver that gives its answers one after the other, and counts."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def client(policy: OutgoingPolicy = LOOPBACK, **options: Any) -> WebhookClient:
    return WebhookClient(policy, now=lambda: NOW, **({"resolve": Names(["127.0.0.1"])} | options))


def record_dials(monkeypatch: pytest.MonkeyPatch) -> Dialled:
    """Every address dialled from now on; those outside loopback are refused here, before a packet leaves."""
    seen: Dialled = []
    connect = BaseSelectorEventLoop.sock_connect

    async def recorded(loop: BaseSelectorEventLoop, sock: socket.socket, address: tuple[str, int]) -> None:
        seen.append(address[:2])
        if address[0] == SILENT:
            await asyncio.Future()
        if not ip_address(address[0]).is_loopback:
            raise ConnectionRefusedError
        await connect(loop, sock, address)

    monkeypatch.setattr(BaseSelectorEventLoop, "sock_connect", recorded)
    return seen
