"""Transactions that lock the same deliveries in different orders wait for each other in turn, never in a circle."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.deliveries import DeliveryReason
from services.notify.tables import Delivery, Subscription
from services.notify.use_cases.deliveries.cancel import cancel_deliveries
from services.notify.use_cases.deliveries.leases import Capacity, Lease, lease_due
from services.notify.use_cases.deliveries.results import AttemptResult, record_results
from services.notify.use_cases.subjects import SUBJECTS
from shared.events.envelope import EventData
from shared.events.tasks import TaskAmended
from shared.log import inbox
from tests.notify.reports import ReportedDatabase
from tests.notify.world import World, task
from tests.support.writing import writing

DUE = date(2025, 5, 31)
NOWHERE = "http://127.0.0.1:9/hook"


async def leased(world: World) -> list[Lease]:
    """Two deliveries of two tasks, leased, in order of id."""
    await world.subscribe(NOWHERE)
    await world.receive(task(DUE), task(DUE))
    world.go_to(date(2025, 5, 24))
    await world.raise_all()
    room = Capacity(10, 10)
    async with world.database.bookkeeping() as session:
        leases = await lease_due(session, now=world.clock.now(), answering=room, apart=room, lease_seconds=60)
    assert len(leases) == 2
    return sorted(leases, key=lambda lease: lease.delivery_id)


async def leased_of(world: World, databases: Sequence[ReportedDatabase]) -> list[Lease]:
    """Deliveries of databases that are down, leased, in order of id."""
    await world.subscribe(NOWHERE)
    await world.receive(*(reported.turns("down", world.clock.now()) for reported in databases))
    await world.raise_all()
    room = Capacity(10, 10)
    async with world.database.bookkeeping() as session:
        leases = await lease_due(session, now=world.clock.now(), answering=room, apart=room, lease_seconds=60)
    assert len(leases) == len(databases)
    return sorted(leases, key=lambda lease: lease.delivery_id)


async def rest(world: World, session: AsyncSession, reported: ReportedDatabase) -> None:
    now = world.clock.now()
    change = reported.turns("maintenance", now)
    await apply(world, session, "database", change)


async def apply(world: World, session: AsyncSession, kind: str, event: EventData) -> None:
    """As the consumer does with an event that is recorded now."""
    now = world.clock.now()
    delivery = inbox.EventMetadata(uuid4(), 1, now, now)
    await SUBJECTS[kind].apply(session, event, delivery, world.settings.context(SUBJECTS[kind], now))


async def record(world: World, results: Sequence[AttemptResult]) -> None:
    async with writing(world.database) as session:
        await record_results(session, results, now=world.clock.now())


async def until_one_waits(world: World) -> None:
    """Until a transaction of this database waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(20):
        while not await world.rows(waiting):
            pass


async def task_of(world: World, lease: Lease) -> UUID:
    [row] = await world.rows(
        "SELECT subject FROM alerts JOIN deliveries ON alert_id = alerts.id WHERE deliveries.id = :id",
        id=lease.delivery_id,
    )
    return UUID(row.subject)


async def outcomes(world: World) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in await world.rows("SELECT status, reason FROM deliveries")}


async def test_a_batch_that_ends_several_tasks_while_their_calls_are_recorded(world: World) -> None:
    low, high = await leased(world)
    ended = [
        TaskAmended(
            task=task(DUE, id_=await task_of(world, lease), version=2, state="completed"), changed=("state",)
        )
        for lease in (high, low)
    ]
    failed = [AttemptResult(lease, jitter=0, status_code=503) for lease in (low, high)]
    async with writing(world.database) as session:
        await apply(world, session, "task", ended[0])
        recording = asyncio.create_task(record(world, failed))
        await until_one_waits(world)
        await apply(world, session, "task", ended[1])
    await recording
    assert await outcomes(world) == {("cancelled", "task_ended")}


async def test_a_batch_that_brings_several_databases_to_rest_while_their_calls_are_recorded(
    world: World,
) -> None:
    databases = [ReportedDatabase(code=code) for code in ("DB1", "DB2")]
    low, high = await leased_of(world, databases)
    of_low = await world.rows(
        "SELECT subject FROM alerts JOIN deliveries ON alert_id = alerts.id WHERE deliveries.id = :id",
        id=low.delivery_id,
    )
    first, second = sorted(databases, key=lambda reported: reported.code == of_low[0].subject)
    failed = [AttemptResult(lease, jitter=0, status_code=503) for lease in (low, high)]
    async with writing(world.database) as session:
        await rest(world, session, first)
        recording = asyncio.create_task(record(world, failed))
        await until_one_waits(world)
        await rest(world, session, second)
    await recording
    assert await outcomes(world) == {("cancelled", "no_longer_true")}


async def test_what_raises_does_not_wait_for_a_batch_that_may_wait_for_it(world: World) -> None:
    """The batch has the turn and goes on to a database which the one that raises holds."""
    first, second = [ReportedDatabase(code=code) for code in ("DB1", "DB2")]
    leases = await leased_of(world, [first, second])
    await record(world, [AttemptResult(lease, jitter=0, status_code=503) for lease in leases])
    await world.receive(second.turns("late", world.clock.now()))
    async with writing(world.database) as session:
        await rest(world, session, first)
        raising = asyncio.create_task(world.raise_all())
        await until_one_waits(world)
        await rest(world, session, second)
    assert await raising == 1
    found = await world.rows(
        "SELECT kind, reason FROM deliveries JOIN alerts ON alerts.id = alert_id ORDER BY 1"
    )
    assert {tuple(row) for row in found} == {
        ("dataset.down", "no_longer_true"),
        ("dataset.late", "no_longer_true"),
    }


async def test_a_subscription_that_is_ended_while_its_endpoint_says_gone(world: World) -> None:
    leases = await leased(world)
    subscription_id = leases[0].message.subscription_id
    gone = [AttemptResult(lease, jitter=0, status_code=410) for lease in leases]
    async with writing(world.database) as session:
        subscription = await session.get(Subscription, subscription_id, with_for_update={"key_share": True})
        assert subscription is not None
        recording = asyncio.create_task(record(world, gone))
        await until_one_waits(world)
        subscription.status = "deleted"
        theirs = Delivery.subscription_id == subscription_id
        await cancel_deliveries(session, theirs, DeliveryReason.SUBSCRIPTION_DELETED, world.clock.now())
    await recording
    assert await outcomes(world) == {("cancelled", "subscription_deleted")}
