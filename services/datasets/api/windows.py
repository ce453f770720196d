"""The window of time that a question is about."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query

from services.datasets.api.common import settled_known
from services.datasets.domain.facts import check_plausible
from services.datasets.domain.spans import Span
from shared.errors import InvalidInput
from shared.http.app import CurrentContext
from shared.http.moments import KnownAt
from shared.http.scalars import Instant

LONGEST_WINDOW = timedelta(days=366)  # at a heartbeat a minute half a million to read


async def asked_window(
    context: CurrentContext,
    start: Annotated[Instant, Query(alias="from", description="begin of the window")],
    until: Annotated[Instant, Query(alias="to", description="end of the window, itself not included")],
    known_at: KnownAt = None,
) -> tuple[Span, datetime]:
    """The window, and up to when what was recorded is known."""
    span = Span(_instant(start, "from"), _instant(until, "to"))
    if not span.start < span.until <= span.start + LONGEST_WINDOW:
        raise InvalidInput(
            "window_invalid",
            f"Khoảng thời gian phải có from trước to và dài nhất {LONGEST_WINDOW.days} ngày.",
            f"The window must have from before to, and be at most {LONGEST_WINDOW.days} days long.",
            field="to",
        )
    return span, await settled_known(context, known_at)


def _instant(instant: datetime, field: str) -> datetime:
    """Raises InvalidInput for one that no clock here ever showed."""
    check_plausible(instant, field)
    return instant.astimezone(UTC)


AskedWindow = Annotated[tuple[Span, datetime], Depends(asked_window)]
