"""Reading our own downtime."""

from datetime import datetime, timedelta

from sqlalchemy import DateTime, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.spans import Span, merged

_DOWNTIMES = text(
    """
    SELECT started_at AS start, least(ended_at, :known) AS until FROM downtimes WHERE known_from < :known
    UNION ALL
    SELECT at, :known FROM liveness
    WHERE at + :downtime < :known AND real_at + :downtime < clock_timestamp()
    """
).bindparams(bindparam("known", type_=DateTime(timezone=True)))


async def load_downtimes(connection: AsyncConnection, known: datetime, downtime: timedelta) -> list[Span]:
    """Spans in which a component did not run, the one under way included; each is known from its start + `downtime` on."""
    rows = await connection.execute(_DOWNTIMES, {"known": known, "downtime": downtime})
    return merged(Span(row.start, row.until) for row in rows)
