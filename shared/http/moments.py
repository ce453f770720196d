"""The state of knowledge that a question over HTTP is about: `known_at`, read alike by every service."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Query

from shared.errors import InvalidInput
from shared.http.app import Context
from shared.http.scalars import Instant
from shared.runtime.stable_reads import settled

KnownAt = Annotated[
    Instant | None, Query(description="by what was recorded up to this instant; now by default")
]


def known_instant(known_at: datetime | None, now: datetime, earliest: date) -> datetime:
    """Raises InvalidInput before the year of `earliest`.

    What will be recorded is not known: an instant to come is answered as now, so that the answer holds for ever.
    """
    known = known_at or now
    if known.year < earliest.year:
        raise InvalidInput(
            "known_at_too_early",
            f"known_at phải từ năm {earliest.year} trở đi.",
            f"known_at must not lie before {earliest.year}.",
            field="known_at",
        )
    return min(known, now)


async def settled_instant(context: Context, known: datetime) -> datetime:
    """The instant, moved back before any change that is under way: figures must come back the same for ever."""
    async with context.database.reading() as connection:
        return await settled(connection, known)
