"""Rates of disbursement as of a day, by what was recorded up to an instant, ranked."""

from typing import Annotated, Literal

from fastapi import Query

from services.finance.api.dependencies import Filters, Reader, Stable, YearParameter, require_seen
from services.finance.domain import ledger
from services.finance.domain.disbursement import RankBy, percent, rated
from services.finance.queries.balances import BalanceQuery, Counts, Group, count_money, read_balances
from services.finance.schemas.disbursement import Coverage, Disbursement, RatedOut, RateTotal
from shared.http.routes import service_router
from shared.http.scalars import BooleanText
from shared.keys.viewers import Viewer

DEFENCE_SECURITY = ledger.Field.DEFENCE_SECURITY
router = service_router("finance")


@router.get("/disbursement", tags=["figures"])
async def get_disbursement(
    caller: Reader,
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

    `coverage` nói những gì được tính: với khóa gắn với một cơ quan là tiền của cơ quan đó và cấp dưới. Theo cấp, không lọc thêm, thì số liệu cả nước là công khai.

    `coverage` lists what is counted: for a bound key the money of its agency and of those below it. By level, without further
    filters, the figures of the whole country are public.
    """
    viewer = _viewer(caller.viewer, filters, group_by, defence=include_defence_security)
    asked_fields = (filters.field, DEFENCE_SECURITY if include_defence_security else None)
    await require_seen(stable.connection, viewer, filters.agency, *asked_fields)
    included = _fields(filters.field, defence=include_defence_security)
    without = None if DEFENCE_SECURITY in included or filters.field else DEFENCE_SECURITY
    day, known_at = stable.asked.as_of, stable.asked.known_at
    query = BalanceQuery(day, known_at, year=year, without_field=without, **filters.given())
    whole, groups = await read_balances(stable.connection, query, viewer, group_by)
    counts = await count_money(stable.connection, query, viewer)
    return _answer(query, whole, groups, group_by, rank_by, _coverage(counts, included, viewer))


def _viewer(viewer: Viewer, filters: Filters, group_by: str, *, defence: bool) -> Viewer:
    """By level alone the country's figures without defence and security are public, as they are published."""
    is_public = group_by == "level" and not defence and not any(filters.given().values())
    return Viewer() if is_public else viewer


def _fields(only: ledger.Field | None, *, defence: bool) -> list[ledger.Field]:
    if only is not None:
        return [only]
    return [field for field in ledger.Field if defence or field is not DEFENCE_SECURITY]


def _coverage(counts: Counts, included: list[ledger.Field], viewer: Viewer) -> Coverage:
    return Coverage(
        within=viewer.agency,
        fields_included=included,
        fields_excluded=[field for field in ledger.Field if field not in included],
        agencies=counts.agencies,
        rows=counts.rows,
    )


def _answer(
    query: BalanceQuery,
    whole: Group,
    groups: list[Group],
    group_by: str,
    rank_by: RankBy,
    coverage: Coverage,
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
        coverage=coverage,
    )
