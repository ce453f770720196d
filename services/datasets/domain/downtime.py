"""When a rest of ours is a downtime, and up to when silence may be told of databases."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# No period is shorter (`facts.SHORTEST_PERIOD_SECONDS`), so at most one heartbeat of a database is lost in a rest that is
# tolerated: its silence stays below two periods, and it is never down because of us. What repeats a heartbeat that was
# not answered loses none, since one counts from when it was observed.
LONGEST_TOLERATED_SECONDS = 30


class Part(StrEnum):
    """The parts of ours without which silence tells nothing: what takes heartbeats, and what looks at them."""

    INTAKE = "intake"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class Rest:
    """Since the last beat of a part of ours: by the suite's clock, and how long in real time."""

    since: datetime
    until: datetime
    real: timedelta

    def is_downtime(self, tolerated: timedelta, *, is_start: bool = False) -> bool:
        """Whether it was longer than is tolerated.

        In real time too, since a simulated clock may run fast or be moved while nothing rested. At the start of the
        only process there is, all the time since the last beat was missed, whatever clock showed it.
        """
        return self.until - self.since > tolerated and (is_start or self.real > tolerated)


def told_until(intake: Rest | None, now: datetime, tolerated: timedelta) -> datetime:
    """Up to when the watch tells of silence: no further than heartbeats were surely taken.

    Where the intake has rested too long, that itself is told: things are unknown. None where it never ran.
    """
    if intake is None or intake.is_downtime(tolerated):
        return now
    return min(now, intake.since)
