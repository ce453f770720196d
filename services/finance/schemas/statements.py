"""Published totals and the parts that they are checked against."""

from typing import Annotated

from pydantic import Field

from services.finance.domain.statements import Measure, Verdict
from shared.http.answers import Answer, example
from shared.http.requests import RequestModel

Printed = Annotated[str, Field(min_length=1, max_length=30)]


class StatementIn(RequestModel):
    model_config = example(measure="amount", total="9469.7", parts=["1182.4", "8279"])

    measure: Measure
    total: Annotated[Printed, Field(description="as printed, with a decimal point and no separators")]
    parts: Annotated[tuple[Printed, ...], Field(min_length=1, max_length=1_000)]


class StatementOut(Answer):
    """`difference` is the total less its parts; within `tolerance` it is explained by rounding. Decimal strings."""

    verdict: Verdict
    difference: str
    tolerance: str
