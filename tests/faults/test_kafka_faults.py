"""What goes wrong with a real broker: garbage on the topic, members that come and go, a broker that dies."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.events.envelope import CloudEvent
from shared.log.bus.kafka import KafkaPublisher, KafkaSource, client
from shared.log.bus.kafka import source as kafka_source
from shared.log.bus.kafka.publisher import LONGEST_LETTER_BYTES
from shared.log.bus.kafka_connection import KafkaConnection
from shared.log.relay import notifier_loop, relay_loop
from shared.log.topics import dead_letter_topic, event_topic
from shared.runtime.loops import Loop
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.bus import Counter, Listener, make_topics, running, wait_for
from tests.support.kafka import Broker, wait_until_up

Header = tuple[str, bytes]


@pytest.fixture
async def counter(make_database: MakeDatabase) -> Counter:
    return Counter(await make_database(PLATFORM))


@pytest.fixture
async def listener(make_database: MakeDatabase, counter: Counter) -> Listener:
    listener = Listener(await make_database(PLATFORM), counter)
    await listener.prepare()
    return listener


@pytest.fixture
async def connection(kafka: str, counter: Counter) -> KafkaConnection:
    connection = KafkaConnection(kafka)
    await make_topics(connection, counter.service)
    return connection


@asynccontextmanager
async def relaying(connection: KafkaConnection, counter: Counter) -> AsyncIterator[KafkaPublisher]:
    publisher = KafkaPublisher(connection)
    relay = relay_loop(counter.service, counter.database, publisher)
    try:
        async with running(relay=relay, notifier=notifier_loop(counter.database)):
            yield publisher
    finally:
        await publisher.close()


def listen(connection: KafkaConnection, listener: Listener) -> Loop:
    source = KafkaSource(listener.counter.service, connection, consumer="listener")
    return listener.consumer(source).loop()


# --- Garbage on the topic ------------------------------------------------------------------------------------------


def headers(service: str, **changed: bytes | None) -> list[Header]:
    attributes = {
        "content-type": b"application/json",
        "ce_specversion": b"1.0",
        "ce_id": str(uuid4()).encode(),
        "ce_source": f"/dondoc/{service}".encode(),
        "ce_type": f"vn.dondoc.{service}.count.counted.v1".encode(),
        "ce_subject": b"a",
        "ce_time": b"2025-05-20T01:00:00Z",
        "ce_sequence": b"1",
    } | changed
    return [(name, value) for name, value in attributes.items() if value is not None]


def garbage(service: str) -> list[tuple[str, list[Header], bytes | None]]:
    """Expected word of the reason, headers, value."""
    data = b'{"aggregate": "a", "value": 1}'
    return [
        ("content-type", [], data),
        ("content-type", headers(service, **{"content-type": b"text/plain"}), data),
        ("ce_specversion", headers(service, ce_specversion=None), data),
        ("specversion", headers(service, ce_specversion=b"0.3"), data),
        ("id", headers(service, ce_id=b"seven"), data),
        ("type", headers(service, ce_type=None), data),
        ("utf-8", headers(service, ce_subject=b"\xff\x00"), data),
        ("EOF", headers(service), b'{"aggregate": '),
        ("hex escape", headers(service), b'{"aggregate": "\\ud800", "value": 1}'),
        ("EOF", headers(service), None),
        ("data", headers(service), b"[1, 2]"),
        ("bytes", headers(service), json.dumps({"aggregate": "x" * 1_500_000, "value": 1}).encode()),
    ]


async def put(
    connection: KafkaConnection, topic: str, found: list[tuple[str, list[Header], bytes | None]]
) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=connection.bootstrap, max_request_size=3_000_000
    ) as producer:
        for _, given, value in found:
            await producer.send_and_wait(topic, value, key=b"a", headers=given)


async def read_topic(connection: KafkaConnection, topic: str, number: int) -> set[str]:
    """The values on the topic, once there are so many different ones."""
    values: set[str] = set()
    async with AIOKafkaConsumer(
        bootstrap_servers=connection.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        consumer.assign([TopicPartition(topic, partition) for partition in range(3)])
        async with asyncio.timeout(20):
            while len(values) < number:
                values.add((await consumer.getone()).value.decode())
    return values


@pytest.mark.kafka
async def test_messages_that_are_no_event_are_set_aside_once_and_the_rest_flows(
    connection: KafkaConnection, counter: Counter, listener: Listener
) -> None:
    found = garbage(counter.service)
    await put(connection, event_topic(counter.service), found)
    async with relaying(connection, counter) as publisher:
        listener.dead_letter = publisher.dead_letters(counter.service)
        await counter.count("a", "b", "c")
        source = KafkaSource(counter.service, connection, consumer="listener")
        async for batch in (batches := source.batches(lambda: None)):
            with pytest.raises(ZeroDivisionError):  # committed here, but not there: all of it comes again
                await listener.consumer(source).consume(type(batch)(batch.messages, lambda: 1 / 0))  # type: ignore[arg-type, return-value]
            break
        await batches.aclose()
        async with running(listen=listen(connection, listener)):
            assert await listener.heard(3) == {"a": [1], "b": [1], "c": [1]}

            async def all_set_aside() -> bool:
                return len(await listener.dead_letters()) == len(found)

            await wait_for(all_set_aside)
            letters = await listener.dead_letters()
        told = await read_topic(connection, dead_letter_topic(counter.service), len(found))
    for (word, _, _), (reason, _) in zip(found, letters, strict=True):
        assert word in reason
    assert {raw[:LONGEST_LETTER_BYTES] for _, raw in letters} == told
    assert letters[7][1].endswith('\n\n{"aggregate": ')
    assert "ce_subject: a\n" in letters[7][1]


# --- Members that come, go and stall -------------------------------------------------------------------------------


@pytest.mark.kafka
async def test_members_that_come_and_go_lose_nothing_and_repeat_nothing(
    connection: KafkaConnection, counter: Counter, listener: Listener
) -> None:
    names = [f"a{number}" for number in range(8)]
    async with relaying(connection, counter), running(first=listen(connection, listener)):
        await counter.count(*names * 5)
        await listener.heard(10)
        async with running(second=listen(connection, listener)):
            await counter.count(*names * 10)
            await listener.heard(100)
        await counter.count(*names * 5)
        effects = await listener.heard(160)
    assert effects == {name: list(range(1, 21)) for name in names}


@pytest.mark.kafka
async def test_a_consumer_that_stalls_is_made_anew(
    connection: KafkaConnection, counter: Counter, listener: Listener
) -> None:
    source = KafkaSource(
        counter.service, connection, consumer="listener", look_seconds=0.1, stuck_seconds=0.5
    )
    async with relaying(connection, counter), running(listen=listener.consumer(source).loop()):
        await counter.count("a")
        await listener.heard(1)
        stalled: Any = source._consumer
        stalled.pause(*stalled.assignment())  # answers heartbeats and reads nothing
        await counter.count("a")
        effects = await listener.heard(2)
        assert source._consumer is not stalled
    assert effects == {"a": [1, 2]}


# --- A broker that is not there ------------------------------------------------------------------------------------


@pytest.mark.kafka
async def test_what_starts_before_the_broker_waits_for_it(
    broker: Broker, counter: Counter, listener: Listener
) -> None:
    connection = KafkaConnection(broker.address)
    source = KafkaSource(counter.service, connection, consumer="listener")
    await counter.count("a", "b")
    async with (
        relaying(connection, counter) as publisher,
        running(listen=listener.consumer(source).loop()) as loops,
    ):

        async def failed() -> bool:
            return loops.liveness["listen"].failure is not None

        await wait_for(failed)
        assert await source.trouble() == "Kafka: not connected"
        assert (await publisher.trouble() or "").startswith("Kafka: ")
        broker.start()
        await wait_until_up(broker.address)
        await make_topics(connection, counter.service)
        assert await listener.heard(2) == {"a": [1], "b": [1]}
        assert await source.trouble() is None
        assert loops.troubles() == {}


@pytest.mark.kafka
async def test_a_broker_killed_in_mid_flow_loses_nothing_and_keeps_each_aggregate_in_order(
    broker: Broker, counter: Counter, listener: Listener
) -> None:
    broker.start()
    await wait_until_up(broker.address)
    connection = KafkaConnection(broker.address)
    await make_topics(connection, counter.service)
    written = dict.fromkeys((f"a{number}" for number in range(6)), 0)
    enough = asyncio.Event()

    async def write(name: str) -> None:
        while not enough.is_set():
            await counter.count(name)
            written[name] += 1

    async with relaying(connection, counter) as publisher, running(listen=listen(connection, listener)):
        writing = asyncio.gather(*map(write, written))
        await listener.heard(50)
        broker.kill()

        async def away() -> bool:
            return await publisher.trouble() is not None

        await wait_for(away)
        enough.set()
        await writing
        broker.start()
        await wait_until_up(broker.address)
        effects = await listener.heard(sum(written.values()))
    assert effects == {name: list(range(1, number + 1)) for name, number in written.items()}
    assert await listener.dead_letters() == []


async def test_a_broker_that_never_answers_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CALL_SECONDS", 0.3)
    monkeypatch.setattr(client, "START_SECONDS", 0.3)
    monkeypatch.setattr(client, "PROBE_SECONDS", 0.2)
    before = asyncio.all_tasks()
    began = time.monotonic()
    callers: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: callers.append(writer), "127.0.0.1", 0)
    async with silent as server:
        port = server.sockets[0].getsockname()[1]
        connection = KafkaConnection(f"127.0.0.1:{port}")
        publisher = KafkaPublisher(connection)
        event = CloudEvent(
            id=uuid4(),
            source="/dondoc/t",
            type="vn.dondoc.t.a.b.v1",
            subject="a",
            time="2025-05-20T01:00:00Z",
            data={},
        )
        with pytest.raises(TimeoutError):
            await publisher.publish([event])
        assert await publisher.trouble() == "Kafka: TimeoutError"
        with pytest.raises(TimeoutError):
            await anext(KafkaSource("t", connection, consumer="listener").batches(lambda: None))
        await publisher.close()
        for caller in callers:
            caller.close()
            await caller.wait_closed()

    async def tidy() -> bool:
        return asyncio.all_tasks() <= before

    await wait_for(tidy)
    assert time.monotonic() - began < 10


@pytest.mark.kafka
async def test_a_topic_that_is_missing_is_named_with_its_remedy(
    kafka: str, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "REQUEST_MS", 500)
    monkeypatch.setattr(kafka_source, "SESSION_MS", 6000)
    connection = KafkaConnection(kafka)
    source = KafkaSource(counter.service, connection, consumer="listener")
    remedy = f"no topic {event_topic(counter.service)}: create it with `dondoc topics`"
    with pytest.raises(LookupError, match=remedy):
        await anext(source.batches(lambda: None))
    publisher = KafkaPublisher(connection)
    event = CloudEvent(
        id=uuid4(),
        source="/dondoc/t",
        type=counter.contract.event_type,
        subject="a",
        time="2025-05-20T01:00:00Z",
        data={},
    )
    with pytest.raises(LookupError, match=remedy):
        await publisher.publish([event])
    await publisher.close()
