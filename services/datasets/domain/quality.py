"""Criteria of quality, and the results that may be recorded."""

from decimal import Decimal
from enum import StrEnum

from shared.errors import InvalidInput


class Criterion(StrEnum):
    """Đúng, đủ, sạch, sống, thống nhất, dùng chung."""

    ACCURATE = "accurate"
    COMPLETE = "complete"
    CLEAN = "clean"
    LIVE = "live"
    CONSISTENT = "consistent"
    SHARED = "shared"


def check_quality(measured: Decimal, denominator: Decimal | None) -> None:
    """Refuse a measured value above its denominator, where there is one."""
    if denominator is not None and measured > denominator:
        raise InvalidInput(
            "measured_above_denominator",
            "Số đo được (measured) lớn hơn tổng số (denominator): kiểm tra hai số.",
            "What was measured is more than the denominator: check both figures.",
            field="measured",
        )
