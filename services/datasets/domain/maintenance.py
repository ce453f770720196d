"""The maintenance windows that may be recorded."""

from datetime import datetime, timedelta

from shared.errors import InvalidInput


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
