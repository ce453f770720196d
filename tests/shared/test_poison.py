"""Which events of a failing batch are set aside, case by case; and with any pattern of failures none is lost."""

import asyncio
from collections import Counter as Tally
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.envelope import CloudEvent, EventData
from shared.log.bus import BATCH, Batch
from shared.log.inbox import ConsumerStopped, EventMetadata
from shared.log.poison import FORGOTTEN_AFTER_SECONDS, TRIALS, Failures, Outcome, blames_event, poison_of
from shared.runtime.database import Database
from tests.conftest import PLATFORM
from tests.support.bus import NOW, Counter, Listener
from tests.support.reused import reused_database
from tests.support.writing import writing

N = TRIALS


@pytest.mark.parametrize(
    ("trial", "poison"),
    [
        ("", ""),
        ("a0 b0", ""),
        (f"a{N}", ""),  # alone: there is nothing to compare it with
        (f"a{N} b0", "a"),
        (f"a{N + 5} b0", "a"),
        (f"a{N - 1} b0", ""),  # not often enough
        (f"a{N} b{N}", ""),  # everything fails
        (f"a{N} b{N} c0", ""),  # of a's neighbours one passed and one failed
        (f"a{N} b{N} c0 d0", "ab"),
        (f"a{N} b1 c0 d0 e0", ""),  # b may be a defect that has just begun
        (f"a{N} B0 C0", ""),  # those pass by another handler
        (f"a{N} b0 C{N}", ""),  # the other handler fails on everything
        (f"a{N} b0 C{N} D0", "aC"),
    ],
)
def test_an_event_is_poison_when_it_fails_and_its_neighbours_pass(trial: str, poison: str) -> None:
    outcomes = [Outcome(word[0], word[0].isupper(), int(word[1:])) for word in trial.split()]
    assert poison_of(outcomes) == set(poison)


def database_error(sqlstate: str) -> DBAPIError:
    cause: Any = Exception("from the driver")
    cause.sqlstate = sqlstate
    return DBAPIError("SELECT 1", None, cause)


@pytest.mark.parametrize(
    ("error", "blamed"),
    [
        (ValueError(), True),
        (RecursionError(), True),
        (database_error("22001"), True),
        (database_error("23503"), True),
        (database_error("42P01"), False),  # a table of the next version
        (database_error("42501"), False),  # a right was taken away
        (database_error("40001"), False),
        (ConnectionError(), False),
        (OSError(28, "disk full"), False),
        (MemoryError(), False),
    ],
)
def test_what_any_event_would_meet_is_blamed_on_none(error: Exception, blamed: bool) -> None:
    assert blames_event(error) is blamed


def test_failures_are_counted_until_the_event_passes_or_is_no_longer_read() -> None:
    now = 0.0
    failures: Failures[str] = Failures(lambda: now)
    assert [failures.add("a"), failures.add("a"), failures.add("b")] == [1, 2, 1]
    assert failures.batch_limit() == 4 * BATCH
    failures.clear(["a"])
    assert (len(failures), failures.add("a"), failures.batch_limit()) == (1, 1, 2 * BATCH)
    now = FORGOTTEN_AFTER_SECONDS
    assert (len(failures), failures.batch_limit()) == (0, BATCH)


# --- Any pattern of failures, on a real database ---------------------------------------------------------------------

POISON, UNDECODABLE, FLAKY = "poison", "undecodable", "flaky"


class _Log:
    """A log that is read from the last acknowledged event on, by one reader after another."""

    name = "log"

    def __init__(self) -> None:
        self.events: list[CloudEvent] = []
        self.acknowledged = 0
        self.loses_acknowledgements = False

    async def batches(self, report: Callable[[], None], limit: int = BATCH) -> AsyncGenerator[Batch, None]:
        async def acknowledge() -> None:
            if self.loses_acknowledgements:
                raise ConnectionError("committed here, and not there")
            self.acknowledged += len(batch)

        while batch := self.events[self.acknowledged : self.acknowledged + max(1, limit // 50)]:
            report()
            yield Batch(tuple(batch), acknowledge)

    async def trouble(self) -> str | None:
        return None


class Consuming(RuleBasedStateMachine):
    """Events of three aggregates; some poison, some that fail a few times; defects and outages that come and go."""

    run: ClassVar[Callable[[Coroutine[Any, Any, Any]], Any]]
    listener: ClassVar[Listener]

    @initialize()
    def begin(self) -> None:
        self.run(self._clear())
        self.log = _Log()
        self.kinds: dict[UUID, str] = {}
        self.left: dict[UUID, int] = {}
        self.defect = self.outage = False
        self.start_anew()

    @rule()
    def start_anew(self) -> None:
        """A new process remembers no failures."""
        consumer = self.listener.consumer(self.log)
        self.consumer = replace(consumer, handlers=dict.fromkeys(consumer.handlers, self._handle))

    @rule(
        kinds=st.lists(st.sampled_from(["fine", "fine", "fine", POISON, UNDECODABLE, FLAKY]), max_size=6),
        aggregate=st.sampled_from("abc"),
        times=st.integers(1, 2 * TRIALS),
    )
    def publish(self, kinds: list[str], aggregate: str, times: int) -> None:
        for kind in kinds:
            contract = self.listener.counter.contract
            event = CloudEvent(
                id=uuid4(),
                source="/dondoc/log",
                type=contract.event_type,
                subject=aggregate,
                time=NOW,
                sequence=str(len(self.log.events) + 1),
                data={"aggregate": aggregate, "value": "many" if kind == UNDECODABLE else 0},
            )
            self.log.events.append(event)
            self.kinds[event.id] = kind
            self.left[event.id] = times if kind == FLAKY else 0

    @rule(defect=st.booleans(), outage=st.booleans(), lost=st.booleans())
    def change_the_weather(self, defect: bool, outage: bool, lost: bool) -> None:
        self.defect, self.outage, self.log.loses_acknowledgements = defect, outage, lost

    @rule(rounds=st.integers(1, TRIALS + 1))
    def consume(self, rounds: int) -> None:
        before = self.run(self._letters())
        for _ in range(rounds):
            self.run(self._round())
        after = self.run(self._letters())
        if self.defect or self.outage:
            assert {id_ for id_ in after - before if self.kinds[id_] != UNDECODABLE} == set()

    @rule(again=st.integers(0, 5))
    @precondition(lambda self: self.log.acknowledged)
    def read_again(self, again: int) -> None:
        """Another member takes over from an older position."""
        self.log.acknowledged = max(0, self.log.acknowledged - again)

    @invariant()
    def nothing_is_lost_and_nothing_takes_effect_twice(self) -> None:
        effects, letters = self.run(self._effects()), self.run(self._letters())
        assert set(effects.values()) <= {1}
        read = {event.subject + event.sequence: event.id for event in self.log.events}
        applied = {read[place] for place in effects}
        assert not applied & letters
        assert {event.id for event in self.log.events[: self.log.acknowledged]} <= applied | letters
        assert {self.kinds[id_] for id_ in letters} <= {POISON, UNDECODABLE, FLAKY}

    def teardown(self) -> None:
        """In fair weather, and with neighbours enough, every event ends applied or set aside."""
        self.change_the_weather(defect=False, outage=False, lost=False)
        self.publish(["fine"] * (len(self.log.events) + 2), "a", 1)
        rounds = (
            2 * TRIALS + TRIALS
        )  # a flaky event fails so often; each round reads to the end or to a failure
        while self.log.acknowledged < len(self.log.events) and rounds:
            self.run(self._round())
            rounds -= 1
        assert self.log.acknowledged == len(self.log.events)
        self.nothing_is_lost_and_nothing_takes_effect_twice()

    async def _round(self) -> None:
        limit = len(self.log.events) * 50  # as after many failures: all neighbours are in sight
        async for batch in self.log.batches(lambda: None, limit):
            try:
                await self.consumer.consume(batch)
            except (ConsumerStopped, ConnectionError):
                return

    async def _handle(self, session: AsyncSession, event: EventData, delivery: EventMetadata) -> None:
        if self.outage:
            raise ConnectionError("the database is away")
        if self.defect:
            raise KeyError("a defect of the handler")
        await self.listener.note(session, event, delivery)
        if self.kinds[delivery.event_id] == POISON:
            await session.execute(text("SELECT 1 / 0"))
        if self.left[delivery.event_id]:
            self.left[delivery.event_id] -= 1
            raise ValueError("not yet")

    async def _effects(self) -> Tally[str]:
        found = await self.listener.effects()
        return Tally(f"{subject}{version}" for subject, versions in found.items() for version in versions)

    async def _letters(self) -> set[UUID]:
        async with self.listener.database.reading() as connection:
            return set(await connection.scalars(text("SELECT event_id FROM dead_letters")))

    async def _clear(self) -> None:
        async with writing(self.listener.database) as session:
            await session.execute(text("TRUNCATE inbox, dead_letters, effects"))


@pytest.fixture
def consuming(postgres: URL, template: Callable[[str], str]) -> Iterator[None]:
    """A loop and a database for all examples of the machine, which is no coroutine."""
    loop = asyncio.new_event_loop()
    with reused_database(postgres, template(PLATFORM), "poison") as url:
        database = Database(url, pool_size=3, application="dondoc-test")
        Consuming.run = staticmethod(loop.run_until_complete)  # type: ignore[assignment]  # set for this test only
        Consuming.listener = Listener(database, Counter(database))
        loop.run_until_complete(Consuming.listener.prepare())
        yield
        loop.run_until_complete(database.close())
    loop.close()


@pytest.mark.usefixtures("consuming")
def test_with_any_pattern_of_failures_every_event_ends_applied_once_or_set_aside() -> None:
    """The rules and invariants of `Consuming` assert it."""
    chosen = settings(
        max_examples=20,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Consuming, settings=chosen)  # type: ignore[no-untyped-call]  # hypothesis ships it so
