"""Producing events to their service's topic, a page at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from zlib import crc32

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from aiokafka.producer.message_accumulator import BatchBuilder

from shared.events.envelope import CloudEvent, topic_of
from shared.log.bus import DeadLetter
from shared.log.bus.binary_mode import write_headers, write_value
from shared.log.bus.kafka import client
from shared.log.bus.kafka.client import LONGEST_MESSAGE_BYTES, stop_client, topics_missing
from shared.log.bus.kafka_connection import KafkaConnection
from shared.log.reader import LogRow
from shared.log.topics import dead_letter_topic
from shared.runtime.loops import together

# A record batch of one partition; aiokafka's 16 KiB reached 0.6 of the speed (13,000 of 21,000/s).
BATCH_BYTES = 256 * 1024
LONGEST_LETTER_BYTES = 900_000  # of an over-long message's text, leaving space for the reason

Message = tuple[str, bytes, list[tuple[str, bytes]], bytes]  # topic, key, headers, value
Packed = Mapping[tuple[str, int], Sequence[BatchBuilder]]  # by topic and partition, in order


def message_of(event: CloudEvent | LogRow) -> Message:
    return topic_of(event.type), event.subject.encode(), write_headers(event), write_value(event)


def make_producer(connection: KafkaConnection) -> AIOKafkaProducer:
    """A producer that is not started: every in-sync replica has what it sent, once and in order."""
    return AIOKafkaProducer(
        **connection.options(),
        request_timeout_ms=client.REQUEST_MS,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        max_request_size=LONGEST_MESSAGE_BYTES,
    )


class KafkaPublisher:
    """Produces events to their service's topic, each aggregate's in order; connects when first used."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def publish(self, events: Sequence[CloudEvent | LogRow]) -> None:
        """Return once every in-sync replica has them all; if it raises, some may be delivered twice."""
        await self._send([message_of(event) for event in events])

    def dead_letters(self, service: str) -> Callable[[DeadLetter], Awaitable[None]]:
        """A function that copies dead letters of `service` to its topic, truncated at LONGEST_LETTER_BYTES."""

        async def send(letter: DeadLetter) -> None:
            headers = [("source", letter.source.encode()), ("reason", letter.reason.encode())]
            key = str(letter.event_id or letter.source).encode()
            text = letter.raw.encode()[:LONGEST_LETTER_BYTES]
            await self._send([(dead_letter_topic(service), key, headers, text)])

        return send

    async def trouble(self) -> str | None:
        try:
            async with asyncio.timeout(client.PROBE_SECONDS):
                producer = await self._started()
                answered = await producer.client.force_metadata_update()
        except (KafkaError, OSError) as error:  # TimeoutError is an OSError
            return f"Kafka: {type(error).__name__}"
        return None if answered else "Kafka: no broker answers"

    async def close(self) -> None:
        if self._producer is not None:
            await self._discard(self._producer)

    async def _send(self, messages: Sequence[Message]) -> None:
        """Whole batches instead of messages: aiokafka's future, checks and wake-up per message cost half its time."""
        producer = await self._started()
        topics = {topic for topic, *_ in messages}
        try:
            async with asyncio.timeout(client.CALL_SECONDS):
                counts = {topic: len(await producer.partitions_for(topic)) for topic in topics}
                packed = _pack(producer, messages, counts)
                await together(*(_submit(producer, place, batches) for place, batches in packed.items()))
        except BaseException as error:
            await self._discard(producer)
            if isinstance(error, UnknownTopicOrPartitionError):
                raise topics_missing(*topics) from None
            raise

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = make_producer(self._connection)
                try:
                    async with asyncio.timeout(client.CALL_SECONDS):
                        await producer.start()
                except BaseException:
                    await stop_client(producer.stop)
                    raise
                self._producer = producer
            return self._producer

    async def _discard(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
        await stop_client(partial(_discard, producer))


def _pack(producer: AIOKafkaProducer, messages: Iterable[Message], counts: Mapping[str, int]) -> Packed:
    """Messages in batches by partition. A key has one partition, by its CRC-32 as librdkafka's `consistent` has it."""
    packed: dict[tuple[str, int], list[BatchBuilder]] = {}
    for topic, key, headers, value in messages:
        place = (topic, crc32(key) % counts[topic])
        batches = packed.get(place)
        if batches is None:
            batches = packed[place] = [producer.create_batch()]
        if batches[-1].append(timestamp=None, key=key, value=value, headers=headers) is None:
            batches.append(producer.create_batch())
            batches[-1].append(timestamp=None, key=key, value=value, headers=headers)
    return packed


async def _submit(
    producer: AIOKafkaProducer, place: tuple[str, int], batches: Sequence[BatchBuilder]
) -> None:
    """Return once all are acknowledged; each batch is sent after the sender accepted the one before."""
    topic, partition = place
    await asyncio.gather(*[await producer.send_batch(batch, topic, partition=partition) for batch in batches])


async def _discard(producer: AIOKafkaProducer) -> None:
    """Stop a producer without waiting for its buffered batches: the relay sends that again from its cursor.

    Its own `stop` waits for ever while no broker answers (aio-libs/aiokafka#1101), so its sender is cancelled first.
    """
    sender = producer._sender.sender_task  # noqa: SLF001 - there is no public way
    if sender is not None:
        sender.cancel()
        await asyncio.wait([sender])
    producer._message_accumulator._batches.clear()  # noqa: SLF001 - nor here
    await producer.stop()
