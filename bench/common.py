"""Shared by all benches: the run and its server, a figure, and medians of runs that alternate."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

import asyncpg
from sqlalchemy import URL

from shared.runtime.database import Database
from shared.runtime.migrations import create_database, migrate

SECRET = b"b" * 32  # of services that are measured
SECRET_KEY = base64.b64encode(SECRET).decode()


@dataclass(frozen=True)
class Figure:
    """One row of the table. `goal` bounds the ratio, or the value without one, in the direction of `bound`.

    `ratio` is `value` by `peer_value`. `limits` names what bounds the figure. Of requests: latencies in milliseconds,
    `cpu_ms` of a request in the serving process and in PostgreSQL, `round_trips` between these two; `peer_…` are the
    peer's. `client_busy`: the largest share of a core that the client used. `error`: why there is no figure.
    """

    name: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    goal: float | None = None
    bound: Literal["at least", "under"] = "at least"
    runs: int = 1
    limits: str = ""
    tasks: int | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_ms: tuple[float, float] | None = None
    peer_cpu_ms: tuple[float, float] | None = None
    round_trips: float | None = None
    peer_round_trips: float | None = None
    client_busy: float | None = None
    error: str | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.peer_value if self.peer_value else None

    @property
    def met(self) -> bool | None:
        """True if the goal is met; None where none is set. A figure that failed has not met its goal."""
        if self.goal is None:
            return None
        if self.error is not None:
            return False
        measured = self.value if self.ratio is None else self.ratio
        return measured >= self.goal if self.bound == "at least" else measured < self.goal


def failed(name: str, error: BaseException | str, **given: Any) -> Figure:
    told = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return Figure(name, 0.0, "", error=told[:300], **given)


@dataclass
class Run:
    """One run of the benches: its PostgreSQL, shared by all of them, and how long each may take."""

    server: URL
    postmaster: int  # process id
    quick: bool
    sizes: tuple[int, ...]  # numbers of tasks
    notes: dict[str, str] = field(default_factory=dict)  # printed below the table
    made: set[str] = field(default_factory=set)  # names of databases

    @property
    def rounds(self) -> int:
        """Runs of each side, alternately."""
        return 3 if self.quick else 5

    @property
    def seconds(self) -> float:
        """Of each run of requests."""
        return 0.3 if self.quick else 0.6

    def database(self, name: str) -> URL:
        return self.server.set(database=f"bench_{name}")


Bench = Callable[[Run], Iterator[Figure]]


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


def dsn(url: URL) -> str:
    """The address as asyncpg takes it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


async def raw_connections(url: URL, number: int) -> list[asyncpg.Connection]:
    return [await asyncpg.connect(dsn(url)) for _ in range(number)]
