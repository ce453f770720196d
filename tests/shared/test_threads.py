"""A loop on an event loop of its own holds up no other, and ends in order."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.runtime import loops
from shared.runtime.loops import Liveness, Loop, Loops
from shared.runtime.threads import on_own_event_loop, run_in_thread


class Opened:
    """Resources of a loop in a thread, with what became of them."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.times = 0
        self.threads: set[int] = set()
        self.closed = threading.Event()

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Loop]:
        self.times += 1
        try:
            yield self.loop
        finally:
            await asyncio.sleep(0)  # what it closes takes its event loop
            self.threads.add(threading.get_ident())
            self.closed.set()


async def test_one_that_holds_its_event_loop_holds_up_no_other() -> None:
    begun, let_go = threading.Event(), threading.Event()

    async def holding(liveness: Liveness) -> None:
        begun.set()
        assert let_go.wait(20)  # as a computation would
        liveness.report()
        await asyncio.Event().wait()

    opened = Opened(holding)
    running = Loops({"holding": on_own_event_loop(opened)})
    async with running.running():
        assert await asyncio.to_thread(begun.wait, 20)
        for _ in range(1_000):
            await asyncio.sleep(0)
        assert running.troubles() == {"holding": "not started"}
        let_go.set()
        while running.troubles():  # noqa: ASYNC110 - liveness has no event to wait for
            await asyncio.sleep(0)
    assert opened.closed.is_set()
    assert opened.threads.isdisjoint({threading.get_ident()})


async def test_what_it_opened_outlives_its_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "FIRST_PAUSE_SECONDS", 0.001)
    rounds, mended = 0, threading.Event()

    async def shaky(liveness: Liveness) -> None:
        nonlocal rounds
        rounds += 1
        if rounds < 3:
            raise RuntimeError("no luck")
        liveness.report()
        mended.set()
        await asyncio.Event().wait()

    opened = Opened(shaky)
    running = Loops({"shaky": on_own_event_loop(opened)})
    async with running.running():
        assert await asyncio.to_thread(mended.wait, 20)
        assert running.troubles() == {}
    assert (rounds, opened.times) == (3, 1)


async def test_a_failure_in_the_thread_is_raised_here() -> None:
    async def fail() -> None:
        raise LookupError("there")

    with pytest.raises(LookupError, match="there"):
        await run_in_thread(fail, "failing")


async def test_a_failure_to_close_in_order_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    begun = threading.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            raise LookupError("while closing")

    running = asyncio.create_task(run_in_thread(work, "closing"))
    assert await asyncio.to_thread(begun.wait, 20)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert "while closing" in caplog.text
