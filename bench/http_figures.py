"""A figure of HTTP requests: ours and the peer alternately, by one client; latencies, processor time, round trips."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from statistics import median

from bench.client import Answered, Client, Load, percentiles
from bench.common import Figure, Run, failed
from bench.processes import busy_seconds, family_seconds
from bench.round_trips import Counter
from bench.serving import Serving

CONNECTIONS = 8
SLOW_SECONDS = 0.25  # of one request alone: then one at a time is asked, not eight
VERY_SLOW_SECONDS = 2.0  # then in one run


@dataclass(frozen=True)
class Question:
    """The same question to both sides, each in its own requests; `check` raises where the answers are not the same.

    `once`: each request may be sent once only. `alone`: by one connection; the figure is milliseconds, not requests/s.
    """

    name: str
    ours: Sequence[bytes]
    peer: Sequence[bytes]
    against: str
    goal: float | None = None
    check: Callable[[bytes, bytes], None] | None = None
    once: bool = False
    alone: bool = False


@dataclass
class _Side:
    serving: Serving
    requests: Sequence[bytes]
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    server: float = 0.0  # processor time
    postgres: float = 0.0
    seconds: float = 0.0
    used: int = 0  # requests, of those that are sent once
    client: float = 0.0  # the largest share of a core that the client used

    @property
    def left(self) -> int:
        """Requests that were not sent yet, of those that are sent once."""
        return len(self.requests) - self.used

    @property
    def cpu_ms(self) -> tuple[float, float]:
        answers = len(self.latencies)
        return self.server / answers * 1000, self.postgres / answers * 1000


@dataclass(frozen=True)
class Bench:
    """The servers and the client with which questions are measured."""

    run: Run
    client: Client
    tasks: int | None
    sides: tuple[Serving, Serving]
    round_trips: dict[str, tuple[float, float]]  # by the name of a question

    def measure(self, question: Question, connections: int = CONNECTIONS) -> Figure:
        """The figure, or why there is none: one question that fails leaves the others as they are."""
        bound = "under" if question.alone else "at least"
        try:
            return self._measured(question, connections)
        except Exception as error:  # noqa: BLE001 - told in the table
            return failed(
                question.name, error, tasks=self.tasks, goal=question.goal, bound=bound, peer=question.against
            )

    def _measured(self, question: Question, connections: int) -> Figure:
        first, second = (
            _Side(serving, requests)
            for serving, requests in zip(self.sides, (question.ours, question.peer), strict=True)
        )
        alone = self._warm(question, first, second)
        if question.alone or alone > SLOW_SECONDS:
            connections = 1
        rounds = 1 if alone > VERY_SLOW_SECONDS else self.run.rounds
        for done in range(rounds):
            # requests that are made once are used up sooner on a fast machine
            if question.once and any(side.left < side.used / max(done, 1) for side in (first, second)):
                break
            for side in (first, second):
                self._load(side, question, connections)
        unit, value, peer = "requests/s", median(first.rates), median(second.rates)
        if question.alone:
            unit, value, peer = "ms", percentiles(first.latencies)[0], percentiles(second.latencies)[0]
        p50, p99 = percentiles(first.latencies)
        trips = self.round_trips.get(question.name, (None, None))
        return Figure(
            name=question.name, value=value, unit=unit, peer=question.against, peer_value=peer, goal=question.goal,
            bound="under" if question.alone else "at least", runs=len(first.rates), tasks=self.tasks,
            limits=_limits(first, connections), p50_ms=p50, p99_ms=p99, cpu_ms=first.cpu_ms, peer_cpu_ms=second.cpu_ms,
            round_trips=trips[0], peer_round_trips=trips[1],
            client_busy=max(first.client, second.client),
        )  # fmt: skip

    def _warm(self, question: Question, *sides: _Side) -> float:
        """Compare the answers, and have statements prepared on every connection; seconds of the slower side's request."""
        answers = [self._ask(side, question, 1, seconds=0.0) for side in sides]
        if question.check is not None:
            question.check(answers[0].bodies[0], answers[1].bodies[0])
        if question.once:
            return 0.0
        alone = max(answer.seconds for answer in answers)
        if alone < SLOW_SECONDS or not question.alone:  # the first prepares its statement
            again = [self._ask(side, question, 1, seconds=0.0) for side in sides]
            alone = min(alone, max(answer.seconds for answer in again))
        if not question.alone and alone < SLOW_SECONDS:
            for side in sides:
                self._ask(side, question, CONNECTIONS, seconds=self.run.seconds / 3)
        return alone

    def _load(self, side: _Side, question: Question, connections: int) -> None:
        server, postgres = busy_seconds(side.serving.pid), family_seconds(self.run.postmaster)
        answered = self._ask(side, question, connections, seconds=self.run.seconds)
        side.server += busy_seconds(side.serving.pid) - server
        side.postgres += family_seconds(self.run.postmaster) - postgres
        side.seconds += answered.seconds
        side.rates.append(answered.rate)
        side.latencies += answered.latencies
        side.client = max(side.client, answered.busy)

    def _ask(self, side: _Side, question: Question, connections: int, *, seconds: float) -> Answered:
        requests = side.requests
        if question.once:
            requests = (
                requests[side.used : side.used + 5_000] if seconds else requests[side.used : side.used + 1]
            )
        load = Load(side.serving.port, requests, connections, seconds, question.once)
        answered = self.client.run(load)
        side.used += answered.answers
        return answered


def _limits(side: _Side, connections: int) -> str:
    """The processes in which the measured time was spent, for the last column."""
    server, postgres = side.server / side.seconds, side.postgres / side.seconds
    most = "the serving process" if server > postgres else "PostgreSQL"
    of = f"{server:.0%} of a core in the serving process, {postgres:.0%} in PostgreSQL"
    if connections > 1:
        return f"{most}: {of}"
    return f"one request at a time, mostly in {most}: {of}"


def count_round_trips(
    counter: Counter, client: Client, sides: tuple[Serving, Serving], questions: Sequence[Question]
) -> dict[str, tuple[float, float]]:
    """Round trips of each question on both sides, which are served behind the counter's proxy."""
    found = {}
    for question in questions:
        both = zip(sides, (question.ours, question.peer), strict=True)
        found[question.name] = tuple(_count(counter, client, *side) for side in both)
    return found  # type: ignore[return-value]  # two sides


def _count(counter: Counter, client: Client, serving: Serving, requests: Sequence[bytes]) -> float:
    todo = cycle(requests)
    try:
        return counter.median_of(lambda: client.run(Load(serving.port, [next(todo)], 1, 0.0)))
    except Exception:  # noqa: BLE001 - the question itself tells why it fails
        return math.nan
