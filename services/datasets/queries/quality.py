"""Reading quality results."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import BindParameter, bindparam, false, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.queries.parameters import AS_OF, KNOWN_AT
from services.datasets.tables import QualityResult
from shared.runtime.database import AnyRow
from shared.runtime.stable_reads import AsOf

_CODE: BindParameter[str] = bindparam("code")

_QUALITY = (
    select(*QualityResult.__table__.columns)
    .ext(distinct_on(QualityResult.criterion))
    .where(
        QualityResult.database_code == _CODE,
        QualityResult.as_of <= AS_OF,
        QualityResult.recorded_at <= KNOWN_AT,
    )
    .order_by(QualityResult.criterion, QualityResult.as_of.desc(), QualityResult.id.desc())
)


async def quality_facts(connection: AsyncConnection, code: str, asked: AsOf) -> Sequence[AnyRow]:
    """The latest result of each criterion as of a day."""
    return (await connection.execute(_QUALITY, {"code": code, **asdict(asked)})).all()


_LATEST = (
    select(QualityResult.passed)
    .ext(distinct_on(QualityResult.criterion))
    .where(QualityResult.database_code == _CODE)
    .order_by(QualityResult.criterion, QualityResult.as_of.desc(), QualityResult.id.desc())
    .subquery("latest")
)
_FAILS = select(func.coalesce(~func.bool_and(_LATEST.c.passed), false()))


async def some_criterion_fails(connection: AsyncConnection, code: str) -> bool:
    """True where the latest result of some criterion, of all that are recorded, failed."""
    return bool((await connection.execute(_FAILS, {"code": code})).scalar_one())
