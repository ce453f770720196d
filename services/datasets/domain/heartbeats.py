"""Heartbeats as databases send them, and their plausible instants."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.datasets.domain.days import check_not_future, check_plausible
from shared.errors import InvalidInput, TooManyRequests


@dataclass(frozen=True, slots=True)
class NewHeartbeat:
    """A heartbeat as sent. `last_sync_at`: of the last synchronisation with the NDC; None for none so far."""

    run_id: str
    observed_at: datetime
    record_count: int
    last_sync_at: datetime | None
    note: str | None = None


def check_heartbeat(new: NewHeartbeat, now: datetime, skew: timedelta) -> None:
    """Refuse instants out of range or more than `skew` after now, and a synchronisation after the observation.

    Raises:
        InvalidInput: instant_out_of_range, instant_in_future, sync_after_observed.
    """
    check_plausible(new.observed_at, "observed_at")
    check_not_future(new.observed_at, now, skew, "observed_at")
    if new.last_sync_at is None:
        return
    check_plausible(new.last_sync_at, "last_sync_at")
    check_not_future(new.last_sync_at, now, skew, "last_sync_at")
    if new.last_sync_at > new.observed_at:
        raise InvalidInput(
            "sync_after_observed",
            "Lần đồng bộ gần nhất (last_sync_at) không thể sau thời điểm quan sát (observed_at): kiểm tra hai thời điểm.",
            "last_sync_at cannot lie after observed_at: check both instants.",
            field="last_sync_at",
        )


def too_many_heartbeats(number: int, seconds: int) -> TooManyRequests:
    return TooManyRequests(
        "too_many_heartbeats",
        f"Mỗi cơ sở dữ liệu gửi được nhiều nhất {number} tín hiệu một ngày: gửi lại sau {seconds} giây và theo chu kỳ đã thỏa "
        "thuận, hoặc đề nghị đơn vị vận hành tăng DONDOC_HEARTBEATS_PER_DAY.",
        f"A database sends at most {number} heartbeats in a day: send it again in {seconds} seconds and at the agreed period, or "
        "ask the operator to raise DONDOC_HEARTBEATS_PER_DAY.",
        retry_after=seconds,
        limit=number,
    )
