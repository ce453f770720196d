"""Balances as of a day, by what was recorded up to an instant."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Self

from services.finance.domain.balances import Figures
from services.finance.schemas.fields import Seen
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
    def of(cls, key: str, figures: Figures) -> Self:
        return cls(key=key, **asdict(figures))


class Balances(Answer):
    """A request with the `as_of` and `known_at` of an answer is answered alike for ever."""

    as_of: date
    known_at: datetime
    group_by: str | None
    coverage: Seen
    total: FiguresOut
    items: list[BalanceOut]
