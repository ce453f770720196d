"""The retry schedule of failed attempts."""

from datetime import datetime, timedelta

# Attempt n is made DELAYS[n - 1] seconds after attempt n - 1: 0 s, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h,
# 24 h, about three days in all (Standard Webhooks 1.0, "Retry schedule", stretched by one step).
DELAYS = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
# Greatest random share by which a delay is shortened or lengthened, so that retries spread out.
JITTER = 0.1
LONGEST_RETRY_AFTER = DELAYS[-1]  # seconds; a longer Retry-After is cut to it


def next_attempt_at(
    *, attempts_made: int, now: datetime, jitter: float, retry_after: int | None = None
) -> datetime | None:
    """The instant of the next attempt; None when all have been made.

    Args:
        attempts_made: the one that just failed included.
        now: when it ended.
        jitter: drawn from -1 to 1.
        retry_after: the receiver's Retry-After in seconds; used when longer than the schedule, up to a day.
    """
    if attempts_made >= len(DELAYS):
        return None
    scheduled = DELAYS[attempts_made] * (1 + JITTER * jitter)
    asked = min(retry_after or 0, LONGEST_RETRY_AFTER)
    return now + timedelta(seconds=max(scheduled, asked))
