"""Heartbeats as databases send them, and their plausible instants."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.datasets.domain.days import check_not_future, check_plausible
from shared.errors import InvalidInput


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
