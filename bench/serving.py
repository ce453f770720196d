"""Servers in processes of their own, and the load of plain HTTP requests on them."""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import uvicorn

from shared.runtime.listener import open_listener


@contextmanager
def spawned(serve: Callable[..., None], *arguments: object) -> Iterator[Any]:
    """Run `serve(*arguments, ready)` in a process; yields the object that it sends to `ready` once it listens."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(*arguments, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()
        ours.close()


def serve_app(app: Any, ready: Connection) -> None:
    """Serve an ASGI application; sends its port."""
    listener = open_listener("127.0.0.1", 0)
    listener.listen()  # so that who reads the port may connect at once
    ready.send(listener.getsockname()[1])
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


def requests_per_second(port: int, path: str, token: str, *, requests: int, connections: int) -> float:
    """GETs by hand-written HTTP over kept connections, so that the client costs little."""
    request = f"GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n".encode()

    async def ask(count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        for _ in range(count):
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            assert " 200 " in head.split("\r\n")[0], head
            await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        writer.close()

    async def load() -> None:
        await asyncio.gather(*(ask(requests // connections) for _ in range(connections)))

    began = time.perf_counter()
    asyncio.run(load())
    return requests / (time.perf_counter() - began)
