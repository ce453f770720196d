"""Spans of time, half open, and time that does not count."""

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
    for span in uncounted:
        if span.until <= origin:
            continue
        if span.start >= reached:
            break
        reached += span.until - max(span.start, origin)
    return reached
