"""Consuming events: each takes effect once, in one transaction with what it changes; poison messages are set aside."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import Column, Date, DateTime, Table, Text, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.envelope import CloudEvent, EventData
from shared.log.bus import Batch, DeadLetter, Source, Unreadable
from shared.log.dead_letters import StoredLetter, add_letters, identity_of, letter_of_event, letter_of_message
from shared.log.poison import TRIALS, Failures, Outcome, blames_event, poison_of
from shared.runtime.clock import Clock
from shared.runtime.database import Change, Database, platform_metadata
from shared.runtime.faults import is_transient
from shared.runtime.loops import Liveness, Loop, LoopStopped
from shared.runtime.metrics import CONSUMED, CONSUMER_PROGRESS, CONSUMER_STOPPED, DEAD_LETTERS
from shared.runtime.partitions import made_with

logger = logging.getLogger(__name__)

APPLIED, SET_ASIDE = "applied", "set_aside"

UNDATED = date.min  # to PostgreSQL -infinity; Python has no such date

# Partitioned by the day of the event's own time (UTC), which every redelivery repeats: with it the primary key spans the
# partitions. Undated are messages that are no events, and events received before there were partitions.
inbox = Table(
    "inbox",
    platform_metadata,
    Column("event_day", Date, primary_key=True, server_default=text("'-infinity'::date")),
    Column("event_id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    postgresql_partition_by="RANGE (event_day)",
    listeners=made_with(
        "CREATE TABLE inbox_undated PARTITION OF inbox FOR VALUES FROM (MINVALUE) TO ('0001-01-01')",
        "CREATE TABLE inbox_default PARTITION OF inbox DEFAULT",
    ),
)

_CLAIM = text(
    """
    INSERT INTO inbox (event_day, event_id, source, received_at)
    SELECT day, id, :source, now()
    FROM unnest(CAST(:days AS date[]), CAST(:ids AS uuid[])) AS given (day, id)
    WHERE NOT EXISTS (SELECT FROM inbox WHERE event_day = '-infinity' AND event_id = id)
    ORDER BY day, id
    ON CONFLICT DO NOTHING
    RETURNING event_id
    """
)
Key = tuple[date, UUID]


def key_of_event(event: CloudEvent) -> Key:
    """Its primary key in the inbox."""
    return event.time.astimezone(UTC).date(), event.id


def key_of_letter(letter: DeadLetter) -> Key:
    if letter.event_id is None:
        return UNDATED, identity_of(letter)
    return key_of_event(CloudEvent.model_validate_json(letter.raw))


@dataclass(frozen=True, slots=True)
class EventMetadata:
    """Arguments of a handler besides the event's data.

    `version` is its aggregate's, for the guard; `at` the instant of the change that applies the event here.
    """

    event_id: UUID
    version: int
    time: datetime
    at: datetime


Handler = Callable[[AsyncSession, EventData, EventMetadata], Awaitable[None]]


class ConsumerStopped(LoopStopped):
    """An unexpected error: of the batch nothing was applied and nothing set aside, and it is tried again."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"stopped by an unexpected error: {type(error).__name__}")


@dataclass(frozen=True, slots=True)
class _Event:
    """A decoded event."""

    envelope: CloudEvent
    data: EventData
    version: int

    @property
    def id(self) -> UUID:
        return self.envelope.id


@dataclass(frozen=True)
class Consumer:
    """Applies the events of one source to one database. Types without a handler are skipped.

    A transient error leaves a batch unacknowledged. So does an unexpected one, which stops the consumer: it retries the
    same batch with growing pauses, shown in /readyz and `dondoc_consumer_stopped`. Only poison messages are set aside
    (the rule is in `shared/log/poison.py`).

    `dead_letter` gets what is set aside before the table does; after a failure it may get the same again.
    """

    service: str
    database: Database
    clock: Clock
    source: Source
    contracts: Mapping[str, type[EventData]]
    handlers: Mapping[str, Handler]
    dead_letter: Callable[[DeadLetter], Awaitable[None]] | None = None
    _failures: Failures[UUID] = field(default_factory=Failures, init=False, repr=False)

    def __post_init__(self) -> None:
        """Create the series before the first event: a counter that begins at 1 has not increased."""
        DEAD_LETTERS.labels(self.service)
        self._mark_stopped(False)
        for outcome in (APPLIED, SET_ASIDE):
            self._count(outcome, 0)

    def loop(self) -> Loop:
        async def run(liveness: Liveness) -> None:
            def report() -> None:
                if not self._failures:  # other partitions may go on: they must not hide the failure
                    self._mark_stopped(False)
                    liveness.report()

            async with aclosing(self.source.batches(report, self._failures.batch_limit())) as batches:
                async for batch in batches:
                    await self.consume(batch)

        return run

    async def consume(self, batch: Batch) -> None:
        """Apply a batch and acknowledge it; raises the transient error, or ConsumerStopped for any other."""
        events, undecodable = self._decode(batch)
        try:
            await self._apply([], undecodable)
            await self._apply_or_examine(events)
        except Exception as error:
            if is_transient(error):
                raise
            self._mark_stopped(True)
            raise ConsumerStopped(error) from error
        self._failures.clear(event.id for event in events)
        await batch.acknowledge()
        self._mark_stopped(bool(self._failures))
        CONSUMER_PROGRESS.labels(self.service, self.source.name).set_to_current_time()

    async def consume_with_trials(self, batch: Batch) -> None:
        """As the loop does, without its pauses: raises ConsumerStopped after as many trials as show what is poison."""
        for trial in range(1, TRIALS + 1):
            try:
                await self.consume(batch)
                break
            except ConsumerStopped:
                if trial == TRIALS:
                    raise

    def _decode(self, batch: Batch) -> tuple[Sequence[_Event], Sequence[DeadLetter]]:
        """The events that have a handler, each once, and dead letters of what cannot be decoded."""
        events: dict[UUID, _Event] = {}
        undecodable: dict[UUID, DeadLetter] = {}
        for message in batch.messages:
            letter = None
            if isinstance(message, Unreadable):
                letter = letter_of_message(self.source.name, message)
            elif message.type in self.handlers:
                try:
                    events[message.id] = self._decode_event(message)
                except ValueError as error:
                    letter = letter_of_event(self.source.name, message, error)
            if letter is not None:
                undecodable[identity_of(letter)] = letter
        return tuple(events.values()), tuple(undecodable.values())

    def _decode_event(self, envelope: CloudEvent) -> _Event:
        """Raises ValueError (pydantic's ValidationError is one) where data or version are not of the contract."""
        data = self.contracts[envelope.type].model_validate(envelope.data)
        return _Event(envelope, data, envelope.version)

    async def _apply_or_examine(self, events: Sequence[_Event]) -> None:
        """Apply all; where that fails, find the poison messages by a trial and apply the others."""
        try:
            await self._apply(events)
        except Exception as error:
            if not blames_event(error):
                raise
            trial = await self._try_each(events)
            poison = self._examine(events, trial)
            if not poison:
                raise
            letters = [
                letter_of_event(self.source.name, event.envelope, found)
                for event in events
                if event.id in poison and (found := trial[event.id])
            ]
            await self._apply([event for event in events if event.id not in poison], letters)

    async def _try_each(self, events: Sequence[_Event]) -> dict[UUID, Exception | None]:
        """The error of each event that has not taken effect yet, None where it passes; all of it is rolled back.

        Raises an error that no event is to blame for.
        """
        trial: dict[UUID, Exception | None] = {}
        async with self.database.change(self.clock) as change:
            session = change.session
            await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            fresh = await self._claim(session, [key_of_event(event.envelope) for event in events])
            for event in events:
                if event.id not in fresh:
                    continue
                try:
                    async with session.begin_nested():
                        await self._handle(change, event)
                    trial[event.id] = None
                except Exception as error:
                    if not blames_event(error):
                        raise
                    trial[event.id] = error
            await session.rollback()
        return trial

    def _examine(self, events: Sequence[_Event], trial: Mapping[UUID, Exception | None]) -> frozenset[UUID]:
        self._failures.clear(event_id for event_id, error in trial.items() if error is None)
        return poison_of(
            [
                Outcome(
                    event.id,
                    self.handlers[event.envelope.type],
                    self._failures.add(event.id) if trial[event.id] else 0,
                )
                for event in events
                if event.id in trial
            ]
        )

    async def _apply(self, events: Sequence[_Event], letters: Sequence[DeadLetter] = ()) -> None:
        """In one transaction: apply the events that have not taken effect yet, and set `letters` aside."""
        letters = await self._not_claimed(letters)
        for letter in letters:
            await self._announce_letter(letter)
        keys = [key_of_event(event.envelope) for event in events] + [key_of_letter(each) for each in letters]
        if not keys:
            return
        async with self.database.change(self.clock) as change:
            fresh = await self._claim(change.session, keys)
            for event in events:
                if event.id in fresh:
                    await self._handle(change, event)
            letters = [letter for letter in letters if identity_of(letter) in fresh]
            await add_letters(change.session, letters)
        DEAD_LETTERS.labels(self.service).inc(len(letters))
        self._count(SET_ASIDE, len(letters))
        self._count(APPLIED, len(fresh) - len(letters))

    async def _handle(self, change: Change, event: _Event) -> None:
        envelope = event.envelope
        delivery = EventMetadata(envelope.id, event.version, envelope.time, change.at)
        await self.handlers[envelope.type](change.session, event.data, delivery)

    async def _claim(self, session: AsyncSession, keys: Iterable[Key]) -> set[UUID]:
        """The ids that never took effect here; sorted, so that two consumers never wait for each other."""
        days, ids = zip(*keys, strict=True)
        given = {"source": self.source.name, "days": list(days), "ids": list(ids)}
        return set(await session.scalars(_CLAIM, given))

    async def _not_claimed(self, letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
        """The letters not set aside yet: a stopped consumer reads the same batch again and again."""
        if not letters:
            return ()
        ids = [identity_of(letter) for letter in letters]
        async with self.database.reading() as connection:
            claimed = set(await connection.scalars(select(inbox.c.event_id).where(inbox.c.event_id.in_(ids))))
        return [letter for letter in letters if identity_of(letter) not in claimed]

    async def _announce_letter(self, letter: DeadLetter) -> None:
        known = {"source": letter.source, "event_id": letter.event_id, "reason": letter.reason}
        logger.error("event set aside", extra=known)
        if self.dead_letter is not None:
            await self.dead_letter(letter)

    async def replay(self, change: Change, letter: StoredLetter) -> None:
        """Apply the event of a letter that the caller has locked, as part of the caller's change.

        What was set aside has its claim in the inbox already; a message that could not be read has not, so its event is
        claimed now, and passed over where it has taken effect meanwhile. Raises ValueError where it still cannot be
        decoded, LookupError where no handler takes its type, and what the handler raises.
        """
        envelope = letter.event()
        if envelope.type not in self.handlers:
            raise LookupError(f"no handler of {self.service} takes {envelope.type}")
        event = self._decode_event(envelope)
        if letter.event_id is not None or await self._claim(change.session, [key_of_event(envelope)]):
            await self._handle(change, event)

    def _mark_stopped(self, stopped: bool) -> None:
        CONSUMER_STOPPED.labels(self.service, self.source.name).set(stopped)

    def _count(self, outcome: str, number: int) -> None:
        CONSUMED.labels(self.service, self.source.name, outcome).inc(number)
