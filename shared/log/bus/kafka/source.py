"""Reading a service's topic as one of a group of consumers."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from functools import partial

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, UnknownTopicOrPartitionError

from shared.events.envelope import CloudEvent
from shared.log.bus import BATCH, Batch, Unreadable
from shared.log.bus.binary_mode import as_text, read_event
from shared.log.bus.kafka import client
from shared.log.bus.kafka.client import LONGEST_MESSAGE_BYTES, stop_client, topics_missing
from shared.log.bus.kafka_connection import KafkaConnection
from shared.log.bus.watchdog import Watchdog
from shared.log.topics import event_topic
from shared.runtime.metrics import CONSUMER_LAG

logger = logging.getLogger(__name__)

SESSION_MS = 10_000  # a member that is silent so long has died; a rebalance waits so long for the others
POLL_SECONDS = 0.5
LOOK_SECONDS = 10.0
STUCK_SECONDS = 60.0  # a consumer with lag and no progress for 60 s is made anew


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

    async def batches(self, report: Callable[[], None], limit: int = BATCH) -> AsyncGenerator[Batch, None]:
        consumer = await self._started()
        self._consumer = consumer
        watchdog = Watchdog(self._stuck_seconds)
        next_look = time.monotonic()
        works = (
            False  # until it has nothing to read, or a batch was dealt with: a report would hide a failure
        )
        try:
            while True:
                if time.monotonic() >= next_look:
                    works |= await self._look(consumer, watchdog) == 0 or not consumer.assignment()
                    next_look = time.monotonic() + self._look_seconds
                found = await consumer.getmany(timeout_ms=int(POLL_SECONDS * 1000), max_records=limit)
                if records := [record for some in found.values() for record in some]:
                    ends = {partition: some[-1].offset + 1 for partition, some in found.items() if some}
                    yield Batch(tuple(map(_read, records)), partial(self._commit, consumer, ends))
                    works = True
                if works:
                    report()
        finally:
            self._consumer = None
            await stop_client(consumer.stop)

    async def trouble(self) -> str | None:
        if self._consumer is None:
            return "Kafka: not connected"
        try:
            async with asyncio.timeout(client.PROBE_SECONDS):
                await self._consumer.topics()
        except (KafkaError, OSError) as error:
            return f"Kafka: {type(error).__name__}"
        return None

    async def _started(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            self._topic,
            **self._connection.options(),
            request_timeout_ms=SESSION_MS
            + client.REQUEST_MS,  # the broker answers a join when the rebalance is over
            session_timeout_ms=SESSION_MS,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            async with asyncio.timeout(client.START_SECONDS):
                await consumer.start()
        except BaseException as error:
            await stop_client(consumer.stop)
            if isinstance(error, UnknownTopicOrPartitionError):
                raise topics_missing(self._topic) from None
            raise
        return consumer

    async def _commit(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> None:
        """If a partition was reassigned, its new consumer reads the batch again and the inbox skips it."""
        try:
            async with asyncio.timeout(client.CALL_SECONDS):
                await consumer.commit(ends)
        except (CommitFailedError, IllegalStateError):
            logger.info("partitions moved before a commit", extra={"source": self.name})

    async def _look(self, consumer: AIOKafkaConsumer, watchdog: Watchdog) -> int:
        """The lag by offsets of the broker, not of the fetcher, which may hang. ConnectionError without progress."""
        partitions = list(consumer.assignment()) or [
            TopicPartition(self._topic, number) for number in consumer.partitions_for_topic(self._topic) or ()
        ]
        async with asyncio.timeout(client.CALL_SECONDS):
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
