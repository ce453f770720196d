"""Route of the observed states over a window of time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query

from services.datasets.api.dependencies import (
    CodeInPath,
    CurrentRules,
    KnownRead,
    Reader,
    known_read,
)
from services.datasets.domain.days import check_plausible
from services.datasets.domain.spans import Span
from services.datasets.queries.downtime import load_downtimes
from services.datasets.queries.observation import has_more_heartbeats, load_timelines
from services.datasets.schemas.intervals import IntervalOut, Intervals
from services.datasets.use_cases.changes import database_unknown
from shared.errors import InvalidInput
from shared.http.problems import documented
from shared.http.routes import CurrentContext, service_router
from shared.http.scalars import Instant
from shared.http.stable_reads import KnownAt

router = service_router("datasets")

LONGEST_WINDOW = timedelta(days=366)
# Of one answer. Heartbeats are read and grouped in half a second; at one a minute they are those of 69 days.
MOST_HEARTBEATS = 100_000
MOST_INTERVALS = 10_000  # of one answer: a state that changes every hour of a year


async def asked_window(
    context: CurrentContext,
    start: Annotated[Instant, Query(alias="from", description="begin of the window")],
    until: Annotated[Instant, Query(alias="to", description="end of the window, itself not included")],
    known_at: KnownAt = None,
) -> AsyncIterator[tuple[Span, KnownRead]]:
    """The window, and the snapshot in which it is read."""
    span = Span(_utc(start, "from"), _utc(until, "to"))
    if not span.start < span.until <= span.start + LONGEST_WINDOW:
        raise InvalidInput(
            "window_invalid",
            f"Khoảng thời gian phải có from trước to và dài nhất {LONGEST_WINDOW.days} ngày.",
            f"The window must have from before to, and be at most {LONGEST_WINDOW.days} days long.",
            field="to",
        )
    async with known_read(context, known_at) as known:
        yield span, known


def _utc(instant: datetime, field: str) -> datetime:
    """The instant in UTC. Raises InvalidInput outside the years that are accepted."""
    check_plausible(instant, field)
    return instant.astimezone(UTC)


def window_too_detailed(limit: int, vi: str, en: str) -> InvalidInput:
    return InvalidInput(
        "window_too_detailed",
        f"Khoảng thời gian này có hơn {limit} {vi}: hỏi khoảng ngắn hơn.",
        f"The window has over {limit} {en}: ask for a shorter one.",
        field="to",
    )


AskedWindow = Annotated[tuple[Span, KnownRead], Depends(asked_window, scope="function")]


@router.get("/databases/{code}/intervals", tags=["databases"], responses=documented(404))
async def get_intervals(code: CodeInPath, window: AskedWindow, _: Reader, rules: CurrentRules) -> Intervals:
    """Trạng thái quan sát được trong một khoảng thời gian. / Observed states over a window.

    Các đoạn phủ kín khoảng thời gian, không hở, không chồng lên nhau.

    They cover the window exactly, without gaps or overlaps.
    """
    span, (connection, known) = window
    if await has_more_heartbeats(connection, code, span, MOST_HEARTBEATS):
        raise window_too_detailed(MOST_HEARTBEATS, "lần báo hoạt động", "heartbeats")
    found = await load_timelines(connection, [code], at=span.start, until=min(span.until, known), known=known)
    if not found:
        raise database_unknown(code)
    downtimes = await load_downtimes(connection, known, rules.watch.downtime)
    # in a thread: many heartbeats take long
    intervals = await asyncio.to_thread(found[0].intervals, span, downtimes, known_until=known)
    if len(intervals) > MOST_INTERVALS:
        raise window_too_detailed(MOST_INTERVALS, "đoạn", "intervals")
    items = [IntervalOut.model_validate(item) for item in intervals]
    return Intervals(database_code=code, start=span.start, until=span.until, known_at=known, items=items)
