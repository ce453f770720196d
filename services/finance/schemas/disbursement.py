"""Rates of disbursement as of a day, by what was recorded up to an instant."""

from datetime import date, datetime

from pydantic import Field

from services.finance.domain import ledger
from services.finance.schemas.fields import WITHIN
from shared.http.answers import Answer


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
    """The fields that are counted and those that are not; the numbers of agencies and of dimensions (`rows`) with money."""

    fields_included: list[ledger.Field]
    fields_excluded: list[ledger.Field]
    agencies: int
    rows: int
    within: str | None = WITHIN


class Disbursement(Answer):
    as_of: date
    known_at: datetime
    year: int
    group_by: str
    rank_by: str
    items: list[RatedOut]
    total: RateTotal
    coverage: Coverage
