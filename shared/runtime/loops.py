"""Long-running loops of a process: started together, restarted with backoff after a failure, each with its liveness."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from shared.runtime.metrics import LOOP_FAILURES, LOOP_REPORT

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
SILENT_AFTER_SECONDS = 60.0  # no progress for 60 s is a fault


@dataclass
class Liveness:
    """Liveness of a loop, which calls `report` after every iteration, also after one that found nothing to do."""

    name: str
    last_report: float | None = None
    failure: str | None = (
        None  # the type alone: /readyz shows it without a key, and the message is in the log
    )

    def report(self) -> None:
        self.last_report = time.monotonic()
        self.failure = None
        LOOP_REPORT.labels(self.name).set_to_current_time()

    def trouble(self) -> str | None:
        """The reason why /readyz fails, or None."""
        if self.failure is not None:
            return self.failure
        if self.last_report is None:
            return "not started"
        silent = time.monotonic() - self.last_report
        return f"silent for {silent:.0f} s" if silent > SILENT_AFTER_SECONDS else None


Loop = Callable[[Liveness], Awaitable[None]]


def every(seconds: float, work: Callable[[], Awaitable[None]]) -> Loop:
    """A loop that does `work`, then sleeps for `seconds` of real time."""

    async def run(liveness: Liveness) -> None:
        while True:
            await work()
            liveness.report()
            await asyncio.sleep(seconds)

    return run


class LoopStopped(Exception):
    """A failure that explains itself: /readyz shows its message, so the message holds no data and no secret."""


@dataclass
class Loops:
    """The loops of a process, by name."""

    loops: Mapping[str, Loop]
    liveness: dict[str, Liveness] = field(init=False)

    def __post_init__(self) -> None:
        self.liveness = {name: Liveness(name) for name in self.loops}
        for name in self.loops:  # before the first iteration: no alert detects a missing series
            LOOP_REPORT.labels(name).set_to_current_time()
            LOOP_FAILURES.labels(name)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(keep(loop, self.liveness[name]), name=name)
            for name, loop in self.loops.items()
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def troubles(self) -> dict[str, str]:
        found = {name: liveness.trouble() for name, liveness in self.liveness.items()}
        return {name: trouble for name, trouble in found.items() if trouble}


async def keep(loop: Loop, liveness: Liveness) -> None:
    """Run a loop until it is cancelled, with growing pauses between its failures."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        began = time.monotonic()
        try:
            await loop(liveness)
            raise RuntimeError("ended by itself")
        except Exception as error:
            LOOP_FAILURES.labels(liveness.name).inc()
            liveness.failure = str(error) if isinstance(error, LoopStopped) else type(error).__name__
            logger.exception("loop failed", extra={"loop": liveness.name})
        if time.monotonic() - began > LONGEST_PAUSE_SECONDS:
            pause = FIRST_PAUSE_SECONDS
        await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def wait_until_woken(wake: asyncio.Event, seconds: float) -> None:
    """Wait until `wake` is set, at most `seconds`: a poll, for wake-ups that are lost."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()


async def together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """As asyncio.gather, but when one raises, the others are cancelled and awaited before it raises."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
