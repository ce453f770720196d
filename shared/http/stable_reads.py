"""Stable reads over HTTP: the parameter `known_at`, and the snapshot in which figures are read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Annotated, NamedTuple

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import InvalidInput
from shared.http.routes import Context
from shared.http.scalars import Instant
from shared.runtime.clock import local_date
from shared.runtime.stable_reads import AsOf

KnownAt = Annotated[
    Instant | None, Query(description="by what was recorded up to this instant; now by default")
]


def check_known_at(known_at: datetime | None, earliest: date) -> None:
    """Raises InvalidInput before the year of `earliest`."""
    if known_at is not None and known_at.year < earliest.year:
        raise InvalidInput(
            "known_at_too_early",
            f"known_at phải từ năm {earliest.year} trở đi.",
            f"known_at must not lie before {earliest.year}.",
            field="known_at",
        )


class StableRead(NamedTuple):
    """A snapshot, and the day and instant it is for: with the same `known_at` the answer is always the same.

    `of_today`: for today or a later day, by all that the snapshot sees, so that projections of today answer too.
    """

    connection: AsyncConnection
    asked: AsOf
    of_today: bool = False


@asynccontextmanager
async def stable_read(
    context: Context, as_of: date | None, known_at: datetime | None, earliest: date
) -> AsyncIterator[StableRead]:
    """A stable read for a day, today by default, by what was recorded up to an instant, now by default."""
    check_known_at(known_at, earliest)
    async with context.database.stable_snapshot(context.clock, known_at) as (connection, moment):
        yield StableRead(connection, AsOf(as_of or local_date(moment.now), moment.known_at))


@asynccontextmanager
async def stable_read_of_today(
    context: Context, as_of: date | None, known_at: datetime | None, earliest: date
) -> AsyncIterator[StableRead]:
    """As `stable_read`, and says whether it is `of_today`."""
    check_known_at(known_at, earliest)
    snapshot = context.database.stable_snapshot(context.clock, known_at, check_complete=known_at is None)
    async with snapshot as (connection, moment):
        today = local_date(moment.now)
        asked = AsOf(as_of or today, moment.known_at)
        yield StableRead(connection, asked, of_today=moment.complete and asked.as_of >= today)


@asynccontextmanager
async def current_read(
    context: Context, as_of: date | None, known_at: datetime | None, earliest: date
) -> AsyncIterator[StableRead]:
    """As `stable_read`; without `known_at` by all that is committed, so that a caller reads what he has just changed.

    Known then at now: changes under way may still be recorded before that instant.
    """
    check_known_at(known_at, earliest)
    async with context.database.stable_snapshot(context.clock, known_at) as (connection, moment):
        known = moment.now if known_at is None else moment.known_at
        yield StableRead(connection, AsOf(as_of or local_date(moment.now), known))
