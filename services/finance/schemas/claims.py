"""Claims: statements of needs of money."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field, model_validator

from services.finance.domain import ledger
from services.finance.domain.claims import ClaimStage
from services.finance.schemas.fields import Day, Seen, Year, refuse_fraction
from shared.http.answers import Answer, example
from shared.http.requests import Code, RequestModel
from shared.http.scalars import Integer


class ClaimIn(RequestModel):
    model_config = example(
        stage="proposed",
        year=2026,
        agency_code="G06",
        level="central",
        nature="capital",
        field="science_innovation",
        amount=250_000_000_000,
        stated_on="2025-05-20",
    )

    stage: ClaimStage
    year: Year
    agency_code: Code
    level: ledger.Level
    nature: ledger.Nature
    field: ledger.Field
    amount: Integer = Field(description="đồng; 0 withdraws")
    stated_on: Day

    @model_validator(mode="before")
    @classmethod
    def _whole_amount(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and "amount" in value:
            refuse_fraction(value["amount"], "amount")
        return value


class ClaimOut(Answer):
    """`version` counts the statements of the same stage, year, level, agency, nature and field."""

    id: UUID
    stage: ClaimStage
    year: int
    level: ledger.Level
    agency_code: str
    nature: ledger.Nature
    field: ledger.Field
    version: int
    amount: int
    stated_on: date
    recorded_at: datetime


class ClaimTotal(Answer):
    amount: int
    agencies: int


class ClaimPage(Answer):
    """`total` is of all claims in force that the filters leave, not of this page alone."""

    as_of: date
    known_at: datetime
    total: ClaimTotal
    coverage: Seen
    items: list[ClaimOut]
    next_cursor: str | None
