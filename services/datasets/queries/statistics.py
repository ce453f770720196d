"""Reading the facts of every database at an instant, by records up to an instant."""

from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.spans import Span
from services.datasets.domain.statistics import DatabaseFacts
from services.datasets.queries.amendments import OWNER_CODE
from services.datasets.queries.downtime import load_downtimes
from services.datasets.queries.observation import load_timelines
from services.datasets.queries.parameters import AS_OF, KNOWN_AT
from services.datasets.tables import Database, Declaration, QualityResult
from shared.runtime.database import AnySelect
from shared.runtime.stable_reads import AsOf


def _declared(column: str) -> AnySelect:
    value = Declaration.__table__.c[column]
    return (
        select(Declaration.database_code, value.label("value"))
        .ext(distinct_on(Declaration.database_code))
        .where(value.is_not(None), Declaration.effective_on <= AS_OF, Declaration.recorded_at <= KNOWN_AT)
        .order_by(Declaration.database_code, Declaration.effective_on.desc(), Declaration.id.desc())
    )


def _statement() -> AnySelect:
    phase, connection = _declared("phase").cte("phase"), _declared("ndc_connection").cte("connection")
    latest = (
        select(QualityResult.database_code, QualityResult.passed)
        .ext(distinct_on(QualityResult.database_code, QualityResult.criterion))
        .where(QualityResult.as_of <= AS_OF, QualityResult.recorded_at <= KNOWN_AT)
        .order_by(
            QualityResult.database_code,
            QualityResult.criterion,
            QualityResult.as_of.desc(),
            QualityResult.id.desc(),
        )
        .cte("latest")
    )
    quality = (
        select(latest.c.database_code, func.bool_and(latest.c.passed).label("passed"))
        .group_by(latest.c.database_code)
        .cte("quality")
    )
    return (
        select(
            Database.code,
            Database.kind,
            OWNER_CODE.label("owner_code"),
            phase.c.value.label("phase"),
            connection.c.value.label("connection"),
            func.coalesce(~quality.c.passed, False).label("fails"),
        )
        .outerjoin(phase, phase.c.database_code == Database.code)
        .outerjoin(connection, connection.c.database_code == Database.code)
        .outerjoin(quality, quality.c.database_code == Database.code)
        .where(Database.recorded_at <= KNOWN_AT)
        .order_by(Database.code)
    )


_FACTS = _statement()


async def load_database_facts(
    connection: AsyncConnection, asked: AsOf, downtime: timedelta
) -> list[DatabaseFacts]:
    """The facts of every database registered by `known_at`."""
    observed = await _observed(connection, asked, downtime)
    rows = await connection.execute(_FACTS, asdict(asked) | {"instant": asked.instant})
    return [
        DatabaseFacts(
            row.code, row.kind, row.owner_code, row.phase, row.connection, row.fails, observed[row.code]
        )
        for row in rows
    ]


async def _observed(connection: AsyncConnection, asked: AsOf, downtime: timedelta) -> dict[str, str]:
    at = asked.instant
    found = await load_timelines(connection, None, at=at, until=at, known=asked.known_at)
    downtimes: list[Span] = await load_downtimes(connection, asked.known_at, downtime)
    return {item.code: item.at(at, downtimes).state.value for item in found}
