"""Rates of disbursement as of a day, by what was recorded up to an instant, ranked."""

from typing import Annotated, Literal

from fastapi import Query

from services.finance.api.dependencies import Filters, Reader, Stable, YearParameter
from services.finance.domain import ledger
from services.finance.domain.disbursement import RankBy, percent, rated
from services.finance.queries.balances import BalanceQuery, Group, read_balances
from services.finance.schemas.disbursement import Coverage, Disbursement, RatedOut, RateTotal
from shared.http.app import service_router
from shared.http.scalars import BooleanText

router = service_router("finance")


@router.get("/disbursement", tags=["figures"])
async def get_disbursement(
    _: Reader,
    stable: Stable,
    filters: Filters,
    year: YearParameter,
    group_by: Literal["level", "agency", "nature", "field"] = "level",
    rank_by: RankBy = "rate",
    include_defence_security: Annotated[
        BooleanText, Query(description="defence and security count only where asked for, here or by field")
    ] = False,
) -> Disbursement:
    """Tỉ lệ giải ngân, có xếp hạng. / Rates of disbursement, ranked.

    `coverage` nói những gì được tính.

    `coverage` lists what is counted.
    """
    included = _fields(filters.field, defence=include_defence_security)
    without = (
        None if ledger.Field.DEFENCE_SECURITY in included or filters.field else ledger.Field.DEFENCE_SECURITY
    )
    query = BalanceQuery(
        stable.asked.as_of, stable.asked.known_at, year=year, without_field=without, **filters.given()
    )
    whole, groups = await read_balances(stable.connection, query, group_by)
    return _answer(query, whole, groups, group_by, rank_by, included)


def _fields(only: ledger.Field | None, *, defence: bool) -> list[ledger.Field]:
    if only is not None:
        return [only]
    return [field for field in ledger.Field if defence or field is not ledger.Field.DEFENCE_SECURITY]


def _answer(
    query: BalanceQuery,
    whole: Group,
    groups: list[Group],
    group_by: str,
    rank_by: RankBy,
    included: list[ledger.Field],
) -> Disbursement:
    paid = [(group.key, group.figures.disbursed, group.figures.allocated) for group in groups]
    disbursed, allocated = whole.figures.disbursed, whole.figures.allocated
    assert query.year is not None  # noqa: S101 - the route requires it
    return Disbursement(
        as_of=query.as_of,
        known_at=query.known_at,
        year=query.year,
        group_by=group_by,
        rank_by=rank_by,
        items=[RatedOut.model_validate(item) for item in rated(paid, rank_by)],
        total=RateTotal(numerator=disbursed, denominator=allocated, rate=percent(disbursed, allocated)),
        coverage=Coverage(
            fields_included=included,
            fields_excluded=[field for field in ledger.Field if field not in included],
            agencies=whole.agencies,
            rows=whole.rows,
        ),
    )
