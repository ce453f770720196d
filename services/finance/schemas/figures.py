"""Balances and disbursement as of a day, by what was known."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Self

from pydantic import Field

from services.finance.domain import ledger
from shared.http.answers import Answer


class FiguresOut(Answer):
    """approved = unallocated + allocated; allocated = disbursed + remaining + carried_over + cancelled.

    `disbursed` is all that was paid out; `settled` is how much of it has been settled.
    """

    approved: int
    unallocated: int
    allocated: int
    remaining: int
    disbursed: int
    settled: int
    carried_over: int
    cancelled: int


class BalanceOut(FiguresOut):
    key: str

    @classmethod
    def of(cls, key: str, figures: ledger.Figures) -> Self:
        return cls(key=key, **asdict(figures))


class Balances(Answer):
    """The same question with the `known_at` of the answer has the same answer for ever."""

    as_of: date
    known_at: datetime
    group_by: str | None
    total: FiguresOut
    items: list[BalanceOut]


class RatedOut(Answer):
    key: str
    numerator: int = Field(description="disbursed, đồng")
    denominator: int = Field(description="allocated, đồng")
    rate: float | None = Field(
        description="percent to one place, halves up; null where nothing was allocated"
    )
    rank: int | None = Field(description="equals share a rank")


class RateTotal(Answer):
    numerator: int
    denominator: int
    rate: float | None


class Coverage(Answer):
    """What the figures are made of: fields that count and that do not, agencies, and dimensions with money."""

    fields_included: list[ledger.Field]
    fields_excluded: list[ledger.Field]
    agencies: int
    rows: int


class Disbursement(Answer):
    as_of: date
    known_at: datetime
    year: int
    group_by: str
    rank_by: str
    items: list[RatedOut]
    total: RateTotal
    coverage: Coverage
