"""Rates of disbursement of the allocated money, and their ranking."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

RankBy = Literal["rate", "amount"]


@dataclass(frozen=True, slots=True)
class Rated:
    """`rate` is numerator / denominator in percent to one place, halves up; None where nothing was allocated."""

    key: str
    numerator: int
    denominator: int
    rate: float | None
    rank: int | None


def percent(numerator: int, denominator: int) -> float | None:
    """To one place, halves up, in integer arithmetic; None for a denominator of 0."""
    return (2000 * numerator + denominator) // (2 * denominator) / 10 if denominator else None


def rated(paid: Iterable[tuple[str, int, int]], by: RankBy) -> list[Rated]:
    """Keys with amounts disbursed and allocated, in đồng; best first, those without a rate last when ranked by it.

    Rates are compared exactly, not as printed. Equals share a rank, and as many ranks after it are left out.
    """
    measured = sorted(
        (
            (_measure(disbursed, allocated, by), key, disbursed, allocated)
            for key, disbursed, allocated in paid
        ),
        key=lambda item: (item[0] is None, -(item[0] or 0), item[1]),
    )
    ranks: dict[Fraction | int, int] = {}
    for place, (measure, *_) in enumerate(measured, 1):
        if measure is not None:
            ranks.setdefault(measure, place)
    return [
        Rated(
            key,
            disbursed,
            allocated,
            percent(disbursed, allocated),
            None if measure is None else ranks[measure],
        )
        for measure, key, disbursed, allocated in measured
    ]


def _measure(disbursed: int, allocated: int, by: RankBy) -> Fraction | int | None:
    if by == "amount":
        return disbursed
    return Fraction(disbursed, allocated) if allocated else None
