"""TLS carries the name of the URL, whatever address is dialled."""

import asyncio
import ssl
from pathlib import Path

import pytest

from tests.support.receiver import (
    BODY,
    HEADERS,
    NAME,
    OK,
    Dialled,
    client,
    receiving,
    record_dials,
)
from tests.support.tls import certificate


@pytest.fixture(autouse=True)
def dialled(monkeypatch: pytest.MonkeyPatch) -> Dialled:
    return record_dials(monkeypatch)


async def test_tls_carries_the_name_and_verifies_it(tmp_path: Path, dialled: Dialled) -> None:
    server, trusted = certificate(tmp_path, NAME)
    asked_for: list[str | None] = []
    server.sni_callback = lambda _connection, name, _context: asked_for.append(name)
    trust = ssl.create_default_context(cafile=trusted)
    webhooks = client(tls=trust)
    async with receiving(tls=server) as receiver:
        right = await webhooks.post(f"https://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
        other = await webhooks.post(f"https://other.example.vn:{receiver.port}/", body=BODY, headers=HEADERS)
        bare = await webhooks.post(f"https://127.0.0.1:{receiver.port}/", body=BODY, headers=HEADERS)
    assert (right.status_code, other.error, bare.error) == (200, "tls_failure", "tls_failure")
    assert asked_for == [NAME, "other.example.vn", None]  # no SNI for addresses: RFC 6066, 3
    assert [headers["host"] for _, headers, _ in receiver.requests] == [f"{NAME}:{receiver.port}"]
    assert {address for address, _ in dialled} == {"127.0.0.1"}


async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path, NAME)
    webhooks = client()
    async with receiving(tls=server) as receiver:
        outcome = await webhooks.post(f"https://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
    assert (outcome.error, receiver.requests) == ("tls_failure", [])


async def test_a_server_that_speaks_no_tls_is_a_tls_failure() -> None:
    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    webhooks = client()
    async with server:
        port = server.sockets[0].getsockname()[1]
        outcome = await webhooks.post(f"https://{NAME}:{port}/", body=BODY, headers=HEADERS)
    assert outcome.error == "tls_failure"


async def test_what_tls_itself_sends_is_counted_too(tmp_path: Path) -> None:
    server, trusted = certificate(tmp_path, NAME)
    server.num_tickets = 2_000  # sent after the handshake, without a byte of HTTP
    webhooks = client(tls=ssl.create_default_context(cafile=trusted))
    async with receiving(tls=server) as receiver:
        outcome = await webhooks.post(f"https://{NAME}:{receiver.port}/", body=BODY, headers=HEADERS)
    assert (outcome.status_code, outcome.error) == (None, "answer_too_large")
