"""Ours and the peer as processes of their own, served by the same function; each reports what it is served with.

Ours is the product's own `dondoc serve`; the peer is an application given to the function that this command serves by. What
an operator gets, socket options and event loop included, is what is measured.
"""

import asyncio
import cProfile
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from typing import Any

import uvicorn
from sqlalchemy import URL

from bench.common import SECRET, SECRET_KEY
from services.cli.processes import serve
from services.cli.serving import run, serve_until_stopped
from shared.keys.tokens import KeySigner, draw_key
from shared.runtime.listener import open_listener

END_SECONDS = 20.0


@dataclass(frozen=True)
class Serving:
    """A serving process. `alike` is what both sides must have in common: event loop, HTTP protocol, TCP_NODELAY."""

    port: int
    pid: int
    alike: tuple[str, str, int]


@contextmanager
def spawned(serve_it: Callable[..., None], *arguments: object) -> Iterator[Any]:
    """Run `serve_it(*arguments, ready)` in a process; yields the object that it sends to `ready` once it listens."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve_it, args=(*arguments, theirs), daemon=True)
    process.start()
    theirs.close()  # so that its end is seen here, as EOFError
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join(END_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        ours.close()


@contextmanager
def ours(service: str, url: URL, *, profile: Path | None = None) -> Iterator[Serving]:
    """`dondoc serve <service>` on a database; `profile` takes cProfile's statistics of what it served."""
    environment = {
        "DONDOC_DATABASE_URL": url.render_as_string(hide_password=False),
        "DONDOC_SECRET_KEY": SECRET_KEY,
        "DONDOC_PORT": "0",
        "DONDOC_LOG_LEVEL": "ERROR",
        "DONDOC_CHANGES_PER_DAY": "0",
        "DONDOC_HEARTBEATS_PER_DAY": "0",
    }
    with spawned(_serve_ours, service, environment, profile) as serving:
        yield serving


@contextmanager
def peer(build: Callable[[str], Any], address: str) -> Iterator[Serving]:
    """The ASGI application that `build` makes for a database's address."""
    with spawned(_serve_peer, build, address) as serving:
        yield serving


@contextmanager
def both(service: str, build: Callable[[str], Any], url: URL) -> Iterator[tuple[Serving, Serving]]:
    """Ours and the peer on one database, once it is certain that they are served alike."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with ExitStack() as stack:
        first, second = stack.enter_context(ours(service, url)), stack.enter_context(peer(build, address))
        if first.alike != second.alike:
            raise RuntimeError(f"not served alike: ours {first.alike}, the peer {second.alike}")
        yield first, second


def token(role: str = "office", agency: str | None = None) -> str:
    return KeySigner([SECRET]).sign(draw_key("bench", role, tenant=agency))


def get(path: str, key: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\n\r\n".encode()


def post(path: str, key: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _serve_ours(
    service: str, environment: Mapping[str, str], profile: Path | None, ready: Connection
) -> None:
    os.environ.update(environment)
    with _reported(ready, profile):
        serve(service)


def _serve_peer(build: Callable[[str], Any], address: str, ready: Connection) -> None:
    async def serving(listener: socket) -> None:
        await serve_until_stopped(build(address), listener)

    with _reported(ready, None), open_listener("127.0.0.1", 0) as listener, suppress(KeyboardInterrupt):
        run(serving(listener))


@contextmanager
def _reported(ready: Connection, profile: Path | None) -> Iterator[None]:
    """uvicorn's start sends a `Serving`, and begins the profile."""
    start, profiler = uvicorn.Server.startup, cProfile.Profile(time.thread_time)

    async def startup(self: uvicorn.Server, sockets: list[socket] | None = None) -> None:
        await start(self, sockets)
        ready.send(await _look(self))
        if profile is not None:
            profiler.enable()

    uvicorn.Server.startup = startup  # type: ignore[method-assign]
    try:
        yield
    finally:
        if profile is not None:
            profiler.disable()
            profiler.dump_stats(profile)


async def _look(server: uvicorn.Server) -> Serving:
    """Event loop, HTTP protocol and socket options of a connection to the server."""
    port = server.servers[0].sockets[0].getsockname()[1]
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    while not (made := next(iter(server.server_state.connections), None)):  # noqa: ASYNC110 - no event for it
        await asyncio.sleep(0)
    nodelay = made.transport.get_extra_info("socket").getsockopt(IPPROTO_TCP, TCP_NODELAY)
    writer.close()
    loop = type(asyncio.get_running_loop())
    return Serving(port, os.getpid(), (f"{loop.__module__}.{loop.__name__}", type(made).__name__, nodelay))
