"""Readiness of a process: /readyz runs named checks, reads the state of the loops, and lists failures by name."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from shared.runtime.database import Database
from shared.runtime.loops import Loops

CHECK_TIMEOUT_SECONDS = 3.0
Check = Callable[[], Awaitable[str | None]]


@dataclass
class Health:
    """Named checks, each of which returns the failure or None, and the loops of this process."""

    checks: dict[str, Check] = field(default_factory=dict)
    loops: Loops | None = None

    async def troubles(self) -> dict[str, str]:
        results = await asyncio.gather(*(_run_check(check) for check in self.checks.values()))
        found = {name: trouble for name, trouble in zip(self.checks, results, strict=True) if trouble}
        return found | (self.loops.troubles() if self.loops else {})


async def _run_check(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_SECONDS:.0f} s"
    except Exception as error:  # noqa: BLE001 - whatever fails is the answer
        return type(error).__name__


def database_check(database: Database) -> Check:
    async def check() -> None:
        await database.ping()

    return check
