"""Consuming events: each takes effect once, in one transaction with what it changes; what fails is set aside."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import BigInteger, Column, DateTime, Identity, Table, Text, Uuid, func
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus import Batch, Source, Unreadable
from shared.database import Database, spine
from shared.events.envelope import CloudEvent, EventData
from shared.loops import Loop, Pulse
from shared.metrics import CONSUMED, DEAD_LETTERS

logger = logging.getLogger(__name__)

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
    """Applies the events of one source to one database. Types without a handler are passed over."""

    service: str
    database: Database
    source: Source
    contracts: Mapping[str, type[EventData]]
    handlers: Mapping[str, Handler]

    def loop(self) -> Loop:
        async def run(pulse: Pulse) -> None:
            async for batch in self.source.batches(pulse.beat):
                await self.consume(batch)

        return run

    async def consume(self, batch: Batch) -> None:
        """Apply a batch in one transaction; where that fails, one by one, so that only the culprit is set aside."""
        events = [message for message in batch.messages if isinstance(message, CloudEvent)]
        for message in batch.messages:
            if isinstance(message, Unreadable):
                await self._set_aside(None, f"{message.position}: {message.reason}", message.raw)
        try:
            await self._apply(events)
        except Exception as error:
            if _is_passing(error):
                raise
            for event in events:
                await self._apply_or_set_aside(event)
        await batch.acknowledge()

    async def _apply_or_set_aside(self, event: CloudEvent) -> None:
        try:
            await self._apply([event])
        except Exception as error:
            if _is_passing(error):
                raise
            await self._set_aside(event.id, f"{type(error).__name__}: {error}", event.model_dump_json())

    async def _apply(self, events: Sequence[CloudEvent]) -> None:
        known = [event for event in events if event.type in self.handlers]
        if not known:
            return
        async with self.database.transaction() as session:
            fresh = await self._claim(session, known)
            for event in known:
                if event.id in fresh:
                    fresh.discard(event.id)
                    payload = self.contracts[event.type].model_validate(event.data)
                    await self.handlers[event.type](
                        session, payload, Delivery(event.id, event.version, event.time)
                    )
        CONSUMED.labels(self.service, self.source.name, "applied").inc(len(known))

    async def _claim(self, session: AsyncSession, events: Sequence[CloudEvent]) -> set[UUID]:
        """The ids of events that never took effect here."""
        ids = sorted(
            {event.id for event in events}
        )  # sorted, so that two consumers never wait for each other
        rows = [{"event_id": id_, "source": self.source.name, "received_at": func.now()} for id_ in ids]
        claimed = await session.execute(
            insert(inbox).values(rows).on_conflict_do_nothing().returning(inbox.c.event_id)
        )
        return set(claimed.scalars())

    async def _set_aside(self, event_id: UUID | None, reason: str, raw: str) -> None:
        logger.error(
            "event set aside", extra={"source": self.source.name, "event_id": event_id, "reason": reason}
        )
        DEAD_LETTERS.labels(self.service).inc()
        async with self.database.transaction() as session:
            await session.execute(
                plain_insert(dead_letters).values(
                    source=self.source.name,
                    event_id=event_id,
                    reason=reason[:1000],
                    raw=raw.replace("\0", "\\0"),
                    received_at=func.now(),
                )
            )


def _is_passing(error: Exception) -> bool:
    """Faults of the road, not of the event: the batch is tried again. An event that broke a constraint is not one."""
    if isinstance(error, ValidationError):
        return False
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", "") or "")
        return (
            error.connection_invalidated
            or isinstance(error, InterfaceError)
            or not state.startswith(("22", "23"))
        )
    return isinstance(error, OSError | TimeoutError)
