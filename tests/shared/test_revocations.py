"""Revoked keys: learned within a second, remembered through an outage, and refused after a long one."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.errors import Unavailable
from shared.events import tasks
from shared.events.envelope import wrap
from shared.keys import revocations
from shared.keys.revocations import REVOCATION_HANDLERS, Revocations, record_revocation
from shared.log.bus import Batch
from shared.log.inbox import Consumer
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from shared.runtime.metrics import REVOCATION_FAILURES
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.processes import until
from tests.support.writing import writing

KEY, OTHER = "0123456789ab", "ba9876543210"


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    return await make_database(PLATFORM)


async def revoke(database: Database, clock: ManualClock, prefix: str = KEY, **lifetime: float) -> bool:
    expires_at = clock.now() + timedelta(**lifetime) if lifetime else None
    async with writing(database) as session:
        return await record_revocation(session, prefix, at=clock.now(), expires_at=expires_at)


async def is_known(revoked: Revocations, prefix: str) -> bool:
    return prefix in await revoked.current()


async def test_one_that_is_written_becomes_known(database: Database, clock: ManualClock) -> None:
    known = Revocations(database, clock)
    assert await known.current() == frozenset()
    await revoke(database, clock)
    await until(partial(is_known, known, KEY), 5)


async def test_it_is_written_once(database: Database, clock: ManualClock) -> None:
    assert await revoke(database, clock)
    assert not await revoke(database, clock)


async def test_only_keys_that_would_still_be_valid_are_remembered(
    database: Database, clock: ManualClock
) -> None:
    await revoke(database, clock, KEY, hours=1)
    await revoke(database, clock, OTHER)
    assert await Revocations(database, clock).current() == {KEY, OTHER}
    earlier = ManualClock(clock.now())
    clock.advance(hours=1)
    assert await Revocations(database, clock).current() == {OTHER}
    assert await Revocations(database, earlier).current() == {
        KEY,
        OTHER,
    }  # time that runs backwards revives none


async def test_the_database_is_asked_twice_a_second_at_most(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Revocations(database, clock)
    readings: list[int] = []
    whole = known._read

    async def read() -> None:
        readings.append(1)
        await whole()

    monkeypatch.setattr(known, "_read", read)
    monkeypatch.setattr(revocations, "REFRESH_SECONDS", 3600.0)
    for _ in range(50):
        await known.current()
    assert len(readings) == 1


async def test_the_event_writes_the_same_entry(database: Database, clock: ManualClock) -> None:
    """Also where the command could not reach this database."""
    told = tasks.KeyRevoked(prefix=KEY, revoked_at=clock.now())
    event = wrap(
        told.event_type,
        told.model_dump(mode="json"),
        event_id=uuid4(),
        subject=told.subject(),
        version=2,
        time=clock.now(),
    )

    async def acknowledge() -> None: ...

    class _Log:
        name = "tasks"

    consumer = Consumer("toy", database, clock, _Log(), tasks.EVENTS, REVOCATION_HANDLERS["tasks"])  # type: ignore[arg-type]  # nothing is read from it
    for _ in range(2):
        await consumer.consume(Batch((event,), acknowledge))
    assert await Revocations(database, clock).current() == {KEY}
    assert not await revoke(database, clock)


async def broken(database: Database) -> None:
    async with writing(database) as session:
        await session.execute(text("ALTER TABLE revoked_keys RENAME TO away"))


def failures(database: Database) -> float:
    return REVOCATION_FAILURES.labels(database.service)._value.get()  # type: ignore[no-any-return]


async def test_through_an_outage_the_last_list_holds_and_after_a_minute_no_key_is_accepted(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await revoke(database, clock)
    known = Revocations(database, clock)
    assert await known.current() == {KEY}
    assert await known.trouble() is None
    await broken(database)
    before = failures(database)
    monkeypatch.setattr(revocations, "REFRESH_SECONDS", 0.0)
    assert await known.current() == {KEY}
    assert failures(database) > before
    assert await known.trouble() is None
    monkeypatch.setattr(revocations, "TROUBLE_SECONDS", 0.0)
    assert "not read for" in str(await known.trouble())
    monkeypatch.setattr(revocations, "STALE_SECONDS", 0.0)
    with pytest.raises(Unavailable):
        await known.current()
    assert "no key is accepted" in str(await known.trouble())


async def test_a_process_that_never_read_the_list_accepts_no_key(
    database: Database, clock: ManualClock
) -> None:
    await broken(database)
    with pytest.raises(Unavailable):
        await Revocations(database, clock).current()
