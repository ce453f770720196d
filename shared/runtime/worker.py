"""The part of a service that works without being asked: its loops, what they stand on, and how they end."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from shared.runtime.health import Check
from shared.runtime.loops import Loop


async def _nothing() -> None:
    return


@dataclass(frozen=True)
class Worker:
    """`checks` tell whether what the loops stand on works; `close` frees it after the loops have ended."""

    loops: Mapping[str, Loop]
    checks: Mapping[str, Check] = field(default_factory=dict)
    close: Callable[[], Awaitable[None]] = _nothing
