"""Declared and measured facts of a database: when each holds, and what may be recorded."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from shared.errors import InvalidInput
from shared.runtime.clock import local_date, local_instant
from shared.text.characters import has_invisible


class Kind(StrEnum):
    NATIONAL = "national"
    SECTOR = "sector"
    PLATFORM = "platform"
    SYSTEM = "system"


class Phase(StrEnum):
    NONE = "none"
    PLANNED = "planned"
    BUILDING = "building"
    OPERATING = "operating"


class Connection(StrEnum):
    """To the National Data Center."""

    NONE = "none"
    TESTING = "testing"
    CONNECTED = "connected"
    SYNCHRONISED = "synchronised"


class Criterion(StrEnum):
    """Đúng, đủ, sạch, sống, thống nhất, dùng chung."""

    ACCURATE = "accurate"
    COMPLETE = "complete"
    CLEAN = "clean"
    LIVE = "live"
    CONSISTENT = "consistent"
    SHARED = "shared"


JOINED = frozenset({Connection.CONNECTED, Connection.SYNCHRONISED})


@dataclass(frozen=True, slots=True)
class Stated:
    """One dated statement; of two for one day the one recorded later (`order`) holds."""

    value: str
    effective_on: date
    order: int


def in_force(statements: Iterable[Stated], day: date) -> Stated | None:
    """The statement that holds on a day."""
    told = [item for item in statements if item.effective_on <= day]
    return max(told, key=lambda item: (item.effective_on, item.order), default=None)


def held_since(statements: Sequence[Stated], values: Iterable[str], day: date) -> datetime | None:
    """Since when one of `values` has held without a break; None where none holds on the day.

    Repeating a statement does not restart it: else a declaration could be repeated to postpone a contradiction.
    """
    wanted = set(values)
    days: dict[date, Stated] = {}
    for item in sorted(statements, key=lambda item: (item.effective_on, item.order)):
        if item.effective_on <= day:
            days[item.effective_on] = item
    since: date | None = None
    for item in days.values():
        since = (since or item.effective_on) if item.value in wanted else None
    return None if since is None else local_instant(since)


# --- what may be recorded ------------------------------------------------------------------------------------------

_CODE = re.compile(r"[^\s/?#]+")
CODE_RULE_VI = (
    "Mã không có khoảng trắng, dấu /, ? hoặc #, không có ký tự ẩn, và không chỉ là dấu chấm: dùng mã khác."
)
CODE_RULE_EN = "A code has no spaces, /, ? or #, nothing invisible, and is no dots alone: use another."


def is_code(text: str) -> bool:
    """Whether a code fits into a URL as one path segment, without invisible characters."""
    return _CODE.fullmatch(text) is not None and not has_invisible(text) and text not in {".", ".."}


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


EARLIEST = date(1945, 9, 2)  # instants outside these are refused
LATEST = date(2200, 12, 31)
SHORTEST_PERIOD_SECONDS = 30  # between two heartbeats; not below the gap tolerated in domain/downtime.py
LONGEST_SECONDS = 366 * 86_400  # of a period or a grace: a year


def check_plausible(instant: datetime, field: str) -> None:
    if not local_instant(EARLIEST) <= instant < local_instant(LATEST):
        raise InvalidInput(
            "instant_out_of_range",
            f"{field} phải từ ngày {EARLIEST:%d/%m/%Y} đến trước ngày {LATEST:%d/%m/%Y}: kiểm tra năm.",
            f"{field} must lie from {EARLIEST} on and before {LATEST}: check the year.",
            field=field,
        )


def check_maintenance(start: datetime, until: datetime, longest: timedelta) -> None:
    if until <= start:
        raise InvalidInput(
            "maintenance_ends_before_it_begins",
            "Bảo trì kết thúc (until) phải sau khi bắt đầu (from): kiểm tra hai thời điểm.",
            "A maintenance must end (until) after it begins (from): check both instants.",
            field="until",
        )
    if until - start > longest:
        raise InvalidInput(
            "maintenance_too_long",
            f"Một đợt bảo trì dài nhất {longest.days} ngày: chia thành nhiều đợt, hoặc khai báo lại giai đoạn.",
            f"A maintenance lasts at most {longest.days} days: split it, or declare another phase.",
            field="until",
        )


LATEST_NOTICE = timedelta(hours=24)  # how late an owner may record a maintenance after it began


def check_notice(start: datetime, now: datetime) -> None:
    """Refuse a window begun over LATEST_NOTICE ago: an owner may not turn a past outage into a maintenance."""
    if now - start > LATEST_NOTICE:
        hours = LATEST_NOTICE // timedelta(hours=1)
        raise InvalidInput(
            "maintenance_told_late",
            f"Bảo trì đã bắt đầu (from) quá {hours} giờ: đề nghị văn phòng (khóa có quyền datasets.manage, không gắn với cơ quan nào) ghi, hoặc ghi đợt bắt đầu trong {hours} giờ qua.",
            f"The maintenance began (from) more than {hours} hours ago: ask the office (a key with datasets.manage, bound to no agency) to record it, or tell one that began within {hours} hours.",
            field="from",
        )


def check_quality(measured: Decimal, denominator: Decimal | None) -> None:
    """Refuse a measured value above its denominator, where there is one."""
    if denominator is not None and measured > denominator:
        raise InvalidInput(
            "measured_above_denominator",
            "Số đo được (measured) lớn hơn tổng số (denominator): kiểm tra hai số.",
            "What was measured is more than the denominator: check both figures.",
            field="measured",
        )
