"""Each event takes effect once; only what can never take effect is set aside."""

import errno
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.envelope import CloudEvent, EventData
from shared.log.bus import BATCH, Batch, DeadLetter, Unreadable
from shared.log.inbox import Consumer, ConsumerStopped, EventMetadata
from shared.runtime.stable_reads import latest_stable_moment
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.bus import NOW, POISON, Counter, Listener, running, wait_for

Messages = tuple[CloudEvent | Unreadable, ...]


class Shelf:
    """A source of batches given beforehand; each comes again until it is acknowledged."""

    name = "shelf"

    def __init__(self, *batches: Messages) -> None:
        self.waiting = list(batches)
        self.handed_out = 0

    async def batches(self, report: Callable[[], None], _: int = BATCH) -> AsyncGenerator[Batch, None]:
        async def acknowledge() -> None:
            self.waiting.pop(0)

        while self.waiting:
            report()
            self.handed_out += 1
            yield Batch(self.waiting[0], acknowledge)

    async def trouble(self) -> str | None:
        return None


@pytest.fixture
async def listener(make_database: MakeDatabase) -> Listener:
    database = await make_database(PLATFORM)
    listener = Listener(database, Counter(database))
    await listener.prepare()
    return listener


def counted(listener: Listener, aggregate: str, version: int = 1, value: Any = 0) -> CloudEvent:
    contract = listener.counter.contract
    return CloudEvent(
        id=uuid4(),
        source=f"/dondoc/{listener.counter.service}",
        type=contract.event_type,
        subject=aggregate,
        time=NOW,
        sequence=str(version),
        data={"aggregate": aggregate, "value": value},
    )


async def consume(consumer: Consumer) -> None:
    """All batches of the shelf, without a loop around that would go on after a failure."""
    async for batch in consumer.source.batches(lambda: None):
        await consumer.consume_with_trials(batch)


async def test_a_consumer_has_its_counters_before_the_first_event(listener: Listener) -> None:
    """A counter that begins at 1 has not increased, and the first dead letter would alert nobody."""
    consumer = replace(listener.consumer(Shelf()), service=f"unheard-{uuid4().hex}")
    assert REGISTRY.get_sample_value("dondoc_dead_letters_total", {"service": consumer.service}) == 0
    for outcome in ("applied", "set_aside"):
        labels = {"service": consumer.service, "source": "shelf", "outcome": outcome}
        assert REGISTRY.get_sample_value("dondoc_consumer_events_total", labels) == 0


async def test_only_the_poisonous_event_of_a_batch_is_set_aside(listener: Listener) -> None:
    letters: list[DeadLetter] = []

    async def keep(letter: DeadLetter) -> None:
        letters.append(letter)

    listener.dead_letter = keep
    poison = counted(listener, "a", 2, POISON)
    shelf = Shelf((counted(listener, "a", 1), poison, counted(listener, "b", 1), counted(listener, "a", 3)))
    await consume(listener.consumer(shelf))
    assert await listener.effects() == {"a": [1, 3], "b": [1]}
    assert await listener.dead_letters() == [("ValueError: poison", poison.model_dump_json())]
    assert letters == [DeadLetter("shelf", poison.id, "ValueError: poison", poison.model_dump_json())]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("many", "ValidationError"),  # breaks the contract
        (2**40, "DBAPIError"),  # the driver cannot send it
    ],
)
async def test_what_the_event_itself_brought_on_is_no_passing_fault(
    listener: Listener, value: Any, reason: str
) -> None:
    await consume(listener.consumer(Shelf((counted(listener, "a", 1, value), counted(listener, "b")))))
    assert await listener.effects() == {"b": [1]}
    ((told, _),) = await listener.dead_letters()
    assert told.startswith(reason)


async def test_a_text_that_the_database_cannot_hold_is_set_aside(listener: Listener) -> None:
    await consume(listener.consumer(Shelf((counted(listener, "a\0b"), counted(listener, "b")))))
    assert await listener.effects() == {"b": [1]}
    ((reason, raw),) = await listener.dead_letters()
    assert "\0" not in reason
    assert r"a\u0000b" in raw


async def test_an_event_that_comes_twice_takes_effect_once(listener: Listener) -> None:
    event, other = counted(listener, "a"), counted(listener, "b")
    await consume(listener.consumer(Shelf((event, event, other), (event,), (other, event))))
    assert await listener.effects() == {"a": [1], "b": [1]}


async def test_what_is_set_aside_is_set_aside_once(listener: Listener) -> None:
    poison = counted(listener, "a", 1, POISON)
    garbage = Unreadable("shelf/0/7", "no JSON", "\0{")
    other = replace(garbage, position="shelf/0/8")
    letters: list[DeadLetter] = []

    async def keep(letter: DeadLetter) -> None:
        letters.append(letter)

    listener.dead_letter = keep
    await consume(
        listener.consumer(Shelf((poison, garbage, counted(listener, "b")), (garbage, poison, other)))
    )
    assert await listener.dead_letters() == [
        ("shelf/0/7: no JSON", "\\0{"),
        ("ValueError: poison", poison.model_dump_json()),
        ("shelf/0/8: no JSON", "\\0{"),
    ]
    assert [(letter.reason, letter.raw) for letter in letters] == await listener.dead_letters()


async def test_an_event_without_a_handler_is_passed_over(listener: Listener) -> None:
    unknown = counted(listener, "a").model_copy(update={"type": "vn.dondoc.t.task.renamed.v9"})
    shelf = Shelf((unknown, counted(listener, "b")))
    await consume(listener.consumer(shelf))
    assert await listener.effects() == {"b": [1]}
    assert await listener.dead_letters() == []
    assert shelf.waiting == []


async def test_a_lost_connection_is_a_passing_fault(listener: Listener) -> None:
    shelf = Shelf((counted(listener, "a"), counted(listener, "b")), (counted(listener, "c"),))
    consumer = listener.consumer(shelf)
    faults = iter(["SELECT pg_terminate_backend(pg_backend_pid())"])

    async def note(session: AsyncSession, event: EventData, delivery: EventMetadata) -> None:
        await listener.note(session, event, delivery)
        for statement in faults:
            await session.execute(text(statement))

    consumer = replace(consumer, handlers=dict.fromkeys(consumer.handlers, note))
    async with running(listen=consumer.loop()):
        effects = await listener.heard(3)

        async def emptied() -> bool:
            return not shelf.waiting

        await wait_for(emptied)
    assert effects == {"a": [1], "b": [1], "c": [1]}
    assert await listener.dead_letters() == []
    assert shelf.handed_out == 3  # the first batch twice


@pytest.mark.parametrize(
    ("statement", "raised", "told"),
    [
        (  # as a statement time-out does
            "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(1)",
            DBAPIError,
            "canceling",
        ),
        ("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$", DBAPIError, "40P01"),  # deadlock
        # deployed before its migration
        ("SELECT * FROM a_table_of_the_next_version", ConsumerStopped, "unexpected error: ProgrammingError"),
    ],
)
async def test_a_database_that_cannot_now_leaves_the_batch_unacknowledged(
    listener: Listener, statement: str, raised: type[Exception], told: str
) -> None:
    shelf = Shelf((counted(listener, "a"), counted(listener, "b")))
    consumer = listener.consumer(shelf)

    async def note(session: AsyncSession, event: EventData, delivery: EventMetadata) -> None:
        await listener.note(session, event, delivery)
        await session.execute(text(statement))

    with pytest.raises(raised, match=told):
        await consume(replace(consumer, handlers=dict.fromkeys(consumer.handlers, note)))
    assert await listener.effects() == {}
    assert await listener.dead_letters() == []
    assert len(shelf.waiting) == 1
    await consume(consumer)
    assert await listener.effects() == {"a": [1], "b": [1]}


async def test_a_fault_of_the_machine_is_none_of_the_event(listener: Listener) -> None:
    consumer = listener.consumer(shelf := Shelf((counted(listener, "a"),)))

    async def fail(*_: object) -> None:
        raise OSError(errno.EMFILE, "too many open files")

    with pytest.raises(ConsumerStopped, match="OSError"):
        await consume(replace(consumer, handlers=dict.fromkeys(consumer.handlers, fail)))
    assert await listener.dead_letters() == []
    assert len(shelf.waiting) == 1


async def test_a_dead_letter_that_cannot_be_told_is_not_lost(listener: Listener) -> None:
    async def fail(_: DeadLetter) -> None:
        raise ConnectionError("no broker")

    listener.dead_letter = fail
    shelf = Shelf((counted(listener, "a", 1, POISON), counted(listener, "b")))
    with pytest.raises(ConnectionError):
        await consume(listener.consumer(shelf))
    assert len(shelf.waiting) == 1
    listener.dead_letter = None
    await consume(listener.consumer(shelf))
    assert len(await listener.dead_letters()) == 1


async def test_what_an_event_changes_is_dated_within_a_change_that_readers_know_of(
    listener: Listener,
) -> None:
    dated: list[tuple[datetime, datetime]] = []

    async def note(_: AsyncSession, __: EventData, delivery: EventMetadata) -> None:
        async with listener.database.reading() as connection:
            moment = await latest_stable_moment(connection, consumer.clock, delivery.at)
            dated.append((moment.known_at, delivery.at))

    consumer = listener.consumer(Shelf((counted(listener, "a"), counted(listener, "b"))))
    await consume(replace(consumer, handlers=dict.fromkeys(consumer.handlers, note)))
    assert len(dated) == 2
    assert all(known < at for known, at in dated)
