"""Balances, disbursement, and the check of published figures."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Query

from services.finance.api.common import CodeAsked, Reader, Stable, YearAsked
from services.finance.domain import ledger
from services.finance.domain.disbursement import RankBy, percent, rated
from services.finance.domain.statements import check_statement
from services.finance.queries.balances import Asked, Dimension, Group, read_balances
from services.finance.schemas.common import YearText
from services.finance.schemas.figures import (
    BalanceOut,
    Balances,
    Coverage,
    Disbursement,
    FiguresOut,
    RatedOut,
    RateTotal,
)
from services.finance.schemas.statements import (
    StatementIn,
    StatementOut,
)
from shared.http.app import service_router
from shared.http.scalars import BooleanText

router = service_router("finance")


@dataclass(frozen=True, slots=True)
class _Filters:
    """Which money is asked about."""

    level: ledger.Level | None = None
    agency: CodeAsked = None
    nature: ledger.Nature | None = None
    field: ledger.Field | None = None

    def given(self) -> dict[str, str | None]:
        return {"level": self.level, "agency": self.agency, "nature": self.nature, "field": self.field}


Filters = Annotated[_Filters, Depends()]


@router.get("/balances", tags=["figures"])
async def get_balances(
    _: Reader,
    stable: Stable,
    filters: Filters,
    year: Annotated[YearText | None, Query(description="budget year; all by default")] = None,
    source: CodeAsked = None,
    group_by: Dimension | None = None,
) -> Balances:
    """Số dư từng giai đoạn tại một ngày. / Every stage's money as of a day.

    Theo điều đã biết: toàn bộ và, nếu hỏi, từng nhóm.

    By what was known: the whole and, where asked, each key.
    """
    asked = Asked(stable.asked.as_of, stable.asked.known_at, year=year, source=source, **filters.given())
    whole, groups = await read_balances(stable.connection, asked, group_by)
    return Balances(
        as_of=asked.as_of,
        known_at=asked.known_at,
        group_by=group_by,
        total=FiguresOut.model_validate(whole.figures),
        items=[BalanceOut.of(group.key, group.figures) for group in groups],
    )


@router.get("/disbursement", tags=["figures"])
async def get_disbursement(
    _: Reader,
    stable: Stable,
    filters: Filters,
    year: YearAsked,
    group_by: Literal["level", "agency", "nature", "field"] = "level",
    rank_by: RankBy = "rate",
    include_defence_security: Annotated[
        BooleanText, Query(description="defence and security count only where asked for, here or by field")
    ] = False,
) -> Disbursement:
    """Tỉ lệ giải ngân, có xếp hạng. / What was paid out of what was allocated, ranked.

    `coverage` nói những gì được tính.

    `coverage` says what counts.
    """
    included = _fields(filters.field, defence=include_defence_security)
    without = (
        None if ledger.Field.DEFENCE_SECURITY in included or filters.field else ledger.Field.DEFENCE_SECURITY
    )
    asked = Asked(
        stable.asked.as_of, stable.asked.known_at, year=year, without_field=without, **filters.given()
    )
    whole, groups = await read_balances(stable.connection, asked, group_by)
    return _answer(asked, whole, groups, group_by, rank_by, included)


def _fields(only: ledger.Field | None, *, defence: bool) -> list[ledger.Field]:
    if only is not None:
        return [only]
    return [field for field in ledger.Field if defence or field is not ledger.Field.DEFENCE_SECURITY]


def _answer(
    asked: Asked,
    whole: Group,
    groups: list[Group],
    group_by: str,
    rank_by: RankBy,
    included: list[ledger.Field],
) -> Disbursement:
    paid = [(group.key, group.figures.disbursed, group.figures.allocated) for group in groups]
    disbursed, allocated = whole.figures.disbursed, whole.figures.allocated
    assert asked.year is not None  # noqa: S101 - the route requires it
    return Disbursement(
        as_of=asked.as_of,
        known_at=asked.known_at,
        year=asked.year,
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


@router.post("/statements/check", tags=["statements"])
async def check_published(body: StatementIn, _: Reader) -> StatementOut:
    """Kiểm tra một tổng đã công bố với các phần của nó. / Check a published total against its parts.

    So theo số chữ số đã in; không ghi gì.

    By their printed precision; nothing is recorded.
    """
    found = check_statement(body.measure, body.total, body.parts)
    return StatementOut(
        verdict=found.verdict, difference=f"{found.difference:f}", tolerance=f"{found.tolerance:f}"
    )
