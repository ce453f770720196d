"""Rate limits: how often something may be done under a name, in one process."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil

from shared.errors import TooManyRequests

_NANOSECONDS = 1_000_000_000
_PRUNED_AT = 1_000  # names, before those that have all of theirs again are forgotten


@dataclass(slots=True)
class RateLimit:
    """At most `number` at once for each name, and as many again over each `period`, evenly (a token bucket).

    It asks no database: each process of a service counts for itself, and one that starts anew begins with none taken.
    0 is no limit.

    Attributes:
        refusal: makes the refusal from the number and the seconds to wait.
        now: nanoseconds of a clock that never runs backwards.
    """

    number: int
    period: timedelta
    refusal: Callable[[int, int], TooManyRequests]
    now: Callable[[], int] = time.monotonic_ns
    _whole_at: dict[str, int] = field(default_factory=dict)  # name -> when it has all of its number again
    _pruned_at: int = _PRUNED_AT

    def take(self, name: str, count: int = 1) -> None:
        """Count `count`, at most `number`, under a name. Raises TooManyRequests, and counts nothing, where that is too many."""
        self.check(name, count)
        self.count(name, count)

    def check(self, name: str, count: int = 1) -> None:
        """As `take`, without counting: for what is counted only once it is known to be taken."""
        too_late = self._whole_after(name, count) - self.now() - self._nanoseconds
        if self.number and too_late > 0:
            raise self.refusal(self.number, ceil(too_late / _NANOSECONDS))

    def count(self, name: str, count: int = 1) -> None:
        if self.number == 0 or count == 0:
            return
        self._whole_at[name] = self._whole_after(name, count)
        if len(self._whole_at) > self._pruned_at:
            now = self.now()
            self._whole_at = {each: at for each, at in self._whole_at.items() if at > now}
            self._pruned_at = max(_PRUNED_AT, 2 * len(self._whole_at))

    @property
    def _nanoseconds(self) -> int:
        return int(self.period / timedelta(microseconds=1)) * 1_000

    def _whole_after(self, name: str, count: int) -> int:
        """The instant at which the name would have all of its number again."""
        now = self.now()
        each = self._nanoseconds // self.number if self.number else 0
        return max(self._whole_at.get(name, now), now) + min(count, self.number) * each
