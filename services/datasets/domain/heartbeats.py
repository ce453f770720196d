"""Heartbeats as databases send them, and their plausible instants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

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


def follow_each_other(new: Sequence[NewHeartbeat]) -> bool:
    """True for heartbeats of one database, in any order, that tell of nothing but a database that goes on working.

    None has a count of zero, no two are of one instant or one run, and the synchronisation never goes back.
    """
    ordered = sorted(new, key=lambda each: each.observed_at)
    return (
        len({each.run_id for each in new}) == len(new)
        and all(each.record_count > 0 for each in ordered)
        and all(
            before.observed_at < after.observed_at
            and _syncs_in_order(before.last_sync_at, after.last_sync_at)
            for before, after in pairwise(ordered)
        )
    )


def _syncs_in_order(before: datetime | None, after: datetime | None) -> bool:
    if before is None or after is None:
        return before is after
    return before <= after
