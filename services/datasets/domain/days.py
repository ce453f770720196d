"""Bounds on days and instants in requests."""

from datetime import date, datetime, timedelta

from shared.errors import InvalidInput
from shared.runtime.clock import local_date, local_instant

EARLIEST = date(1945, 9, 2)  # instants outside these are refused

LATEST = date(2200, 12, 31)


def check_plausible(instant: datetime, field: str) -> None:
    if not local_instant(EARLIEST) <= instant < local_instant(LATEST):
        raise InvalidInput(
            "instant_out_of_range",
            f"{field} phải từ ngày {EARLIEST:%d/%m/%Y} đến trước ngày {LATEST:%d/%m/%Y}: kiểm tra năm.",
            f"{field} must lie from {EARLIEST} on and before {LATEST}: check the year.",
            field=field,
        )


def check_not_future(instant: datetime, now: datetime, skew: timedelta, field: str) -> None:
    """Refuse an instant more than `skew`, the tolerated clock difference, after now."""
    if instant > now + skew:
        raise InvalidInput(
            "instant_in_future",
            f"{field} {instant.isoformat()} ở sau thời điểm hiện tại {now.isoformat()}: kiểm tra đồng hồ và múi giờ của hệ thống gửi.",
            f"{field} {instant.isoformat()} lies after now, {now.isoformat()}: check the sender's clock and time zone.",
            field=field,
        )


def check_day_not_future(day: date, now: datetime, field: str) -> None:
    today = local_date(now)
    if day > today:
        raise InvalidInput(
            "day_in_future",
            f"Ngày {day:%d/%m/%Y} ({field}) sau hôm nay {today:%d/%m/%Y}: ghi ngày đã có hiệu lực.",
            f"{field} {day} is after today {today}: give a day that has come.",
            field=field,
        )
