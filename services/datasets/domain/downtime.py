"""The gaps in our own liveness that are downtimes, and the instant up to which silence of databases may be judged."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# No period is shorter (`observation.SHORTEST_PERIOD_SECONDS`), so at most one heartbeat of a database is lost in a gap that is
# tolerated: its silence stays below two periods, and it is never down because of us. A client that repeats a heartbeat
# that was not answered loses none, since the period counts from when it was observed.
LONGEST_TOLERATED_SECONDS = 30


class Component(StrEnum):
    """The components without which a database's silence proves nothing: one takes heartbeats, one examines databases."""

    INTAKE = "intake"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class Gap:
    """The time since a component last reported that it runs: by the suite's clock, and its length in real time."""

    since: datetime
    until: datetime
    real: timedelta

    def is_downtime(self, tolerated: timedelta, *, is_start: bool = False) -> bool:
        """True for a gap that is longer than is tolerated.

        In real time too, since a simulated clock may run fast or be moved while the component ran. `is_start`: the only
        process has just started, so nothing ran since the last report and real time does not matter.
        """
        return self.until - self.since > tolerated and (is_start or self.real > tolerated)


def judged_until(intake: Gap | None, now: datetime, tolerated: timedelta) -> datetime:
    """The instant up to which silence is judged: the intake's last report, since later heartbeats may be missing.

    In a downtime of the intake it is `now`, since the state is then unknown. `intake` is None where it never ran.
    """
    if intake is None or intake.is_downtime(tolerated):
        return now
    return min(now, intake.since)
