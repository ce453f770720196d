"""After an attempt: delivered, again, or no more; and when again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notify.domain.deliveries import AttemptOutcome

# Attempt n is made DELAYS[n - 1] seconds after attempt n - 1: 0 s, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h,
# 24 h, about three days in all (Standard Webhooks 1.0, "Retry schedule", stretched by one step).
DELAYS = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = (
    0.1  # share of a delay by which it is drawn shorter or longer, so that a crowd does not return as one
)
LONGEST_RETRY_AFTER = DELAYS[-1]  # a receiver may ask for as much patience as we have, not for oblivion
GONE = 410
REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`retry_at` is set when a failed attempt is to be repeated."""

    outcome: AttemptOutcome
    retry_at: datetime | None = None


def judge(
    *,
    accepted: bool,
    status_code: int | None,
    attempts_made: int,
    now: datetime,
    jitter: float,
    retry_after: int | None = None,
) -> Verdict:
    """What follows from an attempt. 2xx delivers, 410 ends the subscription, all else is tried again.

    Args:
        accepted: answered 2xx, and whole.
        status_code: of the answer, if there was one.
        attempts_made: this one included.
        now: when the attempt ended.
        jitter: drawn from -1 to 1.
        retry_after: seconds that the receiver asked for; heeded when longer than the schedule, up to a day.
    """
    if accepted:
        return Verdict(AttemptOutcome.DELIVERED)
    if status_code == GONE:
        return Verdict(AttemptOutcome.GONE)
    if attempts_made >= len(DELAYS):
        return Verdict(AttemptOutcome.FAILED)
    scheduled = DELAYS[attempts_made] * (1 + JITTER * jitter)
    asked = min(retry_after or 0, LONGEST_RETRY_AFTER)
    return Verdict(AttemptOutcome.FAILED, now + timedelta(seconds=max(scheduled, asked)))


def fault_of(*, accepted: bool, status_code: int | None, fault: str | None) -> str | None:
    """The word under which a failed attempt is kept: the transport's fault, a redirect (not followed), or a status."""
    if accepted or fault is not None:
        return None if accepted else fault
    return "redirect_not_followed" if status_code in REDIRECTS else "status_refused"
