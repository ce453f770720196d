"""Reading the facts of every database at an instant, by records up to an instant.

A watch answers for every instant from the one at which it was checked last, before which all that it says was recorded,
until the next check, unless we did not watch meanwhile. Of other databases, and of other instants, the facts are worked
out from the records.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, BindParameter, ColumnElement, DateTime, Text, and_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.spans import Span
from services.datasets.domain.statistics import DatabaseFacts
from services.datasets.domain.timelines import ALWAYS
from services.datasets.queries.amendments import INSTANT, OWNER_CODE
from services.datasets.queries.downtime import load_downtimes
from services.datasets.queries.observation import load_timelines
from services.datasets.queries.parameters import AS_OF, KNOWN_AT
from services.datasets.tables import Database, Declaration, QualityResult, Watch
from shared.runtime.database import AnyRow, AnySelect
from shared.runtime.stable_reads import AsOf

_CODES: BindParameter[Sequence[str] | None] = bindparam("codes", type_=ARRAY(Text))


def _chosen(code: Any) -> ColumnElement[bool]:
    """The condition that a database is one of `codes`, or that these are null."""
    return or_(_CODES.is_(None), code.in_(select(func.unnest(_CODES))))


def _declared(column: str) -> AnySelect:
    value = Declaration.__table__.c[column]
    return (
        select(Declaration.database_code, value.label("value"))
        .ext(distinct_on(Declaration.database_code))
        .where(value.is_not(None), Declaration.effective_on <= AS_OF, Declaration.recorded_at <= KNOWN_AT)
        .where(_chosen(Declaration.database_code))
        .order_by(Declaration.database_code, Declaration.effective_on.desc(), Declaration.id.desc())
    )


def _statement() -> AnySelect:
    phase, connection = _declared("phase").cte("phase"), _declared("ndc_connection").cte("connection")
    latest = (
        select(QualityResult.database_code, QualityResult.passed)
        .ext(distinct_on(QualityResult.database_code, QualityResult.criterion))
        .where(QualityResult.as_of <= AS_OF, QualityResult.recorded_at <= KNOWN_AT)
        .where(_chosen(QualityResult.database_code))
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
        .where(Database.recorded_at <= KNOWN_AT, _chosen(Database.code))
        .order_by(Database.code)
    )


_FACTS = _statement()


_WATCHES = (
    select(
        Database.code,
        Database.kind,
        Database.owner_code,
        Watch.phase,
        Watch.ndc_connection.label("connection"),
        Watch.fails,
        Watch.observed,
        and_(
            Watch.checked_at <= INSTANT,
            Watch.checked_at > bindparam("watched_since", type_=DateTime(timezone=True)),
            or_(Watch.next_check_at.is_(None), Watch.next_check_at > INSTANT),
        ).label("answers"),
    )
    .join(Watch, Watch.database_code == Database.code)
    .where(Database.recorded_at <= KNOWN_AT)
    .order_by(Database.code)
)


async def load_database_facts(
    connection: AsyncConnection, asked: AsOf, downtime: timedelta
) -> list[DatabaseFacts]:
    """The facts of every database registered by `known_at`, in order of code."""
    downtimes = await load_downtimes(connection, asked.known_at, downtime)
    watched_since = max((span.until for span in downtimes), default=ALWAYS)
    values = {"known_at": asked.known_at, "instant": asked.instant, "watched_since": watched_since}
    watches = (await connection.execute(_WATCHES, values)).all()
    if not (others := [row.code for row in watches if not row.answers]):
        return [_facts(row, row.observed) for row in watches]
    codes = others if len(others) < len(watches) else None
    worked_out = {each.code: each for each in await work_out_facts(connection, codes, asked, downtimes)}
    return [worked_out.get(row.code) or _facts(row, row.observed) for row in watches]


async def work_out_facts(
    connection: AsyncConnection, codes: Sequence[str] | None, asked: AsOf, downtimes: Sequence[Span]
) -> list[DatabaseFacts]:
    """The facts of some databases, or of all, from the records alone."""
    at = asked.instant
    timelines = await load_timelines(connection, codes, at=at, until=at, known=asked.known_at)
    observed = {item.code: item.at(at, downtimes).state.value for item in timelines}
    values = {**asdict(asked), "instant": at, "codes": codes}
    return [_facts(row, observed[row.code]) for row in await connection.execute(_FACTS, values)]


def _facts(row: AnyRow, observed: str) -> DatabaseFacts:
    return DatabaseFacts(row.code, row.kind, row.owner_code, row.phase, row.connection, row.fails, observed)
