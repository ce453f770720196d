"""A small service that counts, and one that writes down what it hears: what every test of the log needs."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.envelope import CloudEvent, EventData, service_of
from shared.log.bus import Batch, DeadLetter, Source
from shared.log.bus.kafka import create_topics
from shared.log.bus.kafka_connection import KafkaConnection
from shared.log.inbox import Consumer, EventMetadata
from shared.log.outbox import add_event
from shared.log.reader import LogRow
from shared.log.topics import Topic, dead_letter_topic, event_topic
from shared.runtime.clock import Clock, SystemClock
from shared.runtime.database import Database
from shared.runtime.loops import Loop, Loops
from shared.runtime.settings import Settings
from shared.service import Service
from tests.support.writing import writing

PATIENCE_SECONDS = 30.0
NOW = datetime(2025, 5, 20, 1, 0, tzinfo=UTC)
POISON = 13


class Counted(EventData):
    event_type: ClassVar[str]
    aggregate: str
    value: int

    def subject(self) -> str:
        return self.aggregate


class Counter:
    """A publishing service with a name of its own, so that tests share a broker and nothing on it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.service = f"t{uuid4().hex[:10]}"
        event_type = f"vn.dondoc.{self.service}.count.counted.v1"
        self.contract: type[Counted] = type(
            "Counted", (Counted,), {"event_type": event_type, "__module__": __name__}
        )
        self._versions: dict[str, int] = defaultdict(int)

    async def count(self, *aggregates: str, value: int = 0) -> None:
        """One event per name, each in a transaction of its own."""
        for aggregate in aggregates:
            self._versions[aggregate] += 1
            async with writing(self.database) as session:
                event = self.contract(aggregate=aggregate, value=value)
                await add_event(session, event, version=self._versions[aggregate], at=NOW)


class Shelf:
    """A publisher that keeps what it gets, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.events: list[CloudEvent | LogRow] = []
        self._failures = failures

    async def publish(self, events: Sequence[CloudEvent | LogRow]) -> None:
        if self._failures:
            self._failures -= 1
            self.events += events[: len(events) // 2]  # a broker may have taken some before it failed
            raise ConnectionError("no broker")
        self.events += events

    async def close(self) -> None: ...

    async def trouble(self) -> str | None:
        return None

    async def holds(self, number: int) -> list[int]:
        """Versions of the first aggregate, once there are so many."""

        async def enough() -> bool:
            return len(self.events) >= number

        await wait_for(enough)
        return [int(event.sequence) for event in self.events]


class Listener:
    """A consuming service that notes every effect; one that took place twice is there twice."""

    def __init__(self, database: Database, counter: Counter) -> None:
        self.database = database
        self.counter = counter
        self.dead_letter: Callable[[DeadLetter], Awaitable[None]] | None = None

    async def prepare(self) -> None:
        async with writing(self.database) as session:
            await session.execute(
                text("CREATE TABLE effects (id bigserial PRIMARY KEY, subject text, version int, value int)")
            )

    def consumer(self, source: Source) -> Consumer:
        event_type = self.counter.contract.event_type
        return Consumer(
            "listener",
            self.database,
            SystemClock(),
            source,
            {event_type: self.counter.contract},
            {event_type: self.note},
            self.dead_letter,
        )

    async def note(self, session: AsyncSession, event: EventData, delivery: EventMetadata) -> None:
        assert isinstance(event, Counted)
        if event.value == POISON:
            raise ValueError("poison")
        await session.execute(
            text("INSERT INTO effects (subject, version, value) VALUES (:subject, :version, :value)"),
            {"subject": event.aggregate, "version": delivery.version, "value": event.value},
        )

    async def effects(self) -> dict[str, list[int]]:
        """Versions by aggregate, in the order in which they took effect."""
        found: dict[str, list[int]] = defaultdict(list)
        async with self.database.reading() as connection:
            for subject, version in await connection.execute(
                text("SELECT subject, version FROM effects ORDER BY id")
            ):
                found[subject].append(version)
        return dict(found)

    async def dead_letters(self) -> list[tuple[str, str]]:
        """Reason and raw text of what was set aside."""
        async with self.database.reading() as connection:
            rows = await connection.execute(text("SELECT reason, raw FROM dead_letters ORDER BY id"))
            return [(row.reason, row.raw) for row in rows]

    async def heard(self, total: int, seconds: float = PATIENCE_SECONDS) -> dict[str, list[int]]:
        """The effects, once there are `total` of them."""

        async def enough() -> bool:
            return sum(map(len, (await self.effects()).values())) >= total

        await wait_for(enough, seconds)
        return await self.effects()


@dataclass(frozen=True)
class NoSource:
    """A source without messages: batches are handed to its consumer by the test."""

    name: str

    async def batches(self, report: Callable[[], None], limit: int = 1) -> AsyncGenerator[Batch, None]:  # noqa: ARG002 - as sources do
        while True:
            report()
            await asyncio.sleep(1)
        yield  # never: it makes this a generator

    async def trouble(self) -> str | None:
        return None


async def acknowledge() -> None:
    return


async def consume(
    service: Service, settings: Settings, database: Database, clock: Clock, *events: CloudEvent
) -> None:
    """Have a service consume events of one other service, as one batch."""
    source = NoSource(service_of(events[0].type))
    consumer = service.build_consumer(settings, database, clock, source)
    await consumer.consume_with_trials(Batch(events, acknowledge))


async def wait_for(condition: Callable[[], Awaitable[bool]], seconds: float = PATIENCE_SECONDS) -> None:
    until = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > until:
            raise TimeoutError("the condition did not come true")
        await asyncio.sleep(0.02)


@asynccontextmanager
async def running(**loops: Loop) -> AsyncIterator[Loops]:
    """The loops, kept alive as in a real process."""
    kept = Loops(loops)
    async with kept.running():
        yield kept


async def make_topics(connection: KafkaConnection, service: str, partitions: int = 3) -> None:
    """The topics of a service that the test made up, and of what it could not consume."""
    names = [event_topic(service), dead_letter_topic(service)]
    config = {"max.message.bytes": "3000000"}  # room for a message that our own limit refuses
    await create_topics(connection, [Topic(name, partitions, 1, config) for name in names])
