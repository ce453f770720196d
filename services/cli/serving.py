"""Serving an application until SIGINT or SIGTERM."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import uvicorn
from fastapi import FastAPI

from services.cli.http_protocol import BoundedProtocol

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

LOOK_SECONDS = 0.02
GRACE_SECONDS = 10  # requests under way may finish within it


def run(serving: Coroutine[Any, Any, None]) -> None:
    """As asyncio.run, on uvloop where it exists."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serving)


async def serve_until_stopped(
    app: FastAPI,
    listener: socket.socket,
    on_started: Callable[[], Awaitable[None]] | None = None,
    watch: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve on `listener` until SIGINT or SIGTERM; then finish what is under way and end the app's loops.

    So does an error of `watch`, which is raised afterwards.
    """
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    server = uvicorn.Server(config)
    # uvicorn raises the signal again after its shutdown; as SystemExit it lets enclosing blocks end in order
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(LOOK_SECONDS)
    # what the program itself consists of stays: a full collection, which stops all, need not walk through it each time
    gc.collect()
    gc.freeze()
    if on_started is not None and server.started:
        await on_started()
    if watch is None:
        await serving
        return
    watching = asyncio.ensure_future(watch())
    await asyncio.wait((serving, watching), return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    if watching.done():
        await watching
    watching.cancel()
