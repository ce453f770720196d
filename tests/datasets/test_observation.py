"""The rule of observed states: by table, against a simulation that goes minute by minute, and by what always holds."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.datasets.domain import observation
from services.datasets.domain.downtime import LONGEST_TOLERATED_SECONDS
from services.datasets.domain.observation import (
    SHORTEST_PERIOD_SECONDS,
    Expectation,
    Interval,
    Observed,
    Run,
    observe,
    runs_of,
)
from services.datasets.domain.spans import Span, advance, merged

ZERO = datetime(2026, 3, 10, tzinfo=UTC)
HOURLY = Expectation(timedelta(minutes=60), timedelta(minutes=10))
HORIZON = 120


def at(minute: float) -> datetime:
    return ZERO + timedelta(minutes=minute)


def span(start: float, until: float) -> Span:
    return Span(at(start), at(until))


def minute(instant: datetime) -> float:
    return (instant - ZERO).total_seconds() / 60


def as_minutes(intervals: list[Interval]) -> list[tuple[str, float, float]]:
    return [(item.state.value, minute(item.start), minute(item.until)) for item in intervals]


@pytest.mark.parametrize(
    ("beats", "quiet", "unwatched", "expected"),
    [
        ([], [], [], [("unknown", 0, 600)]),
        ([10], [], [], [("unknown", 0, 10), ("up", 10, 80), ("late", 80, 190), ("down", 190, 600)]),
        # in time to the minute is in time
        ([0, 70, 140], [], [], [("up", 0, 210), ("late", 210, 320), ("down", 320, 600)]),
        # from late one is enough
        ([0, 100], [], [], [("up", 0, 70), ("late", 70, 100), ("up", 100, 170), ("late", 170, 280), ("down", 280, 600)]),
        # from down it takes two in a row, up from the second
        ([0, 200, 260], [], [], [("up", 0, 70), ("late", 70, 180), ("down", 180, 260), ("up", 260, 330), ("late", 330, 440), ("down", 440, 600)]),
        ([0, 200, 271], [], [], [("up", 0, 70), ("late", 70, 180), ("down", 180, 600)]),
        ([0, 200, 300, 370], [], [], [("up", 0, 70), ("late", 70, 180), ("down", 180, 370), ("up", 370, 440), ("late", 440, 550), ("down", 550, 600)]),
        # maintenance shows, and is no silence
        ([0], [(30, 90)], [], [("up", 0, 30), ("maintenance", 30, 90), ("up", 90, 130), ("late", 130, 240), ("down", 240, 600)]),
        ([0], [(100, 160)], [], [("up", 0, 70), ("late", 70, 100), ("maintenance", 100, 160), ("late", 160, 240), ("down", 240, 600)]),
        ([0, 200, 300], [(210, 280)], [], [("up", 0, 70), ("late", 70, 180), ("down", 180, 210), ("maintenance", 210, 280), ("down", 280, 300), ("up", 300, 370), ("late", 370, 480), ("down", 480, 600)]),
        # while we did not watch: what no heartbeat vouches for is unknown, and silence begins anew at the end
        ([0], [], [(30, 300)], [("up", 0, 70), ("unknown", 70, 370), ("late", 370, 480), ("down", 480, 600)]),
        ([0], [], [(30, 40)], [("up", 0, 70), ("unknown", 70, 110), ("late", 110, 220), ("down", 220, 600)]),
        ([0, 100], [], [(30, 300)], [("up", 0, 70), ("unknown", 70, 100), ("up", 100, 170), ("unknown", 170, 370), ("late", 370, 480), ("down", 480, 600)]),
        ([0], [], [(250, 300)], [("up", 0, 70), ("late", 70, 180), ("down", 180, 250), ("unknown", 250, 370), ("late", 370, 480), ("down", 480, 600)]),
    ],
)  # fmt: skip
def test_states_by_table(
    beats: list[float],
    quiet: list[tuple[float, float]],
    unwatched: list[tuple[float, float]],
    expected: list[tuple[str, float, float]],
) -> None:
    runs = runs_of(map(at, beats), HOURLY.in_time)
    quiet_spans, unwatched_spans = [span(*item) for item in quiet], [span(*item) for item in unwatched]
    found = observe(runs, HOURLY, span(0, 600), maintenances=quiet_spans, downtimes=unwatched_spans)
    assert as_minutes(found) == expected


def test_a_long_grace_still_lets_late_come_before_down() -> None:
    patient = Expectation(timedelta(minutes=10), timedelta(minutes=50))
    assert as_minutes(observe([Run(at(0), None, at(0))], patient, span(0, 100))) == [
        ("up", 0, 60),
        ("late", 60, 70),
        ("down", 70, 100),
    ]


@pytest.mark.parametrize(("grace", "down_after"), [(0, 30), (19, 30), (20, 40), (21, 41)])
def test_down_comes_after_three_periods_or_one_after_late(grace: int, down_after: int) -> None:
    known = Expectation(timedelta(minutes=10), timedelta(minutes=grace))
    assert known.down_after == timedelta(minutes=down_after)


@given(
    period=st.integers(SHORTEST_PERIOD_SECONDS, 10 * SHORTEST_PERIOD_SECONDS),
    grace=st.integers(0, 100),
    start=st.integers(0, 2_000),
    rest=st.integers(0, LONGEST_TOLERATED_SECONDS),
)
def test_a_rest_that_is_tolerated_makes_nothing_down_that_sends_as_agreed(
    period: int, grace: int, start: int, rest: int
) -> None:
    """At most one of its heartbeats is lost in it, and is never sent again."""
    known = Expectation(timedelta(seconds=period), timedelta(seconds=grace))
    sent = [second for second in range(0, 8_000, period) if not start <= second <= start + rest]
    runs = runs_of((ZERO + timedelta(seconds=second) for second in sent), known.in_time)
    found = observe(runs, known, Span(ZERO, ZERO + timedelta(seconds=sent[-1])))
    assert Observed.DOWN not in {item.state for item in found}


def test_without_an_expectation_nothing_is_known_but_maintenance() -> None:
    found = observe([Run(at(0), at(1), at(9))], None, span(0, 100), maintenances=[span(20, 30)])
    assert as_minutes(found) == [("unknown", 0, 20), ("maintenance", 20, 30), ("unknown", 30, 100)]


def test_what_is_to_come_is_unknown() -> None:
    found = observe([Run(at(0), None, at(0))], HOURLY, span(0, 100), known_until=at(20))
    assert as_minutes(found) == [("up", 0, 20), ("unknown", 20, 100)]
    found = observe([Run(at(0), None, at(0))], HOURLY, span(50, 100), known_until=at(20))
    assert as_minutes(found) == [("unknown", 50, 100)]


# --- against a simulation

instants = st.integers(0, HORIZON)
spans = st.tuples(instants, instants).filter(lambda item: item[0] < item[1])
expectations = st.tuples(st.integers(1, 12), st.integers(0, 15))


def simulated(
    beats: set[int],
    period: int,
    grace: int,
    quiet: list[tuple[int, int]],
    unwatched: list[tuple[int, int]],
) -> list[str]:
    """The state of every minute, by counting minutes."""

    def inside(now: int, some: list[tuple[int, int]]) -> bool:
        return any(start <= now < until for start, until in some)

    in_time = period + grace
    down_after = 3 * period if in_time < 3 * period else in_time + period
    states: list[str] = []
    state = "unknown"  # beneath maintenance
    last: int | None = None  # heartbeat
    is_up = False  # by the last heartbeat
    since_beat = since_anew = 0
    is_anew = False
    for now in range(HORIZON):
        if last is not None and inside(now - 1, unwatched) and not inside(now, unwatched):
            is_anew, since_anew = True, 0
        if now in beats:
            in_row = last is not None and (since_beat <= in_time or now - last <= in_time)
            is_up = state != "down" or in_row
            last, since_beat, is_anew = now, 0, False
        silent = since_anew if is_anew else since_beat
        if last is None:
            state = "unknown"
        elif is_up and since_beat < in_time:
            state = "up"
        elif inside(now, unwatched):
            state = "unknown"
        elif is_anew:
            state = "unknown" if silent < in_time else "late" if silent < down_after else "down"
        else:
            state = "late" if is_up and silent < down_after else "down"
        states.append("maintenance" if inside(now, quiet) else state)
        if not inside(now, quiet):
            since_beat, since_anew = since_beat + 1, since_anew + 1
    return states


@given(
    beats=st.sets(instants, max_size=25),
    expectation=expectations,
    quiet=st.lists(spans, max_size=3),
    unwatched=st.lists(spans, max_size=3),
)
def test_intervals_say_what_a_count_of_minutes_says(
    beats: set[int],
    expectation: tuple[int, int],
    quiet: list[tuple[int, int]],
    unwatched: list[tuple[int, int]],
) -> None:
    known = Expectation(*(timedelta(minutes=item) for item in expectation))
    found = observe(
        runs_of(map(at, beats), known.in_time),
        known,
        span(0, HORIZON),
        maintenances=[span(*item) for item in quiet],
        downtimes=[span(*item) for item in unwatched],
    )
    by_minute = [
        item.state.value for item in found for _ in range(round(minute(item.until) - minute(item.start)))
    ]
    assert by_minute == simulated(beats, *expectation, quiet, unwatched)


@given(
    beats=st.lists(st.floats(-50, HORIZON), max_size=25),
    expectation=expectations,
    quiet=st.lists(spans, max_size=3),
    unwatched=st.lists(spans, max_size=3),
    cuts=st.lists(instants, min_size=2, max_size=6, unique=True),
    known_until=st.none() | instants,
    data=st.data(),
)
def test_intervals_cover_any_window_exactly_and_parts_agree_with_the_whole(  # noqa: PLR0917 - hypothesis fills them by name
    beats: list[float],
    expectation: tuple[int, int],
    quiet: list[tuple[int, int]],
    unwatched: list[tuple[int, int]],
    cuts: list[int],
    known_until: int | None,
    data: st.DataObject,
) -> None:
    known = Expectation(*(timedelta(minutes=item) for item in expectation))
    arrived = data.draw(st.permutations(beats))  # the order in which they arrive changes nothing

    def seen(start: float, until: float, order: list[float]) -> list[Interval]:
        return observe(
            runs_of(map(at, order), known.in_time),
            known,
            span(start, until),
            maintenances=[span(*item) for item in quiet],
            downtimes=[span(*item) for item in data.draw(st.permutations(unwatched))],
            known_until=None if known_until is None else at(known_until),
        )

    edges = sorted(cuts)
    whole = seen(edges[0], edges[-1], beats)
    assert whole == seen(edges[0], edges[-1], arrived)
    assert (whole[0].start, whole[-1].until) == (at(edges[0]), at(edges[-1]))
    for one, other in pairwise(whole):
        assert one.until == other.start
        assert one.state is not other.state
    assert all(item.start < item.until for item in whole)
    parts = [item for start, until in pairwise(edges) for item in seen(start, until, arrived)]
    joined: list[Interval] = []
    for item in parts:
        if joined and joined[-1].state is item.state:
            joined[-1] = Interval(item.state, joined[-1].start, item.until)
        else:
            joined.append(item)
    assert joined == whole


@given(st.lists(spans, max_size=6), instants, st.integers(0, 60))
def test_time_that_does_not_count_is_left_out(
    quiet: list[tuple[int, int]], origin: int, minutes: int
) -> None:
    reached = minute(advance(at(origin), timedelta(minutes=minutes), merged(span(*item) for item in quiet)))
    counted = [
        now
        for now in range(origin, round(reached))
        if not any(start <= now < until for start, until in quiet)
    ]
    assert len(counted) == minutes
    assert not minutes or counted[-1] == reached - 1  # no later than it takes


def test_late_and_down_are_told_by_their_own_words() -> None:
    assert [state.value for state in Observed] == ["unknown", "up", "late", "down", "maintenance"]


class Counted(list[Span]):
    """Spans that count how often one is looked at."""

    looks = 0

    def __getitem__(self, place: Any) -> Any:
        self.looks += 1
        return super().__getitem__(place)

    def __iter__(self) -> Iterator[Span]:
        self.looks += len(self)
        return super().__iter__()


def test_many_maintenance_windows_are_not_all_looked_at_for_each_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    windows = Counted(span(60 * hour, 60 * hour + 1) for hour in range(1_000))
    monkeypatch.setattr(observation, "merged", lambda spans: spans)
    runs = runs_of([at(180 * number) for number in range(330)], HOURLY.in_time)
    found = observe(runs, HOURLY, span(0, 60_000), maintenances=windows, downtimes=[])
    assert len(found) > 1_500
    assert windows.looks < 100_000  # of 1,000,000 pairs
