"""A service's background work: its loops, checks of their dependencies, and `close`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from shared.runtime.health import Check
from shared.runtime.loops import Loop


async def _nothing() -> None:
    return


@dataclass(frozen=True)
class Worker:
    """`checks` are of dependencies (database, source, broker); `close` releases these after the loops have ended."""

    loops: Mapping[str, Loop]
    checks: Mapping[str, Check] = field(default_factory=dict)
    close: Callable[[], Awaitable[None]] = _nothing
