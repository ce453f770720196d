"""Loops on an event loop of their own, in a thread: one that keeps its event loop busy holds up no other."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from threading import Thread
from typing import Any

from shared.runtime.loops import Liveness, Loop, keep

logger = logging.getLogger(__name__)


def on_own_event_loop(opened: Callable[[], AbstractAsyncContextManager[Loop]]) -> Loop:
    """A loop that runs in a thread of its own.

    `opened` is entered and left there, and gives the loop with what belongs to its event loop, such as connections.
    It stays open while the loop fails and is started again.
    """

    async def run(liveness: Liveness) -> None:
        async def work() -> None:
            async with opened() as loop:
                await keep(loop, liveness)

        await run_in_thread(work, liveness.name)

    return run


async def run_in_thread(work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
    """Run `work` on a new event loop in a new thread; cancelled, it is cancelled there and waited for."""
    here, ended = asyncio.get_running_loop(), asyncio.Event()
    # not uvloop, which reads sockets itself, past what counts an answer's bytes (shared/http/outgoing/limits.py)
    runner = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)
    there = runner.get_loop()
    task = there.create_task(work())

    def run() -> None:
        try:
            with runner:
                there.run_until_complete(asyncio.wait([task]))  # its result is raised below
        finally:
            here.call_soon_threadsafe(ended.set)

    Thread(target=run, name=name, daemon=True).start()
    try:
        await ended.wait()
    except asyncio.CancelledError:
        there.call_soon_threadsafe(task.cancel)
        await ended.wait()
        if not task.cancelled() and (error := task.exception()):
            logger.exception("not closed in order", exc_info=error, extra={"loop": name})
        raise
    task.result()
