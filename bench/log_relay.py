"""Throughput of a service's log to a real Kafka: the relay against a bare produce loop of the same messages.

    python -m bench log_relay

The relay reads pages of the outbox, converts them to CloudEvents, sends them, and saves its cursor when every in-sync
replica has them. The bare loop has the same messages ready in memory and sends them through a producer with the same
settings (acks, idempotence, batch size, linger). Both ways run in this process against the same broker and topic,
alternately; producers are connected before the clock starts.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import text

from bench.common import Figure, Run
from shared.events.envelope import CloudEvent
from shared.log.bus.kafka import KafkaPublisher, create_topics
from shared.log.bus.kafka.publisher import make_producer, message_of
from shared.log.bus.kafka_connection import KafkaConnection
from shared.log.cursors import Cursor
from shared.log.reader import LogRow, read_rows
from shared.log.relay import CURSOR, PAGE, relay_loop
from shared.log.topics import Topic
from shared.platform.tables import platform_metadata
from shared.runtime.database import Database
from shared.runtime.loops import Liveness
from shared.runtime.migrations import create_database
from tests.support.kafka import running_kafka
from tests.support.writing import writing

EVENTS = 20_000
AGGREGATES = 1_000
GOAL = 0.6
TOPIC = Topic("dondoc.bench", 3, 1, {})

# About 700 bytes, as an event of the tasks service has.
_FILL = text(
    """
    INSERT INTO outbox (event_id, type, subject, version, time, data)
    SELECT gen_random_uuid(), 'vn.dondoc.bench.task.changed.v1', 'task-' || n % :aggregates, 1 + n / :aggregates,
           timestamptz '2025-05-20 01:00Z' + n * interval '1 second',
           jsonb_build_object(
               'task_id', gen_random_uuid(), 'programme', 'NQ71', 'status', 'in_progress', 'version', n,
               'title', 'Xây dựng cơ sở dữ liệu chuyên ngành và kết nối, chia sẻ với nền tảng dùng chung ' || n,
               'deadline', jsonb_build_object('text', 'Tháng 5/2025', 'kind', 'month', 'due_on', '2025-05-31'),
               'assignments', jsonb_build_array(
                   jsonb_build_object('agency', 'G12', 'role', 'lead'),
                   jsonb_build_object('agency', 'G01', 'role', 'coordinate')),
               'deliverable', 'Báo cáo Thủ tướng Chính phủ', 'priority', 'normal', 'ended_at', NULL)
    FROM generate_series(1, :events) n
    """
)


@dataclass
class Bench:
    database: Database
    connection: KafkaConnection

    async def read_alone(self) -> float:
        """Events a second read from the outbox, without sending."""
        began, cursor, found, more = time.perf_counter(), Cursor(), 0, True
        async with self.database.reading() as connection:
            while more:
                page = await read_rows(connection, cursor, PAGE)
                cursor, more, found = page.cursor, page.more, found + len(page.events)
        assert found == EVENTS
        return EVENTS / (time.perf_counter() - began)

    async def relay(self) -> float:
        """Events a second from the outbox to Kafka, cursor saved."""
        async with writing(self.database) as session:
            await session.execute(text("DELETE FROM log_cursors WHERE name = :name"), {"name": CURSOR})
        publisher = _Counting(self.connection)
        assert await publisher.trouble() is None
        liveness = _Finish(publisher)
        began = time.perf_counter()
        relaying = asyncio.ensure_future(relay_loop("bench", self.database, publisher)(liveness))
        await asyncio.wait(
            [relaying, asyncio.ensure_future(liveness.finished.wait())], return_when=asyncio.FIRST_COMPLETED
        )
        seconds = time.perf_counter() - began
        relaying.cancel()
        with suppress(asyncio.CancelledError):
            await relaying
        await publisher.close()
        return EVENTS / seconds

    async def produce(self) -> float:
        """Events a second when the messages are ready and only the producer works."""
        messages = [message_of(event) for event in await self._events()]
        producer = make_producer(self.connection)
        await producer.start()
        began = time.perf_counter()
        sent: list[asyncio.Future[Any]] = []
        for topic, key, headers, value in messages:
            sent.append(await producer.send(topic, value, key, headers=headers))
        await asyncio.gather(*sent)
        seconds = time.perf_counter() - began
        await producer.stop()
        return EVENTS / seconds

    async def _events(self) -> Sequence[LogRow]:
        async with self.database.reading() as connection:
            events: list[LogRow] = []
            page = await read_rows(connection, Cursor(), PAGE)
            while page.events:
                events += page.events
                page = await read_rows(connection, page.cursor, PAGE)
            return events


class _Counting(KafkaPublisher):
    """Counts published events."""

    published = 0

    async def publish(self, events: Sequence[CloudEvent | LogRow]) -> None:
        await super().publish(events)
        self.published += len(events)


class _Finish(Liveness):
    """A relay reports when its cursor is saved."""

    def __init__(self, publisher: _Counting) -> None:
        super().__init__("bench-relay")
        self.finished = asyncio.Event()
        self._publisher = publisher

    def report(self) -> None:
        super().report()
        if self._publisher.published >= EVENTS:
            self.finished.set()


@asynccontextmanager
async def _prepared(server: Any, address: str) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        url = server.set(database="bench_log_relay")
        await create_database(url)
        database = Database(url, application="dondoc-bench")
        stack.push_async_callback(database.close)
        async with database.engine.begin() as connection:
            await connection.run_sync(platform_metadata.create_all)
        async with writing(database) as session:
            await session.execute(_FILL, {"events": EVENTS, "aggregates": AGGREGATES})
        async with database.reading() as connection:
            await connection.execute(text("VACUUM ANALYZE outbox"))
        kafka = KafkaConnection(address)
        await create_topics(kafka, [TOPIC])
        yield Bench(database, kafka)


async def _measure(server: Any, address: str, rounds: int) -> list[tuple[float, float, float]]:
    """Events a second of each round: relayed, produced, read."""
    async with _prepared(server, address) as bench:
        await bench.produce()  # the broker's first messages are slow
        return [(await bench.relay(), await bench.produce(), await bench.read_alone()) for _ in range(rounds)]


def figures(run: Run) -> Iterator[Figure]:
    with running_kafka() as address:
        rounds = asyncio.run(_measure(run.server, address, run.rounds))
    relayed, produced, read = (median(column) for column in zip(*rounds, strict=True))
    ratios = [ours / bare for ours, bare, _ in rounds]
    limits = (
        "one Python thread: aiokafka's own work per message, then reading and encoding; ratio of a run "
        f"{min(ratios):.2f} to {max(ratios):.2f}"
    )
    name, peer = "log reader and relay to Kafka", "bare aiokafka produce loop"
    yield Figure(name, relayed, "events/s", peer, produced, GOAL, "at least", run.rounds, limits)
    limits = "one Python thread: rows into the relay's form"
    yield Figure("log reader alone", read, "events/s", runs=run.rounds, limits=limits)
