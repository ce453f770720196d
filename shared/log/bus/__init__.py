"""Transports of events, with one contract: Kafka between processes, the outbox itself within one process.

A publisher returns when the events are durable. A source yields batches in order, at least once, and starts
again after the last acknowledged one. A message that it cannot parse it yields as `Unreadable`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from shared.events.envelope import CloudEvent
from shared.log.reader import LogRow

BATCH = 200  # messages


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that is no CloudEvent: its position (topic/partition/offset), why it cannot be parsed, its bytes as text."""

    position: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that a consumer set aside: its source, its id where it has one, the reason, and its text."""

    source: str
    event_id: UUID | None
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Batch:
    """`acknowledge` once everything in it is applied or set aside, and committed."""

    messages: tuple[CloudEvent | Unreadable, ...]
    acknowledge: Callable[[], Awaitable[None]]


class Publisher(Protocol):
    async def publish(self, events: Sequence[CloudEvent | LogRow]) -> None: ...

    async def close(self) -> None: ...

    async def trouble(self) -> str | None:
        """The reason for which nothing can be published now, or None."""
        ...


class Source(Protocol):
    @property
    def name(self) -> str:
        """The service whose log is read, e.g. `tasks`."""
        ...

    def batches(self, report: Callable[[], None], limit: int = BATCH) -> AsyncGenerator[Batch, None]:
        """Batches without end, of at most `limit` messages; `report` is called at least once a second, also while idle.

        Raises the transport's error; the caller's loop starts it again, with growing pauses.
        """
        ...

    async def trouble(self) -> str | None:
        """The reason for which nothing can be read now, or None."""
        ...
