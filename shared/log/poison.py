"""The rule by which events of a failing batch are poison messages, and so are set aside; without I/O.

A consumer applies a batch in one transaction. Where that fails with an error that is not transient, it makes a trial:
each event of the batch in a savepoint of its own, all of it rolled back. Of the trial follows what is set aside:

1. A message that cannot be decoded (no CloudEvent, or data that its type's contract refuses) is set aside at once. It
   takes no part in a trial.
2. An error that any event might meet (the schema, a right, the machine: `blames_event` is false) makes no event poison.
3. An event is poison once it failed in TRIALS consecutive trials and, in the last one, more of its neighbours passed
   than failed. Its neighbours are the other events of the batch that the same handler takes. A later event of the same
   aggregate is one of them: it carries the whole state and supersedes the one before it.
4. While an event fails that is not poison, nothing of the batch is applied and nothing is set aside: the consumer is
   stopped, and tries again with growing pauses.

So a handler that fails on everything, or on half of everything, sets nothing aside. An event that fails without any
neighbour waits for one: each retry reads a longer batch (`Failures.batch_limit`).
"""

import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError

from shared.log.bus import BATCH
from shared.runtime.faults import is_permanent, is_transient

TRIALS = 3
MOST_DOUBLINGS = 3  # of the batch: 1,600 events are applied within seconds
FORGOTTEN_AFTER_SECONDS = (
    300.0  # a batch is retried at least every 30 s: another member reads that partition now
)

Id = TypeVar("Id", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Id]):
    """Of an event in a trial: `failures` is in how many consecutive trials it failed, this one included; 0: it passed."""

    event_id: Id
    handler: Hashable
    failures: int


def poison_of(trial: Sequence[Outcome[Id]]) -> frozenset[Id]:
    """The events to be set aside; none as long as one fails that is not poison."""
    passed = Counter(outcome.handler for outcome in trial if not outcome.failures)
    failed = [outcome for outcome in trial if outcome.failures]
    failing = Counter(outcome.handler for outcome in failed)
    proven = all(
        outcome.failures >= TRIALS and passed[outcome.handler] > failing[outcome.handler] - 1
        for outcome in failed
    )
    return frozenset(outcome.event_id for outcome in failed) if proven else frozenset()


def blames_event(error: Exception) -> bool:
    """True if the event may have caused the error: its data, or the handler that took them."""
    if isinstance(error, DBAPIError):
        return is_permanent(error)
    return not (is_transient(error) or isinstance(error, OSError | MemoryError))


@dataclass
class Failures(Generic[Id]):
    """Of each event that fails, in how many consecutive trials; kept in memory, so a new process tries anew."""

    now: Callable[[], float] = time.monotonic
    _counts: dict[Id, tuple[int, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        since = self.now() - FORGOTTEN_AFTER_SECONDS
        self._counts = {id_: (count, seen) for id_, (count, seen) in self._counts.items() if seen > since}
        return len(self._counts)

    def add(self, event_id: Id) -> int:
        """The number of its trials, with this one."""
        count = self._counts.get(event_id, (0, 0.0))[0] + 1
        self._counts[event_id] = (count, self.now())
        return count

    def clear(self, event_ids: Iterable[Id]) -> None:
        for event_id in event_ids:
            self._counts.pop(event_id, None)

    def batch_limit(self) -> int:
        """The number of events that a source is to read at a time: more after each failed trial, so that a batch has neighbours."""
        most = max((count for count, _ in self._counts.values()), default=0)
        return BATCH << min(most, MOST_DOUBLINGS)
