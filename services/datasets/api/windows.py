"""The window of time that a question is about."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query

from services.datasets.api.dependencies import KnownRead, known_read
from services.datasets.domain.facts import check_plausible
from services.datasets.domain.spans import Span
from shared.errors import InvalidInput
from shared.http.app import CurrentContext
from shared.http.scalars import Instant
from shared.http.stable_reads import KnownAt

LONGEST_WINDOW = timedelta(days=366)  # half a million rows at one heartbeat a minute


async def asked_window(
    context: CurrentContext,
    start: Annotated[Instant, Query(alias="from", description="begin of the window")],
    until: Annotated[Instant, Query(alias="to", description="end of the window, itself not included")],
    known_at: KnownAt = None,
) -> AsyncIterator[tuple[Span, KnownRead]]:
    """The window, and the snapshot in which it is read."""
    span = Span(_instant(start, "from"), _instant(until, "to"))
    if not span.start < span.until <= span.start + LONGEST_WINDOW:
        raise InvalidInput(
            "window_invalid",
            f"Khoảng thời gian phải có from trước to và dài nhất {LONGEST_WINDOW.days} ngày.",
            f"The window must have from before to, and be at most {LONGEST_WINDOW.days} days long.",
            field="to",
        )
    async with known_read(context, known_at) as known:
        yield span, known


def _instant(instant: datetime, field: str) -> datetime:
    """The instant in UTC. Raises InvalidInput outside the years that are accepted."""
    check_plausible(instant, field)
    return instant.astimezone(UTC)


AskedWindow = Annotated[tuple[Span, KnownRead], Depends(asked_window, scope="function")]
