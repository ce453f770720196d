"""Serving an application until SIGINT or SIGTERM."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
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


class _Server(uvicorn.Server):
    """uvicorn's raises a signal again in the task that serves, which ends the event loop before enclosing blocks can end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def raise_captured(self) -> None:
        """Raises SystemExit or KeyboardInterrupt where SIGTERM or SIGINT stopped it."""
        if signal.SIGTERM in self._captured_signals:
            sys.exit(128 + signal.SIGTERM)
        if self._captured_signals:
            raise KeyboardInterrupt


async def serve_until_stopped(
    app: FastAPI,
    listener: socket.socket,
    on_started: Callable[[], Awaitable[None]] | None = None,
    watch: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve on `listener` until SIGINT or SIGTERM; then finish what is under way and end the app's loops.

    So does an error of `watch`, which is raised afterwards. Raises SystemExit for SIGTERM, KeyboardInterrupt for SIGINT.
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
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(LOOK_SECONDS)
    # what the program itself consists of stays: a full collection, which stops all, need not walk through it each time
    gc.collect()
    gc.freeze()
    if on_started is not None and server.started:
        await on_started()
    if watch is not None:
        watching = asyncio.ensure_future(watch())
        await asyncio.wait((serving, watching), return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
        if watching.done():
            await watching
        watching.cancel()
    await serving
    server.raise_captured()
