"""The check of a published total against its parts, by the precision in which each was printed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from shared.errors import InvalidInput

Measure = Literal["amount", "count"]
_AMOUNT = re.compile(r"-?\d{1,18}(?:\.\d{1,6})?", re.ASCII)
_COUNT = re.compile(r"\d{1,18}", re.ASCII)


class Verdict(StrEnum):
    EXACT = "exact"
    ROUNDING = "rounding"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Check:
    """`difference` is the total less the sum of its parts; up to `tolerance` rounding explains it."""

    verdict: Verdict
    difference: Decimal
    tolerance: Decimal


def check_statement(measure: Measure, total: str, parts: Sequence[str]) -> Check:
    """Compare as printed: offices round and truncate, so that each figure may be off by one unit in its last place.

    Counts are exact. Raises InvalidInput `figure_invalid`.
    """
    whole = _figure(measure, total, "total")
    summed = [_figure(measure, part, f"parts.{n}") for n, part in enumerate(parts)]
    difference = whole - sum(summed, Decimal(0)) + 0  # no minus before nothing
    tolerance = Decimal(0) if measure == "count" else sum(map(unit_of, (whole, *summed)), Decimal(0))
    if difference == 0:
        verdict = Verdict.EXACT
    else:
        verdict = Verdict.ROUNDING if abs(difference) <= tolerance else Verdict.GAP
    return Check(verdict, difference, tolerance)


def unit_of(figure: Decimal) -> Decimal:
    """One in the last printed place: 0.1 for 9469.7."""
    return Decimal((0, (1,), int(figure.as_tuple().exponent)))


def _figure(measure: Measure, text: str, field: str) -> Decimal:
    if measure == "count":
        if not _COUNT.fullmatch(text):
            raise InvalidInput(
                "figure_invalid",
                f"“{text}” không phải số đếm: viết số nguyên không dấu phân nhóm, ví dụ 1630.",
                f"“{text}” is no count: write an integer without separators, e.g. 1630.",
                field=field,
            )
    elif not _AMOUNT.fullmatch(text):
        raise InvalidInput(
            "figure_invalid",
            f"“{text}” chưa rõ giá trị: viết dấu chấm thập phân, không phân nhóm, giữ nguyên số chữ số đã in, "
            "ví dụ 9469.7 cho “9.469,7”.",
            f"“{text}” is not clear: write a decimal point and no separators, with the places as printed, "
            "e.g. 9469.7 for “9.469,7”.",
            field=field,
        )
    return Decimal(text)
