"""The log between processes: Apache Kafka, through aiokafka, of which nothing else in the suite knows.

Nothing here tries again by itself. Whatever fails raises, and the loop that runs it starts over with growing pauses:
the relay from its cursor, a consumer from its last commit. Every call has a time-out, since aiokafka has none of its
own where it retries (aio-libs/aiokafka#1101).
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from shared.bus import Batch, DeadLetter, Unreadable
from shared.bus.binary_mode import as_text, read_event, write_headers, write_value
from shared.bus.kafka_connection import KafkaConnection
from shared.bus.watchdog import Watchdog
from shared.events.envelope import CloudEvent, topic_of
from shared.log_reader import LogRow
from shared.metrics import CONSUMER_LAG
from shared.topics import Topic, dead_letter_topic, event_topic

logger = logging.getLogger(__name__)

REQUEST_MS = 5_000  # one request to one broker
SESSION_MS = 10_000  # a member that is silent so long has died; a rebalance waits so long for the others
CALL_SECONDS = 10.0  # a call of ours, in which aiokafka may send several requests
START_SECONDS = 30.0  # more than a rebalance that waits for a dead member
STOP_SECONDS = 5.0
PROBE_SECONDS = 2.0  # below the time a health check has
POLL_SECONDS = 0.5
LOOK_SECONDS = 10.0
STUCK_SECONDS = 60.0  # DESIGN: a consumer with lag and no progress for 60 s is made anew
BATCH = 200
# What a producer packs together for one partition; aiokafka's 16 KiB reached 0.6 of the speed (13,000 of 21,000/s).
BATCH_BYTES = 256 * 1024
LONGEST_MESSAGE_BYTES = 1_000_000  # Kafka's own limit for a record batch (message.max.bytes) is 1,048,588
LONGEST_LETTER_BYTES = 900_000  # of an over-long message's text, leaving room for the reason

_closing: set[asyncio.Task[None]] = set()  # the event loop itself keeps no hold of them

Message = tuple[str, bytes, list[tuple[str, bytes]], bytes]  # topic, key, headers, value


def message_of(event: CloudEvent | LogRow) -> Message:
    return topic_of(event.type), event.subject.encode(), write_headers(event), write_value(event)


def make_producer(connection: KafkaConnection) -> AIOKafkaProducer:
    """A producer that is not started: every in-sync replica has what it sent, once and in order."""
    return AIOKafkaProducer(
        **connection.options(),
        request_timeout_ms=REQUEST_MS,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        max_request_size=LONGEST_MESSAGE_BYTES,
    )


class KafkaPublisher:
    """Puts events on their service's topic, each aggregate's in order; connects when first used."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def publish(self, events: Sequence[CloudEvent | LogRow]) -> None:
        """Return once every in-sync replica has them all; where it raises, some may be there and come twice."""
        await self._send([message_of(event) for event in events])

    def dead_letters(self, service: str) -> Callable[[DeadLetter], Awaitable[None]]:
        """What puts the messages that `service` set aside on its dead-letter topic; the table has over-long ones whole."""

        async def send(letter: DeadLetter) -> None:
            headers = [("source", letter.source.encode()), ("reason", letter.reason.encode())]
            key = str(letter.event_id or letter.source).encode()
            text = letter.raw.encode()[:LONGEST_LETTER_BYTES]
            await self._send([(dead_letter_topic(service), key, headers, text)])

        return send

    async def trouble(self) -> str | None:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                producer = await self._started()
                answered = await producer.client.force_metadata_update()
        except (KafkaError, OSError) as error:  # TimeoutError is an OSError
            return f"Kafka: {type(error).__name__}"
        return None if answered else "Kafka: no broker answers"

    async def close(self) -> None:
        if self._producer is not None:
            await self._throw_away(self._producer)

    async def _send(self, messages: Sequence[Message]) -> None:
        producer = await self._started()
        sent: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(CALL_SECONDS):
                for topic, key, headers, value in messages:
                    sent.append(await producer.send(topic, value, key, headers=headers))
                await asyncio.gather(*sent)
        except BaseException as error:
            for future in sent:
                future.cancel()
            await self._throw_away(producer)
            if isinstance(error, UnknownTopicOrPartitionError):
                raise _missing(*{topic for topic, *_ in messages}) from None
            raise

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = make_producer(self._connection)
                try:
                    async with asyncio.timeout(CALL_SECONDS):
                        await producer.start()
                except BaseException:
                    await _stop(producer.stop)
                    raise
                self._producer = producer
            return self._producer

    async def _throw_away(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
        await _stop(partial(_discard, producer))


async def _discard(producer: AIOKafkaProducer) -> None:
    """Stop a producer without waiting for what it still holds: the relay sends that again from its cursor.

    Its own `stop` waits for ever while no broker answers (aio-libs/aiokafka#1101), so its sender goes first.
    """
    sender = producer._sender.sender_task  # noqa: SLF001 - there is no public way
    if sender is not None:
        sender.cancel()
        await asyncio.wait([sender])
    producer._message_accumulator._batches.clear()  # noqa: SLF001 - nor here
    await producer.stop()


class KafkaSource:
    """The topic of the service `name`, read on behalf of `consumer`: its group shares the partitions."""

    def __init__(
        self,
        name: str,
        connection: KafkaConnection,
        *,
        consumer: str,
        look_seconds: float = LOOK_SECONDS,
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        self.name = name
        self._connection = connection
        self._topic = event_topic(name)
        self._group = f"dondoc.{consumer}.{name}"
        self._lag = CONSUMER_LAG.labels(consumer, name)
        self._look_seconds = look_seconds
        self._stuck_seconds = stuck_seconds
        self._consumer: AIOKafkaConsumer | None = None

    async def batches(self, beat: Callable[[], None]) -> AsyncGenerator[Batch, None]:
        consumer = await self._started()
        self._consumer = consumer
        watchdog = Watchdog(self._stuck_seconds)
        next_look = time.monotonic()
        works = False  # until it has nothing to read, or a batch was dealt with: a beat would hide a failure
        try:
            while True:
                if time.monotonic() >= next_look:
                    works |= await self._look(consumer, watchdog) == 0 or not consumer.assignment()
                    next_look = time.monotonic() + self._look_seconds
                found = await consumer.getmany(timeout_ms=int(POLL_SECONDS * 1000), max_records=BATCH)
                if records := [record for some in found.values() for record in some]:
                    ends = {partition: some[-1].offset + 1 for partition, some in found.items() if some}
                    yield Batch(tuple(map(_read, records)), partial(self._commit, consumer, ends))
                    works = True
                if works:
                    beat()
        finally:
            self._consumer = None
            await _stop(consumer.stop)

    async def trouble(self) -> str | None:
        if self._consumer is None:
            return "Kafka: not connected"
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._consumer.topics()
        except (KafkaError, OSError) as error:
            return f"Kafka: {type(error).__name__}"
        return None

    async def _started(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            self._topic,
            **self._connection.options(),
            request_timeout_ms=SESSION_MS
            + REQUEST_MS,  # the broker answers a join when the rebalance is over
            session_timeout_ms=SESSION_MS,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                await consumer.start()
        except BaseException as error:
            await _stop(consumer.stop)
            if isinstance(error, UnknownTopicOrPartitionError):
                raise _missing(self._topic) from None
            raise
        return consumer

    async def _commit(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> None:
        """Where a partition has gone to another member, that one reads the batch again and its inbox knows it."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await consumer.commit(ends)
        except (CommitFailedError, IllegalStateError):
            logger.info("partitions moved before a commit", extra={"source": self.name})

    async def _look(self, consumer: AIOKafkaConsumer, watchdog: Watchdog) -> int:
        """The lag: ask the broker, not the fetcher that may be stuck, how far the group is; raises when it stands still."""
        partitions = list(consumer.assignment()) or [
            TopicPartition(self._topic, number) for number in consumer.partitions_for_topic(self._topic) or ()
        ]
        async with asyncio.timeout(CALL_SECONDS):
            firsts = await consumer.beginning_offsets(partitions)
            ends = await consumer.end_offsets(partitions)
            committed = await asyncio.gather(*map(consumer.committed, partitions))
        read = {
            partition: max(offset or 0, firsts[partition])
            for partition, offset in zip(partitions, committed, strict=True)
        }
        lag: int = sum(ends[partition] - read[partition] for partition in partitions)
        self._lag.set(lag)
        if watchdog.is_stuck(read, lag, time.monotonic()):
            raise ConnectionError(
                f"{self._topic}: {lag} events wait and none was read for {self._stuck_seconds:.0f} s"
            )
        return lag


def _read(record: ConsumerRecord[bytes, bytes]) -> CloudEvent | Unreadable:
    position = f"{record.topic}/{record.partition}/{record.offset}"
    size = len(record.value or b"")
    try:
        if size > LONGEST_MESSAGE_BYTES:
            raise ValueError(f"{size} bytes, more than {LONGEST_MESSAGE_BYTES}")
        return read_event(record.headers, record.value)
    except ValueError as error:
        return Unreadable(position, str(error), as_text(record.headers, record.value))


def _missing(*topics: str) -> LookupError:
    return LookupError(f"Kafka has no topic {' or '.join(sorted(topics))}: create it with `dondoc topics`")


async def _stop(stop: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Wait a while for a client to close, also when cancelled; one that waits for a dead broker closes by itself."""
    closing = asyncio.create_task(stop())
    _closing.add(closing)
    closing.add_done_callback(_closed)
    try:
        await asyncio.wait([closing], timeout=STOP_SECONDS)
    except asyncio.CancelledError:
        await asyncio.wait([closing], timeout=STOP_SECONDS)
        raise


def _closed(closing: asyncio.Task[None]) -> None:
    _closing.discard(closing)
    if not closing.cancelled() and (error := closing.exception()):
        logger.warning("a Kafka client did not close cleanly", extra={"error": type(error).__name__})


async def create_topics(connection: KafkaConnection, topics: Sequence[Topic]) -> dict[str, str]:
    """Create what is missing and tell of each topic: `created`, `exists`, or how it differs from the declaration."""
    admin = AIOKafkaAdminClient(**connection.options(), request_timeout_ms=REQUEST_MS)
    try:
        async with asyncio.timeout(START_SECONDS):
            await admin.start()
            wanted = [
                NewTopic(topic.name, topic.partitions, topic.replication, topic_configs=dict(topic.config))
                for topic in topics
            ]
            answer = await admin.create_topics(wanted)
            created = {name: for_code(code)(message) for name, code, message in answer.topic_errors}
            return {topic.name: await _outcome(admin, topic, created[topic.name]) for topic in topics}
    finally:
        await _stop(admin.close)


async def _outcome(admin: AIOKafkaAdminClient, topic: Topic, error: KafkaError) -> str:
    if isinstance(error, TopicAlreadyExistsError):
        return await _differences(admin, topic) or "exists"
    if error.errno != 0:
        raise error
    return "created"


async def _differences(admin: AIOKafkaAdminClient, topic: Topic) -> str:
    described = (await admin.describe_topics([topic.name]))[0]["partitions"]
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, dict(topic.config))
    ((answer,),) = ((await admin.describe_configs([resource]))[0].resources,)
    found = {entry[0]: entry[1] for entry in answer[4]} | {
        "partitions": str(len(described)),
        "replication": str(len(described[0]["replicas"])),
    }
    declared = dict(topic.config) | {
        "partitions": str(topic.partitions),
        "replication": str(topic.replication),
    }
    wrong = [
        f"{key} is {found.get(key)}, not {value}"
        for key, value in declared.items()
        if found.get(key) != value
    ]
    return "; ".join(wrong)
