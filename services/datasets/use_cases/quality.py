"""Recording quality results."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.domain.days import check_day_not_future
from services.datasets.domain.quality import check_quality
from services.datasets.queries.quality import some_criterion_fails
from services.datasets.tables import (
    QualityResult,
)
from services.datasets.use_cases.changes import lock_database, require_few
from services.datasets.use_cases.declarations import Evidence
from services.datasets.use_cases.watching import WatchRules, record_and_examine
from shared.events import datasets as events
from shared.runtime.audit import Actor


@dataclass(frozen=True, slots=True)
class NewResult:
    """A result for one criterion: the measured value, its denominator, the threshold, and whether it passed."""

    criterion: str
    measured: Decimal
    denominator: Decimal | None
    threshold: Decimal
    passed: bool
    as_of: date
    method: str
    evidence: Evidence


async def record_quality_result(
    session: AsyncSession, code: str, new: NewResult, *, rules: WatchRules, actor: Actor, at: datetime
) -> QualityResult:
    """Record a quality result; the latest day's holds, of one day the last recorded."""
    check_day_not_future(new.as_of, at, "as_of")
    check_quality(new.measured, new.denominator)
    watched = await lock_database(session, code)
    await require_few(session, QualityResult, code, at)
    values = {
        "criterion": new.criterion,
        "measured": new.measured,
        "denominator": new.denominator,
        "threshold": new.threshold,
        "passed": new.passed,
        "as_of": new.as_of,
        "method": new.method,
    }
    evidence = [dict(item) for item in new.evidence]
    result = QualityResult(
        database_code=code, **values, evidence=evidence, said_by=actor.name, recorded_at=at
    )
    session.add(result)
    await session.flush()
    watched.watch.fails = await some_criterion_fails(await session.connection(), code)
    detail = {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}
    await record_and_examine(session, watched, events.DatabaseAssessed, detail, rules, actor=actor, at=at)
    return result
