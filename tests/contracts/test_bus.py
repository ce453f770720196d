"""What every transport of the log promises; the same tests on the outbox itself and on Kafka."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace

import pytest
from prometheus_client import REGISTRY
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.envelope import CloudEvent, EventData
from shared.log.bus import Batch, Source
from shared.log.bus.embedded import OutboxSource
from shared.log.bus.kafka import KafkaPublisher, KafkaSource
from shared.log.bus.kafka_connection import KafkaConnection
from shared.log.dead_letters import Closing, close_letter, lock_letter
from shared.log.inbox import EventMetadata
from shared.log.poison import TRIALS
from shared.log.relay import notifier_loop, relay_loop
from shared.runtime.loops import Liveness
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.bus import (
    PATIENCE_SECONDS,
    POISON,
    Counted,
    Counter,
    Listener,
    make_topics,
    running,
    wait_for,
)


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def connection(request: pytest.FixtureRequest) -> KafkaConnection | None:
    return KafkaConnection(request.getfixturevalue("kafka")) if request.param == "kafka" else None


@dataclass
class Log:
    counter: Counter
    listener: Listener
    new_source: Callable[[], Source]


@pytest.fixture
async def log(connection: KafkaConnection | None, make_database: MakeDatabase) -> AsyncIterator[Log]:
    counter = Counter(await make_database(PLATFORM))
    listener = Listener(await make_database(PLATFORM), counter)
    await listener.prepare()
    if connection is None:
        yield Log(
            counter, listener, lambda: OutboxSource(counter.service, counter.database, listener.database)
        )
        return
    async with AsyncExitStack() as stack:
        await make_topics(connection, counter.service)
        publisher = KafkaPublisher(connection)
        stack.push_async_callback(publisher.close)
        await stack.enter_async_context(
            running(
                relay=relay_loop(counter.service, counter.database, publisher),
                notifier=notifier_loop(counter.database),
            )
        )
        yield Log(counter, listener, lambda: KafkaSource(counter.service, connection, consumer="listener"))


async def first_events(source: Source, number: int, *, acknowledge: bool) -> list[CloudEvent]:
    events: list[CloudEvent] = []
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(source.batches(lambda: None)) as batches:
        async for batch in batches:
            events += [message for message in batch.messages if isinstance(message, CloudEvent)]
            if acknowledge:
                await batch.acknowledge()
            if len(events) >= number:
                return events
    raise AssertionError("the source ended")


async def test_each_event_takes_effect_once_and_each_aggregate_in_order(log: Log) -> None:
    names = [f"a{number}" for number in range(5)]
    async with running(listen=log.listener.consumer(log.new_source()).loop()):
        await asyncio.gather(*(log.counter.count(*[name] * 40) for name in names))
        effects = await log.listener.heard(200)
    assert effects == {name: list(range(1, 41)) for name in names}


async def test_an_event_arrives_as_it_was_recorded(log: Log) -> None:
    await log.counter.count("Đồng Nai/ngày 30", value=-7)
    (event,) = await first_events(log.new_source(), 1, acknowledge=True)
    assert event.subject == "Đồng Nai/ngày 30"
    assert event.data == {"aggregate": "Đồng Nai/ngày 30", "value": -7}
    assert (event.version, event.source) == (1, f"/dondoc/{log.counter.service}")
    assert event.type == log.counter.contract.event_type
    assert event.time.isoformat() == "2025-05-20T01:00:00+00:00"
    assert event.dataschema == f"/schemas/{event.type}.json#data"


async def test_what_was_not_acknowledged_comes_again(log: Log) -> None:
    await log.counter.count("a", "b", "c")
    before = await first_events(log.new_source(), 3, acknowledge=False)
    again = await first_events(log.new_source(), 3, acknowledge=True)
    await log.counter.count("d")
    after = await first_events(log.new_source(), 1, acknowledge=True)
    assert {event.id for event in before} == {event.id for event in again}
    assert [event.subject for event in after] == ["d"]


async def test_a_restart_loses_nothing_and_repeats_nothing(log: Log) -> None:
    await log.counter.count(*"abc" * 20)
    async with running(listen=log.listener.consumer(log.new_source()).loop()):
        await log.listener.heard(10)
    await log.counter.count(*"abc" * 20)
    async with running(listen=log.listener.consumer(log.new_source()).loop()):
        effects = await log.listener.heard(120)
    assert effects == {name: list(range(1, 41)) for name in "abc"}


async def test_a_batch_that_is_committed_but_not_acknowledged_takes_effect_once(log: Log) -> None:
    async def killed() -> None:
        raise ConnectionError("killed between the commit here and the one there")

    await log.counter.count("a", "b", "a")
    consumer = log.listener.consumer(log.new_source())
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(consumer.source.batches(lambda: None)) as batches:
        async for batch in batches:
            with pytest.raises(ConnectionError, match="killed"):
                await consumer.consume(Batch(batch.messages, killed))
            if sum(map(len, (await log.listener.effects()).values())) == 3:
                break
    await log.counter.count("a")
    async with running(listen=log.listener.consumer(log.new_source()).loop()):
        effects = await log.listener.heard(4)
    assert effects == {"a": [1, 2, 3], "b": [1]}


async def test_a_poisonous_event_is_set_aside_and_the_rest_flows(log: Log) -> None:
    await log.counter.count("a", "b")
    await log.counter.count("a", value=POISON)
    await log.counter.count("a", "b")
    async with running(listen=log.listener.consumer(log.new_source()).loop()):
        effects = await log.listener.heard(4)
    assert effects == {"a": [1, 3], "b": [1, 2]}
    ((reason, raw),) = await log.listener.dead_letters()
    assert reason == "ValueError: poison"
    assert CloudEvent.model_validate_json(raw).version == 2


async def test_what_was_set_aside_is_applied_once_when_it_is_replayed(log: Log) -> None:
    async def mended(session: AsyncSession, event: EventData, delivery: EventMetadata) -> None:
        assert isinstance(event, Counted)
        await log.listener.note(session, event.model_copy(update={"value": 0}), delivery)

    await log.counter.count("a", value=POISON)
    await log.counter.count("a", "b")
    consumer = log.listener.consumer(log.new_source())
    async with running(listen=consumer.loop()):
        await log.listener.heard(2)
    consumer = replace(consumer, handlers=dict.fromkeys(consumer.handlers, mended))
    for _ in range(2):
        async with log.listener.database.change(consumer.clock) as change:
            letter = await lock_letter(change.session, 1)
            if letter is not None:
                await consumer.replay(change, letter)
                await close_letter(change.session, letter.id, Closing.REPLAYED)
    assert await log.listener.effects() == {"a": [2, 1], "b": [1]}


async def test_a_source_with_nothing_to_read_shows_that_it_lives_and_closes_when_cancelled(log: Log) -> None:
    before = asyncio.all_tasks()
    source = log.new_source()
    liveness = Liveness("listen")
    task = asyncio.ensure_future(log.listener.consumer(source).loop()(liveness))

    async def alive() -> bool:
        return liveness.last_report is not None

    for _ in range(2):
        liveness.last_report = None
        await wait_for(alive)
    assert await source.trouble() is None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async def tidy() -> bool:
        return asyncio.all_tasks() <= before

    await wait_for(tidy, seconds=5)


async def test_a_consumer_that_fails_on_every_batch_is_never_ready_and_its_lag_is_known(log: Log) -> None:
    async def fail(*_: object) -> None:
        raise ConnectionError("the database is away")

    await log.counter.count("a", "b", "c")
    await first_events(log.new_source(), 3, acknowledge=False)  # they have arrived
    consumer = log.listener.consumer(log.new_source())
    async with running(
        listen=replace(consumer, handlers=dict.fromkeys(consumer.handlers, fail)).loop()
    ) as loops:

        async def failed_again() -> bool:
            return failures("listen") >= before + 3

        before = failures("listen")
        await wait_for(failed_again)
        assert loops.liveness["listen"].last_report is None
        assert "ConnectionError" in loops.troubles()["listen"]
    assert lag(log) == 3


async def test_an_unexpected_error_stops_the_consumer_until_it_is_mended_and_loses_nothing(log: Log) -> None:
    broken = True

    async def note(session: AsyncSession, event: EventData, delivery: EventMetadata) -> None:
        if broken:
            raise KeyError("a defect of the handler")
        await log.listener.note(session, event, delivery)

    await log.counter.count("a", "b", "a")
    consumer = log.listener.consumer(log.new_source())
    consumer = replace(consumer, handlers=dict.fromkeys(consumer.handlers, note))
    async with running(listen=consumer.loop()) as loops:

        async def tried_often() -> bool:
            return failures("listen") >= before + TRIALS + 1

        before = failures("listen")
        await wait_for(tried_often)
        assert loops.troubles() == {"listen": "stopped by an unexpected error: KeyError"}
        assert stopped(log) == 1
        assert await log.listener.dead_letters() == []
        broken = False
        assert await log.listener.heard(3) == {"a": [1, 2], "b": [1]}

        async def goes_on() -> bool:
            return loops.troubles() == {} and stopped(log) == 0

        await wait_for(goes_on)
    assert await log.listener.dead_letters() == []


async def test_an_event_that_fails_without_neighbours_waits_for_one(log: Log) -> None:
    await log.counter.count("a", value=POISON)
    async with running(listen=log.listener.consumer(log.new_source()).loop()):

        async def tried_often() -> bool:
            return failures("listen") >= before + TRIALS + 1

        before = failures("listen")
        await wait_for(tried_often)
        assert await log.listener.dead_letters() == []
        await log.counter.count("b", "a")
        assert await log.listener.heard(2) == {"a": [2], "b": [1]}
    ((reason, _),) = await log.listener.dead_letters()
    assert reason == "ValueError: poison"


async def test_progress_is_known(log: Log) -> None:
    began = time.time()
    await log.counter.count("a")
    async with running(listen=log.listener.consumer(log.new_source()).loop()):
        await log.listener.heard(1)

        async def is_later() -> bool:
            return progress(log) >= began

        await wait_for(is_later)
    assert progress(log) <= time.time()


def failures(loop: str) -> float:
    return REGISTRY.get_sample_value("dondoc_loop_failures_total", {"loop": loop}) or 0.0


def lag(log: Log) -> float | None:
    """Of the one consumer of this log's source, whatever its service is called."""
    return next(
        sample.value
        for metric in REGISTRY.collect()
        if metric.name == "dondoc_consumer_lag_events"
        for sample in metric.samples
        if sample.labels["source"] == log.counter.service
    )


def stopped(log: Log) -> float | None:
    labels = {"service": "listener", "source": log.counter.service}
    return REGISTRY.get_sample_value("dondoc_consumer_stopped", labels)


def progress(log: Log) -> float:
    labels = {"service": "listener", "source": log.counter.service}
    return REGISTRY.get_sample_value("dondoc_consumer_last_progress_timestamp_seconds", labels) or 0.0
