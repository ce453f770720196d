"""Field types that several schemas share: days, budget years, whole amounts."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from services.finance.domain import ledger
from shared.errors import InvalidInput
from shared.http.answers import Answer
from shared.http.scalars import AS_DATE, AS_INTEGER, Integer

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 12, 31)), AS_DATE]
Year = Annotated[Integer, Field(ge=2000, le=2200, description="budget year")]
YearText = Annotated[int, Field(ge=2000, le=2200), AS_INTEGER]  # of an address or a form


WITHIN = Field(description="the agency to which, with those below it, it is narrowed; null: all")


class Seen(Answer):
    """The coverage of an answer: money that the key may not see is counted nowhere in it."""

    within: str | None = WITHIN
    fields_excluded: list[ledger.Field]


def refuse_fraction(amount: Any, field: str) -> None:
    """Refuse an amount that is no JSON integer: money is whole đồng. Raises InvalidInput amount_not_whole."""
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise InvalidInput(
            "amount_not_whole",
            f"{field} phải là số nguyên đồng, không có phần lẻ và không đặt trong ngoặc kép: 1,5 tỉ đồng ghi 1500000000.",
            f"{field} must be whole đồng, a JSON integer without quotes: 1.5 tỉ đồng is 1500000000.",
            field=field,
        )
