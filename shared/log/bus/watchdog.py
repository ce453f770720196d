"""When a consumer has to be recreated: it has lag and makes no progress."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass


@dataclass
class Watchdog:
    """Detects a consumer that has lag and makes no progress for `timeout` seconds."""

    timeout: float
    _read: Mapping[Hashable, int] | None = None
    _since: float = 0.0

    def is_stuck(self, read: Mapping[Hashable, int], lag: int, now: float) -> bool:
        """True if `read` (position by partition) has not moved for `timeout` seconds while `lag` events wait."""
        if lag == 0 or read != self._read:
            self._since = now
        self._read = read
        return now - self._since >= self.timeout
