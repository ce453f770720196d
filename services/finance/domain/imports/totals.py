"""Totals that a Treasury file prints: they must agree with their rows, and are never counted."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import accumulate

from services.finance.domain.imports.rows import ReadRow
from services.finance.domain.ledger import Kind
from services.finance.domain.statements import unit_of
from shared.imports.rows import Problem

MOST_EXTENTS = 50  # groups after a group's heading that its amount may include


class _Sums:
    """Sums of any range of detail rows, and the precision with which it was printed."""

    def __init__(self, figures: Iterable[Decimal | None]) -> None:
        given = list(figures)
        zero = Decimal(0)
        self._sums = list(accumulate((figure or zero for figure in given), initial=zero))
        units = (zero if figure is None else unit_of(figure) for figure in given)
        self._units = list(accumulate(units, initial=zero))

    def gap(self, printed: Decimal, start: int, end: int) -> tuple[Decimal, Decimal]:
        """The difference of a printed total from the sum of the range, and the tolerance of rounding."""
        tolerance = unit_of(printed) + self._units[end] - self._units[start]
        return printed - (self._sums[end] - self._sums[start]), tolerance


def check_totals(rows: Sequence[ReadRow], *, apart: bool = False) -> None:
    """Refuse a total whose amount is not the sum of its rows, by printed precision.

    "Tổng cộng" sums all rows, "Cộng" those since the total before, a numbered group those below it, down to one of
    the next headings: groups may hold groups. Where recoveries have a column of their own (`apart`) they have totals of
    their own; else a total may be of all amounts, or of payments less recoveries.
    """
    details = [row for row in rows if row.heading is None]
    paid = _Sums(row.printed if row.kind is Kind.DISBURSE else None for row in details)
    recovered = _Sums(row.printed if row.kind is Kind.RECOVER else None for row in details)
    whole = _Sums(row.printed for row in details)
    net = _Sums(
        row.printed and (-row.printed if row.kind is Kind.RECOVER else row.printed) for row in details
    )
    places = list(accumulate((row.heading is None for row in rows), initial=0))  # details before each row
    headings = [place for place, row in enumerate(rows) if row.heading is not None]
    for order, place in enumerate(headings):
        row, extents = rows[place], _extents(rows, order, headings, places)
        if row.printed is not None:
            _check_total(row, row.printed, (paid,) if apart else (whole, net), extents)
        if row.printed_recovered is not None:
            _check_total(row, row.printed_recovered, (recovered,), extents)


def _extents(
    rows: Sequence[ReadRow], order: int, headings: Sequence[int], places: Sequence[int]
) -> list[tuple[int, int]]:
    """The ranges of detail rows that the total of a heading may be the sum of."""
    place, last = headings[order], places[-1]
    if rows[place].heading == "whole":
        return [(0, last)]
    if rows[place].heading == "above":
        return [(places[headings[order - 1]] if order else 0, places[place])]
    following = [places[later] for later in headings[order + 1 :][:MOST_EXTENTS]]
    return [(places[place], end) for end in (*following, last)]


def _check_total(
    row: ReadRow, printed: Decimal, sums: Sequence[_Sums], extents: Sequence[tuple[int, int]]
) -> None:
    gaps = [of.gap(printed, start, end) for of in sums for start, end in extents]
    if not any(abs(gap) <= tolerance for gap, tolerance in gaps):
        row.refuse(_mismatch(printed, min((gap for gap, _ in gaps), key=abs)))


def _mismatch(printed: Decimal, gap: Decimal) -> Problem:
    return Problem(
        "amount",
        "total_mismatch",
        f"Dòng tổng ghi {printed:f}, lệch {gap:f} so với các dòng cộng lại: kiểm tra dòng thiếu hoặc số in sai.",
        f"The total says {printed:f}, which differs by {gap:f} from its rows: look for a missing row or a wrong figure.",
    )
