"""Spans of time, half open, and time that does not count."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` until, and not including, `until`."""

    start: datetime
    until: datetime


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time as spans that neither touch nor overlap, in order; empty ones are left out."""
    found: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.until):
        if found and span.start <= found[-1].until:
            found[-1] = Span(found[-1].start, max(found[-1].until, span.until))
        else:
            found.append(span)
    return found


def advance(origin: datetime, duration: timedelta, uncounted: Sequence[Span]) -> datetime:
    """The instant at which `duration` has passed since `origin`, leaving out spans as `merged` gives them."""
    reached = origin + duration
    for number in range(first_after(uncounted, origin), len(uncounted)):
        span = uncounted[number]
        if span.start >= reached:
            break
        reached += span.until - max(span.start, origin)
    return reached


def first_after(spans: Sequence[Span], instant: datetime) -> int:
    """The index of the first of the spans, as `merged` gives them, that is not over at an instant."""
    return bisect_right(spans, instant, key=lambda span: span.until)
