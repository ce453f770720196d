"""The observed states of a database, worked out from the set of its heartbeats.

A heartbeat covers the time until period + grace after it. Then the database is late, and down once three periods have
passed (or, where period + grace reaches three periods, one period after it was late: late always comes before down).

From late one heartbeat makes it up. From down it takes two in a row, the second within period + grace of the first, and
it is up from the second.

Time in a maintenance window is maintenance and does not count as silence. In a downtime of our own,
time that no heartbeat covers is unknown, and silence is counted anew from its end: a database is never down because of
us. Before the first heartbeat, and without an expectation, the state is unknown.

A heartbeat counts from the instant at which it was observed; the order in which heartbeats arrive changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.datasets.domain.spans import Span, advance, first_after, merged


class Observed(StrEnum):
    UNKNOWN = "unknown"
    UP = "up"
    LATE = "late"
    DOWN = "down"
    MAINTENANCE = "maintenance"


DOWN_AFTER_PERIODS = 3
SHORTEST_PERIOD_SECONDS = 30  # between two heartbeats; not below the gap tolerated in domain/downtime.py
LONGEST_SECONDS = 366 * 86_400  # of a period or a grace: a year


@dataclass(frozen=True, slots=True)
class Expectation:
    """The agreed period between two heartbeats, and the grace after it."""

    period: timedelta
    grace: timedelta

    @property
    def in_time(self) -> timedelta:
        return self.period + self.grace

    @property
    def down_after(self) -> timedelta:
        periods = DOWN_AFTER_PERIODS * self.period
        return periods if self.in_time < periods else self.in_time + self.period


@dataclass(frozen=True, slots=True)
class Run:
    """Heartbeats each within period + grace of the one before: the first, the second where there is one, the last."""

    first: datetime
    second: datetime | None
    last: datetime


@dataclass(frozen=True, slots=True)
class Interval:
    state: Observed
    start: datetime
    until: datetime


def runs_of(beats: Iterable[datetime], in_time: timedelta) -> list[Run]:
    """The runs that a set of heartbeats forms."""
    runs: list[Run] = []
    for beat in sorted(set(beats)):
        if runs and beat - runs[-1].last <= in_time:
            run = runs[-1]
            runs[-1] = Run(run.first, run.second or beat, beat)
        else:
            runs.append(Run(beat, None, beat))
    return runs


def observe(
    runs: Sequence[Run],
    expectation: Expectation | None,
    window: Span,
    *,
    maintenances: Iterable[Span] = (),
    downtimes: Iterable[Span] = (),
    known_until: datetime | None = None,
) -> list[Interval]:
    """The states of a window: intervals that cover it exactly, in order, each different from the one before.

    Args:
        runs: of the good heartbeats, oldest first, as `runs_of` gives them.
        expectation: None where none was agreed.
        window: the span to cover.
        maintenances: windows that the owner announced.
        downtimes: spans in which our intake or watch did not run.
        known_until: states are unknown from here on; None to continue as if no further heartbeat arrived.
    """
    quiet = merged(maintenances)
    end = window.until if known_until is None else max(window.start, min(known_until, window.until))
    changes: list[Change] = [(window.start, Observed.UNKNOWN)]
    if expectation is not None and end > window.start:
        watch = _Watch(expectation, quiet, merged(downtimes))
        found = watch.changes([run for run in runs if run.first < end], end)
        changes += [change for change in found if change[0] < end]
    if end < window.until:
        changes.append((end, Observed.UNKNOWN))
    return _with_maintenance(_clipped(changes, window), quiet)


Change = tuple[datetime, Observed]


class _Watch:
    """Works out the changes of one database run by run, each from the state reached in the silence before it."""

    def __init__(self, expectation: Expectation, quiet: Sequence[Span], unwatched: Sequence[Span]) -> None:
        self._expectation = expectation
        self._quiet = quiet
        self._unwatched = unwatched

    def changes(self, runs: Sequence[Run], end: datetime) -> list[Change]:
        found: list[Change] = []
        state, before = Observed.UNKNOWN, None
        for number, run in enumerate(runs):
            following = runs[number + 1].first if number + 1 < len(runs) else end
            up_from = run.first
            if state is Observed.DOWN and not self._is_second(before, run.first):
                up_from = run.second or following
                found += self._silence(run.first, min(up_from, following), Observed.DOWN)
            if run.second is not None or up_from == run.first:
                found.append((up_from, Observed.UP))
                found += self._silence(run.last, following, Observed.UP)
            state, before = found[-1][1], run.last
        return found

    def _is_second(self, before: datetime | None, beat: datetime) -> bool:
        """Two heartbeats with a maintenance window between them may still follow each other in time."""
        return before is not None and beat <= advance(before, self._expectation.in_time, self._quiet)

    def _silence(self, origin: datetime, end: datetime, state: Observed) -> Iterator[Change]:
        """The changes from a heartbeat at `origin`, then in `state`, until `end`, without another between."""
        vouched = self._after(origin, self._expectation.in_time) if state is Observed.UP else origin
        late = [
            (vouched, Observed.LATE),
            (self._after(origin, self._expectation.down_after), Observed.DOWN),
        ]
        steps = [(origin, state), *(late if state is Observed.UP else ())]
        begin = origin
        for gap in self._unwatched:
            if gap.until <= origin or gap.start >= end:
                continue
            yield from _within(steps, max(begin, vouched), min(gap.start, end))
            yield from _within([(gap.start, Observed.UNKNOWN)], max(gap.start, vouched), min(gap.until, end))
            begin = gap.until
            steps = [
                (begin, Observed.UNKNOWN),
                (self._after(begin, self._expectation.in_time), Observed.LATE),
                (self._after(begin, self._expectation.down_after), Observed.DOWN),
            ]
        yield from _within(steps, max(begin, vouched), end)

    def _after(self, origin: datetime, duration: timedelta) -> datetime:
        return advance(origin, duration, self._quiet)


def _within(steps: Sequence[Change], start: datetime, end: datetime) -> Iterator[Change]:
    """The steps of a span: the one that holds at its start, then those inside."""
    for number, (instant, state) in enumerate(steps):
        until = steps[number + 1][0] if number + 1 < len(steps) else end
        if max(instant, start) < min(until, end):
            yield max(instant, start), state


def _clipped(changes: Sequence[Change], window: Span) -> list[Interval]:
    """Intervals of a window from changes in order; the last change before it holds at its start."""
    found: list[Interval] = []
    for number, (instant, state) in enumerate(changes):
        start = max(instant, window.start)
        until = changes[number + 1][0] if number + 1 < len(changes) else window.until
        add_interval(found, Interval(state, start, min(until, window.until)))
    return found


def _with_maintenance(intervals: Sequence[Interval], quiet: Sequence[Span]) -> list[Interval]:
    """The intervals, with maintenance in place of the states that a maintenance window covers."""
    found: list[Interval] = []
    for interval in intervals:
        at = interval.start
        for number in range(first_after(quiet, at), len(quiet)):
            if quiet[number].start >= interval.until:
                break
            start, until = max(quiet[number].start, at), min(quiet[number].until, interval.until)
            add_interval(found, Interval(interval.state, at, start))
            add_interval(found, Interval(Observed.MAINTENANCE, start, until))
            at = until
        add_interval(found, Interval(interval.state, at, interval.until))
    return found


def add_interval(found: list[Interval], interval: Interval) -> None:
    """Append an interval that is not empty, merged with the last one where both have the same state."""
    if interval.start >= interval.until:
        return
    if found and found[-1].state is interval.state:
        found[-1] = Interval(interval.state, found[-1].start, interval.until)
    else:
        found.append(interval)
