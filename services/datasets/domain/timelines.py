"""The timeline of a database: its heartbeats and maintenance windows under each expectation in turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.datasets.domain.observation import Expectation, Interval, Observed, Run, add_interval, observe
from services.datasets.domain.spans import Span, advance, merged

FAR = datetime(9000, 1, 1, tzinfo=UTC)  # stands for no upper bound
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)  # `holds_from` of a registration
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class TimelinePart:
    """Heartbeats and maintenance windows under one expectation, which holds from `since` until `until`.

    Heartbeats before `origin` are not loaded; where `settled`, the database is up at `origin`.
    """

    code: str
    since: datetime
    until: datetime
    expectation: Expectation | None
    registered_at: datetime
    runs: tuple[Run, ...]
    maintenances: tuple[Span, ...]
    origin: datetime | None
    settled: bool

    @property
    def begin(self) -> datetime:
        """The first instant whose state can be worked out."""
        if self.origin is None:
            return self.registered_at
        return self.origin if self.settled else min(self.origin, self.registered_at)

    @property
    def heard_until(self) -> datetime | None:
        """Period + grace after the newest heartbeat, maintenance not counted; None without either."""
        if self.expectation is None or not self.runs:
            return None
        return advance(self.runs[-1].last, self.expectation.in_time, merged(self.maintenances))

    def intervals(
        self, window: Span, downtimes: Sequence[Span], known_until: datetime | None = None
    ) -> list[Interval]:
        """The states of the part of a window in which the expectation holds; silence counts from its beginning on."""
        part = Span(max(window.start, self.since), min(window.until, self.until))
        if part.start >= part.until:
            return []
        before = [Span(ALWAYS, self.since)] if self.since > ALWAYS else []
        return observe(
            self.runs,
            self.expectation,
            part,
            maintenances=self.maintenances,
            downtimes=[*downtimes, *before],
            known_until=known_until,
        )


@dataclass(frozen=True, slots=True)
class Timeline:
    """The timeline of a database: one part for each expectation that concerns the window, in order."""

    code: str
    parts: tuple[TimelinePart, ...]

    def part_at(self, instant: datetime) -> TimelinePart:
        return next(part for part in self.parts if part.since <= instant < part.until)

    def intervals(
        self, window: Span, downtimes: Sequence[Span], known_until: datetime | None = None
    ) -> list[Interval]:
        """Intervals that cover a window exactly.

        A database that is up when its expectation changes stays up for the new period + grace.
        """
        found: list[Interval] = []
        before: Observed | None = None
        for part in self.parts:
            if part.until <= window.start:
                [*_, last] = part.intervals(Span(part.until - TICK, part.until), downtimes, known_until)
                before = last.state
                continue
            for item in part.intervals(window, downtimes, known_until):
                before = Observed.UP if self._goes_on(part, item, before, known_until) else item.state
                add_interval(found, Interval(before, item.start, item.until))
        return found

    @staticmethod
    def _goes_on(
        part: TimelinePart, item: Interval, before: Observed | None, known_until: datetime | None
    ) -> bool:
        if part.since == ALWAYS or part.expectation is None or before is not Observed.UP:
            return False
        if known_until is not None and item.start >= known_until:
            return False
        return item.state is Observed.UNKNOWN and item.start < part.since + part.expectation.in_time

    def at(self, instant: datetime, downtimes: Sequence[Span]) -> Interval:
        """The interval around an instant; it ends when the state changes without a further heartbeat."""
        begin = min(self.part_at(instant).begin, instant)
        whole = self.intervals(Span(begin, FAR), downtimes)
        return next(item for item in whole if item.start <= instant < item.until)
