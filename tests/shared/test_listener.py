"""The listening socket: of TCP by name, so that asyncio lets every answer leave at once, and made in one place."""

import ast
import asyncio
import socket
from pathlib import Path

import pytest

from shared.runtime.listener import UNTAKEN_SECONDS, open_listener

PROJECT = Path(__file__).parents[2]
OPENING = {"socket.socket", "socket.create_server", "asyncio.start_server", "uvicorn.run"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
async def test_what_it_accepts_sends_at_once(host: str) -> None:
    try:
        listener = open_listener(host, 0)
    except OSError:
        pytest.skip(f"no {host} here")
    set_to = asyncio.get_running_loop().create_future()

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served = writer.get_extra_info("socket")
        options = (socket.TCP_NODELAY, socket.TCP_USER_TIMEOUT)
        set_to.set_result([served.getsockopt(socket.IPPROTO_TCP, option) for option in options])
        writer.close()

    async with await asyncio.start_server(accept, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        at_once, untaken = await asyncio.wait_for(set_to, 30)
        assert at_once != 0
        assert (
            untaken == UNTAKEN_SECONDS * 1000
        )  # who takes nothing of an answer is not waited for without end
        writer.close()


def test_a_port_that_is_taken_is_refused() -> None:
    with open_listener("127.0.0.1", 0) as first:
        first.listen()
        with pytest.raises(OSError, match="in use"):
            open_listener("127.0.0.1", first.getsockname()[1])


def test_no_other_place_makes_one() -> None:
    found = {
        path.relative_to(PROJECT).as_posix()
        for folder in ("services", "shared", "bench", "deploy")
        for path in (PROJECT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in OPENING
    }
    assert found == {"shared/runtime/listener.py"}
