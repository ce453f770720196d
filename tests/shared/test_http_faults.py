"""What a hostile or broken receiver can do to us: nothing but fail its own delivery."""

import asyncio
import gzip

import pytest

from services.cli.serving import new_event_loop
from shared.http.outgoing.client import BODY_LIMIT, EXCERPT_CHARACTERS
from shared.http.outgoing.limits import INTERIM_ANSWERS
from tests.support.receiver import (
    BODY,
    HEADERS,
    NAME,
    OK,
    OK_IN_CHUNKS,
    SILENT,
    Answer,
    Dialled,
    Names,
    client,
    flooding,
    receiving,
    record_dials,
)


@pytest.fixture(autouse=True)
def dialled(monkeypatch: pytest.MonkeyPatch) -> Dialled:
    return record_dials(monkeypatch)


async def test_a_huge_body_is_cut_and_the_connection_closed() -> None:
    written = 0

    async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"a" * 65_536)
            await writer.drain()
            written += 65_536

    webhooks = client()
    async with receiving(endless) as receiver:
        outcome = await webhooks.post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
        await asyncio.wait_for(receiver.gone.wait(), 5)
    assert outcome.accepted
    assert outcome.excerpt == "a" * EXCERPT_CHARACTERS
    assert written < 200 * BODY_LIMIT  # what the socket buffers of the system hold, and no more


async def test_a_compressed_body_is_not_unpacked() -> None:
    packed = gzip.compress(b"a" * 10_000_000)
    answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    webhooks = client()
    async with receiving(answer + packed) as receiver:
        outcome = await webhooks.post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
    assert outcome.accepted
    assert "aaaa" not in outcome.excerpt
    assert "\0" not in outcome.excerpt


async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the client hangs up


def dripping(first: bytes, drop: bytes) -> Answer:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while not writer.transport.is_closing():
            writer.write(drop)
            await asyncio.sleep(0.01)

    return drip


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (say_nothing, None),
        (dripping(b"HTTP/1.1 200 OK\r\nx: ", b"y"), None),
        (dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n", b"y"), 200),
        (dripping(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\ny\r\n"), 200),
    ],
)
async def test_slow_answers_end_with_the_total_time_out(answer: Answer, status: int | None) -> None:
    webhooks = client(total_seconds=0.3)
    async with receiving(answer) as receiver:
        outcome = await webhooks.post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
        await asyncio.wait_for(receiver.gone.wait(), 5)
    assert (outcome.status_code, outcome.error, outcome.accepted) == (status, "timeout", False)
    assert 0.3 <= outcome.duration_seconds < 3


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (flooding(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100), None, "too_many_interim_answers"),
        (flooding(b"HTTP/1.1 100 Continue\r\n\r\n"), None, "too_many_interim_answers"),
        (flooding(b"HTTP/1.1 103 Early Hints\r\n", b"link: <a>\r\n" * 100), None, "answer_too_large"),
        (flooding(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 100), None, "answer_too_large"),
        (flooding(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 1_000), None, "answer_too_large"),
        (flooding(OK_IN_CHUNKS, b"1;" + b"x" * 8_000 + b"\r\ny\r\n"), 200, "answer_too_large"),
        (flooding(OK_IN_CHUNKS + b"1;", b"x" * 1_000), 200, "answer_too_large"),
        (flooding(OK_IN_CHUNKS + b"0\r\n", b"x: y\r\n" * 100), 200, "answer_too_large"),
        (flooding(OK_IN_CHUNKS, b"1\r\ny\r\n" * 100), 200, "answer_too_fragmented"),
        (flooding(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n", b"y"), 200, "answer_too_fragmented"),
    ],
)
async def test_an_endless_answer_is_cut_and_the_attempt_says_why(
    answer: Answer, status: int | None, error: str
) -> None:
    async with receiving(answer) as receiver:
        outcome = await client().post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
        await asyncio.wait_for(receiver.gone.wait(), 5)
    assert (outcome.status_code, outcome.error, outcome.accepted) == (status, error, False)


async def test_a_few_interim_answers_come_before_the_answer() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * INTERIM_ANSWERS
    async with receiving(hints + OK) as receiver:
        outcome = await client().post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
    assert (outcome.status_code, outcome.error, outcome.excerpt) == (200, None, "ok")


async def test_a_look_up_that_never_ends_falls_under_the_total_time_out(dialled: Dialled) -> None:
    async def silent(_host: str, _port: int) -> list[str]:
        return await asyncio.Future()

    webhooks = client(resolve=silent, total_seconds=0.05)
    outcome = await webhooks.post(f"https://{NAME}/", body=BODY, headers=HEADERS)
    assert (outcome.error, dialled) == ("timeout", [])


async def test_a_host_that_does_not_answer_gives_way_to_the_next_address(dialled: Dialled) -> None:
    names = Names([SILENT, "127.0.0.1"])
    webhooks = client(resolve=names, connect_seconds=0.1)
    async with receiving() as receiver:
        outcome = await webhooks.post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
    assert (outcome.status_code, outcome.address) == (200, "127.0.0.1")
    assert [address for address, _ in dialled] == [SILENT, "127.0.0.1"]


async def test_connecting_has_its_own_time_out() -> None:
    webhooks = client(resolve=Names([SILENT]), connect_seconds=0.1)
    outcome = await webhooks.post(f"http://{NAME}/", body=BODY, headers=HEADERS)
    assert (outcome.error, outcome.address) == ("timeout", SILENT)
    assert outcome.duration_seconds < 3


async def test_few_of_many_addresses_are_tried_though_all_are_checked(dialled: Dialled) -> None:
    many = [f"8.8.8.{n}" for n in range(200)]
    webhooks = client(resolve=Names(many, [*many, "10.0.0.1"]))
    first, second = [await webhooks.post(f"https://{NAME}/", body=b"", headers={}) for _ in range(2)]
    assert (first.error, second.error) == ("connect_failure", "dns_failure")
    assert dialled == [(f"8.8.8.{n}", 443) for n in range(4)]


async def test_a_request_that_was_sent_is_not_sent_again() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    names = Names(["127.0.0.1", "127.0.0.2"])
    webhooks = client(resolve=names)
    async with receiving(hang_up) as receiver:
        outcome = await webhooks.post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
    assert (outcome.error, outcome.address) == ("connection_lost", "127.0.0.1")
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (b"garbage\r\n\r\n", None, "protocol_error"),
        (b"HTTP/1.1 999999 X\r\n\r\n", None, "protocol_error"),
        (b"HTTP/1.1 200 OK\r\nx y: 1\r\n\r\n", None, "protocol_error"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 40_000 + b"\r\n\r\n", None, "answer_too_large"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000 + b"\r\n", None, "answer_too_large"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok", None, "protocol_error"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok", 200, "protocol_error"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 200, "protocol_error"),
        (b"", None, "connection_lost"),
        (b"HTTP/1.1 200 O", None, "connection_lost"),
    ],
)
async def test_broken_answers_are_told_not_raised(answer: bytes, status: int | None, error: str) -> None:
    webhooks = client()
    async with receiving(answer) as receiver:
        outcome = await webhooks.post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
    assert (outcome.status_code, outcome.error) == (status, error)


async def test_the_excerpt_can_be_stored_whatever_the_bytes() -> None:
    answer = b"HTTP/1.1 500 No\r\ncontent-length: 6\r\n\r\na\0\xff\xed\xa0b"
    webhooks = client()
    async with receiving(answer) as receiver:
        outcome = await webhooks.post(f"http://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
    assert "\0" not in outcome.excerpt
    assert outcome.excerpt.startswith("a\ufffd\ufffd")
    outcome.excerpt.encode()


async def test_nobody_listening_is_a_connect_failure() -> None:
    async with receiving() as receiver:
        port = receiver.port
    webhooks = client()
    outcome = await webhooks.post(f"http://{NAME}:{port}/", body=BODY, headers=HEADERS)
    assert outcome.error == "connect_failure"


def test_an_event_loop_that_reads_past_the_limits_is_refused() -> None:
    async def post() -> None:
        await client().post(f"http://{NAME}/", body=BODY, headers=HEADERS)

    with (
        asyncio.Runner(loop_factory=new_event_loop) as runner,
        pytest.raises(TypeError, match="LimitedSocket"),
    ):
        runner.run(post())
