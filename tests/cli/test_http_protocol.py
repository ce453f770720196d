"""What the server asks of a connection before any route sees a request: bytes on a socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send
from uvicorn.server import ServerState

from services.cli import http_protocol
from services.cli.http_protocol import MOST_HEADERS, BoundedProtocol
from shared.runtime.listener import open_listener
from tests.support.processes import until

POST = b"POST / HTTP/1.1\r\nHost: here\r\n"
LARGE = b"x" * 32_000_000  # more than the system buffers
WHOLE = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class App:
    """Answers 200 with the body, or 401 at once where the path says so."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.received = 0  # bytes of bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, refused = b"", scope["path"] == "/refused"
        while not refused:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            body += message["body"]
            self.received += len(message["body"])
            if not message["more_body"]:
                break
        if scope["path"] == "/large":
            body = LARGE
        length = str(len(body)).encode()
        status = 401 if refused else 200
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-length", length)]}
        )
        await send({"type": "http.response.body", "body": body})


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def reset(self) -> bool:
        """Whether the server resets the connection while an answer is read."""
        try:
            return len(await self.end()) < len(LARGE)
        except ConnectionError:
            return True

    async def head(self) -> bytes:
        return await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 30)

    async def exactly(self, count: int) -> bytes:
        return await asyncio.wait_for(self._reader.readexactly(count), 30)

    async def end(self) -> bytes:
        """All that comes until the server closes."""
        return await asyncio.wait_for(self._reader.read(), 30)

    async def refusal(self) -> dict[str, Any]:
        """The problem with which the server closes."""
        head, _, body = (await self.end()).partition(b"\r\n\r\n")
        assert b"connection: close" in head.lower()
        problem: dict[str, Any] = json.loads(body)
        assert head.startswith(f"HTTP/1.1 {problem['status']} ".encode())
        assert problem["detail"] != problem["detail_en"]
        return problem


Connect = Callable[[], Any]


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
async def connect(app: App) -> AsyncIterator[Connect]:
    config = uvicorn.Config(app, http=BoundedProtocol, ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()

    def protocol() -> BoundedProtocol:
        return BoundedProtocol(config=config, server_state=state, app_state={})

    listener = open_listener("127.0.0.1", 0)
    writers: list[asyncio.StreamWriter] = []

    async def opened() -> Client:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writers.append(writer)
        return Client(reader, writer)

    async with await asyncio.get_running_loop().create_server(protocol, sock=listener):
        yield opened
        for writer in writers:
            writer.close()


@pytest.mark.parametrize(
    "request_", [
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"no request\r\n\r\n",
        POST + b"X: " + b"x" * 20_000,
    ],
)  # fmt: skip
async def test_a_request_that_can_be_read_in_two_ways_ends_the_connection(
    connect: Connect, request_: bytes
) -> None:
    client = await connect()
    client.send(request_ + WHOLE)
    problem = await client.refusal()
    assert (problem["status"], problem["code"]) == (400, "bad_request")


async def test_requests_follow_one_another_in_whatever_pieces(connect: Connect) -> None:
    client = await connect()
    for pieces in (
        [POST + b"Content-Length: 3\r\n\r\nabc"],
        [POST, b"Content-Length: 3\r\n\r\na", b"b", b"c"],
    ):
        for piece in pieces:
            client.send(piece)
            await asyncio.sleep(0)
        assert (await client.head()).startswith(b"HTTP/1.1 200 ")
        assert await client.exactly(3) == b"abc"


@pytest.mark.parametrize("part", [POST, b"G", WHOLE + b"GET"])
async def test_a_head_that_does_not_end_is_answered_408(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, part: bytes
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    client = await connect()
    client.send(part)
    if part.startswith(WHOLE):
        await client.head()
        client.send(b" /")
    problem = await client.refusal()
    assert (problem["status"], problem["code"]) == (408, "request_timeout")


async def test_a_connection_on_which_nothing_is_asked_is_closed_without_a_word(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    assert await (await connect()).end() == b""


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 9\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]
)
async def test_a_body_that_does_not_end_is_answered_408_and_the_route_is_left(
    connect: Connect, app: App, monkeypatch: pytest.MonkeyPatch, framing: bytes
) -> None:
    monkeypatch.setattr(http_protocol, "BODY_SECONDS", 0.05)
    client = await connect()
    client.send(POST + framing)
    assert (await client.refusal())["code"] == "request_timeout"
    await asyncio.wait_for(app.left.wait(), 30)


async def test_the_rest_of_a_refused_body_is_not_waited_for(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "REST_SECONDS", 0.05)
    client = await connect()
    client.send(POST.replace(b" / ", b" /refused ") + b"Content-Length: 1000000\r\n\r\n")
    assert (await client.head()).startswith(b"HTTP/1.1 401 ")
    ended = asyncio.create_task(client.end())
    while not ended.done():  # what comes meanwhile prolongs nothing
        client.send(b"x")
        await asyncio.sleep(0.001)
    assert isinstance(ended.exception(), ConnectionError) or ended.result() == b""


async def test_a_head_of_very_many_headers_is_refused(connect: Connect) -> None:
    for count, status in ((MOST_HEADERS, 200), (MOST_HEADERS + 1, 400)):
        client = await connect()
        given = POST + b"Content-Length: 0\r\n"
        client.send(given + b"x:\r\n" * (count - given.count(b"\n") + 1) + b"\r\n")
        assert (await client.head()).startswith(f"HTTP/1.1 {status} ".encode())


async def test_a_body_in_very_many_chunks_is_refused(
    connect: Connect, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "MOST_CHUNKS", 100)
    for count, status in ((100, 200), (101, 400)):
        client = await connect()
        chunks = b"1\r\nx\r\n" * count
        client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        assert (await client.head()).startswith(f"HTTP/1.1 {status} ".encode())
    await asyncio.wait_for(app.left.wait(), 30)


async def test_of_too_many_connections_the_one_that_waits_longest_gives_way(
    connect: Connect, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "MOST_CONNECTIONS", 3)
    with_body = await connect()
    with_body.send(POST + b"Content-Length: 1000003\r\n\r\n" + b"x" * 1_000_000)

    async def is_well_on_its_way() -> bool:
        return app.received == 1_000_000

    await until(is_well_on_its_way)
    half = [await connect() for _ in range(6)]
    for client in half:
        client.send(b"GET")
    asking = await connect()
    asking.send(WHOLE)
    assert (await asking.head()).startswith(b"HTTP/1.1 200 ")
    for client in half[:-1]:
        with suppress(ConnectionError):
            assert b"HTTP/1.1 200" not in await client.end()
    with_body.send(b"abc")
    assert (await with_body.head()).startswith(b"HTTP/1.1 200 ")


async def test_a_body_that_drips_gives_way_to_a_newcomer(
    connect: Connect, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "MOST_CONNECTIONS", 3)
    dripping, arriving = [await connect() for _ in range(2)], await connect()
    for client in dripping:
        client.send(POST + b"Content-Length: 3\r\n\r\nx")
    arriving.send(POST + b"Content-Length: 1000001\r\n\r\n" + b"x" * 1_000_000)

    async def arrived() -> bool:
        return app.received == 2 + 1_000_000

    await until(arrived)
    for client in dripping:
        asking = await connect()
        asking.send(WHOLE)
        assert (await asking.head()).startswith(b"HTTP/1.1 200 ")
        assert (await client.refusal())["code"] == "too_many_connections"
    arriving.send(b"x")
    assert (await arriving.head()).startswith(b"HTTP/1.1 200 ")


GREEDY = b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n"


async def test_who_does_not_take_his_answer_gives_way_first(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "MOST_CONNECTIONS", 3)
    greedy = [await connect() for _ in range(3)]
    for client in greedy:
        client.send(GREEDY)
        await client.head()
    asking = await connect()
    asking.send(WHOLE)
    assert (await asking.head()).startswith(b"HTTP/1.1 200 ")
    assert [await client.reset() for client in greedy] == [True, False, False]


async def test_an_answer_that_is_not_taken_in_time_is_given_up(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = asyncio.Event()

    monkeypatch.setattr(http_protocol, "ANSWER_SECONDS", 0)
    lost = BoundedProtocol.connection_lost

    def connection_lost(self: BoundedProtocol, exc: Exception | None) -> None:
        lost(self, exc)
        given_up.set()

    monkeypatch.setattr(BoundedProtocol, "connection_lost", connection_lost)
    client = await connect()
    client.send(GREEDY)
    await client.head()
    await asyncio.wait_for(given_up.wait(), 30)
    assert await client.reset()
