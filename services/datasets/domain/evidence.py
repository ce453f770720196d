"""What a database's states are worked out from: its heartbeats while each agreement held, and its maintenance windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.datasets.domain.observation import Expectation, Interval, Observed, Run, add_interval, observe
from services.datasets.domain.spans import Span, advance, merged

FAR = datetime(9000, 1, 1, tzinfo=UTC)  # the end of what is asked where nothing ends it
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)  # since when what was registered holds
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a database's state is worked out from while one expectation holds, from `since` until `until`.

    Nothing is told before `origin`, at which it is up where `settled`.
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
        """From when on states can be told."""
        if self.origin is None:
            return self.registered_at
        return self.origin if self.settled else min(self.origin, self.registered_at)

    @property
    def heard_until(self) -> datetime | None:
        """Until when the newest heartbeat vouches that the database lives, whatever was before it."""
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
class History:
    """The evidence of a database, one for each expectation that matters to what was asked, in order."""

    code: str
    parts: tuple[Evidence, ...]

    def part_at(self, instant: datetime) -> Evidence:
        return next(part for part in self.parts if part.since <= instant < part.until)

    def intervals(
        self, window: Span, downtimes: Sequence[Span], known_until: datetime | None = None
    ) -> list[Interval]:
        """Intervals that cover a window exactly. What is up when an expectation changes stays up until silence tells."""
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
        part: Evidence, item: Interval, before: Observed | None, known_until: datetime | None
    ) -> bool:
        if part.since == ALWAYS or part.expectation is None or before is not Observed.UP:
            return False
        if known_until is not None and item.start >= known_until:
            return False
        return item.state is Observed.UNKNOWN and item.start < part.since + part.expectation.in_time

    def at(self, instant: datetime, downtimes: Sequence[Span]) -> Interval:
        """The state at an instant, and when it ends if nothing more is heard."""
        begin = min(self.part_at(instant).begin, instant)
        whole = self.intervals(Span(begin, FAR), downtimes)
        return next(item for item in whole if item.start <= instant < item.until)
