"""When a consumer has to be made anew: it is behind and stands still."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass


@dataclass
class Watchdog:
    """Tells a consumer that is behind and stands still from one that is at work or has nothing to do. Seconds."""

    patience: float
    _read: Mapping[Hashable, int] | None = None
    _since: float = 0.0

    def is_stuck(self, read: Mapping[Hashable, int], lag: int, now: float) -> bool:
        """Whether `read` (position by partition) has not moved for too long although `lag` events wait."""
        if lag == 0 or read != self._read:
            self._since = now
        self._read = read
        return now - self._since >= self.patience
