"""Shared by all benchmarks: a figure as a ratio against a named peer or limit, from the same run."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import Literal

import asyncpg
from sqlalchemy import URL

from shared.runtime.database import Database
from shared.runtime.migrations import create_database, migrate

SECRET_KEY = base64.b64encode(b"b" * 32).decode()  # of services that are measured


@dataclass(frozen=True)
class Figure:
    """`value` (median of `runs`); `limit` bounds the ratio, or the value without one, in the direction of `bound`.

    `limits` names in one sentence what bounds the figure.
    """

    name: str
    value: float
    unit: str
    against: str
    ratio: float | None
    limit: float | None
    bound: Literal["at least", "under"]
    runs: int
    limits: str

    @property
    def met(self) -> bool | None:
        """True if the limit is kept; None where none is set. Without a ratio the value itself is held to it."""
        if self.limit is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured >= self.limit if self.bound == "at least" else measured < self.limit


def interleaved(runs: int, *subjects: Callable[[], float]) -> list[float]:
    """Medians of the subjects, run alternately, so that noise of the machine affects all alike."""
    found: list[list[float]] = [[] for _ in subjects]
    for _ in range(runs):
        for results, subject in zip(found, subjects, strict=True):
            results.append(subject())
    return [median(results) for results in found]


def warmed(runs: int, *subjects: Callable[[], float]) -> list[float]:
    """As `interleaved`, after one warm-up run of each, which makes connections and plans and fills caches."""
    for subject in subjects:
        subject()
    return interleaved(runs, *subjects)


async def turns_per_second(turns: int, clients: int, act: Callable[[int], Awaitable[object]]) -> float:
    """Throughput of concurrent clients; `act` is called with the number of each turn, once in all."""
    todo = iter(range(turns))

    async def work() -> None:
        for turn in todo:
            await act(turn)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(work())
    return turns / (time.perf_counter() - began)


async def migrated(url: URL, service: str, *, application: str = "dondoc") -> Database:
    """A new database of a service, at its newest revision, empty."""
    await create_database(url)
    await migrate(service, url)
    return Database(url, application=application)


async def raw_connections(url: URL, number: int) -> list[asyncpg.Connection]:
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return [await asyncpg.connect(dsn) for _ in range(number)]
