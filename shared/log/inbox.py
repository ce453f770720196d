"""Consuming events: each takes effect once, in one transaction with what it changes; what fails is set aside."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import BigInteger, Column, DateTime, Identity, Table, Text, Uuid, func
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.envelope import CloudEvent, EventData
from shared.log.bus import Batch, DeadLetter, Source, Unreadable
from shared.runtime.database import Database, spine
from shared.runtime.faults import is_of_the_data, is_of_the_road
from shared.runtime.loops import Loop, Pulse
from shared.runtime.metrics import CONSUMED, CONSUMER_PROGRESS, DEAD_LETTERS

logger = logging.getLogger(__name__)

LONGEST_REASON = 1000  # characters
APPLIED, SET_ASIDE = "applied", "set_aside"

inbox = Table(
    "inbox",
    spine,
    Column("event_id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
)

dead_letters = Table(
    "dead_letters",
    spine,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, nullable=False),
    Column("event_id", Uuid),
    Column("reason", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a handler gets to know of an event besides its payload. `version` is its aggregate's, for the guard."""

    event_id: UUID
    version: int
    time: datetime


Handler = Callable[[AsyncSession, EventData, Delivery], Awaitable[None]]


@dataclass(frozen=True)
class Consumer:
    """Applies the events of one source to one database. Types without a handler are passed over.

    `dead_letter` is told of what is set aside, before the table is; it may be told twice after a fault.
    """

    service: str
    database: Database
    source: Source
    contracts: Mapping[str, type[EventData]]
    handlers: Mapping[str, Handler]
    dead_letter: Callable[[DeadLetter], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        """A counter that begins at 1 has not increased: the series are there before the first event."""
        DEAD_LETTERS.labels(self.service)
        for outcome in (APPLIED, SET_ASIDE):
            self._count(outcome, 0)

    def loop(self) -> Loop:
        async def run(pulse: Pulse) -> None:
            async with aclosing(self.source.batches(pulse.beat)) as batches:
                async for batch in batches:
                    await self.consume(batch)

        return run

    async def consume(self, batch: Batch) -> None:
        """Apply a batch in one transaction; where that fails, one by one, so that only the culprit is set aside."""
        events = [message for message in batch.messages if isinstance(message, CloudEvent)]
        for message in batch.messages:
            if isinstance(message, Unreadable):
                await self._set_aside_unreadable(message)
        try:
            await self._apply(events)
        except Exception as error:
            if _is_passing(error):
                raise
            for event in events:
                await self._apply_or_set_aside(event)
        await batch.acknowledge()
        CONSUMER_PROGRESS.labels(self.service, self.source.name).set_to_current_time()

    async def _apply_or_set_aside(self, event: CloudEvent) -> None:
        try:
            await self._apply([event])
        except Exception as error:
            if _is_passing(error):
                raise
            letter = self._letter(event.id, f"{type(error).__name__}: {error}", event.model_dump_json())
            await self._set_aside(letter, event.id)

    async def _apply(self, events: Sequence[CloudEvent]) -> None:
        known = {
            event.id: event for event in events if event.type in self.handlers
        }  # one that came twice counts once
        if not known:
            return
        async with self.database.transaction() as session:
            fresh = await self._claim(session, known)
            for event in known.values():
                if event.id in fresh:
                    payload = self.contracts[event.type].model_validate(event.data)
                    delivery = Delivery(event.id, event.version, event.time)
                    await self.handlers[event.type](session, payload, delivery)
        self._count(APPLIED, len(fresh))

    async def _claim(self, session: AsyncSession, ids: Iterable[UUID]) -> set[UUID]:
        """The ids that never took effect here; sorted, so that two consumers never wait for each other."""
        rows = [
            {"event_id": id_, "source": self.source.name, "received_at": func.now()} for id_ in sorted(ids)
        ]
        claimed = await session.execute(
            insert(inbox).values(rows).on_conflict_do_nothing().returning(inbox.c.event_id)
        )
        return set(claimed.scalars())

    async def _set_aside_unreadable(self, message: Unreadable) -> None:
        """It has no id of its own; the same bytes at the same place are the same message."""
        identity = uuid5(NAMESPACE_OID, f"{self.source.name} {message.position} {message.raw}")
        await self._set_aside(
            self._letter(None, f"{message.position}: {message.reason}", message.raw), identity
        )

    async def _set_aside(self, letter: DeadLetter, identity: UUID) -> None:
        """Keep what cannot take effect, once: it is claimed like any other."""
        logger.error(
            "event set aside",
            extra={"source": letter.source, "event_id": letter.event_id, "reason": letter.reason},
        )
        if self.dead_letter is not None:
            await self.dead_letter(letter)
        async with self.database.transaction() as session:
            if not await self._claim(session, [identity]):
                return
            await session.execute(plain_insert(dead_letters).values(**asdict(letter), received_at=func.now()))
        DEAD_LETTERS.labels(self.service).inc()
        self._count(SET_ASIDE, 1)

    def _letter(self, event_id: UUID | None, reason: str, raw: str) -> DeadLetter:
        return DeadLetter(self.source.name, event_id, _storable(reason)[:LONGEST_REASON], _storable(raw))

    def _count(self, outcome: str, number: int) -> None:
        CONSUMED.labels(self.service, self.source.name, outcome).inc(number)


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL, and UTF-8 no half of a surrogate pair."""
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()


def _is_passing(error: Exception) -> bool:
    """Tried again is all that the event itself did not bring on."""
    if isinstance(error, DBAPIError):
        return not is_of_the_data(error)
    return isinstance(error, OSError) or is_of_the_road(error)
