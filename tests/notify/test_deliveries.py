"""Webhooks to real receivers on loopback."""

import asyncio
from contextlib import AsyncExitStack
from datetime import date, timedelta
from typing import Any, NoReturn

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks import Webhook, WebhookVerificationError

from services.notify.use_cases.deliveries import results
from services.notify.use_cases.deliveries.leases import Lease, expire_leases, lease_due
from services.notify.worker import deliveries
from services.notify.worker.deliveries import DeliveryWorker
from shared.events import tasks
from shared.runtime.clock import Clock
from shared.runtime.loops import Liveness
from tests.notify.world import World, agency, task
from tests.support.webhooks import Subscriber, always, hanging, subscriber
from tests.support.writing import writing

DUE = date(2025, 5, 31)
T7 = date(2025, 5, 24)


async def raise_one(world: World, **changes: Any) -> tasks.TaskState:
    """A task of G12 whose T-7 has just been raised."""
    known = task(DUE, **changes)
    await world.receive(known)
    if world.clock.now().date() < T7:
        world.go_to(T7)
    assert await world.raise_all()
    return known


async def only_delivery(world: World) -> Any:
    [delivery] = await world.items("/deliveries")
    return delivery


async def listening(stack: AsyncExitStack, *answers: Any) -> list[Subscriber]:
    return [await stack.enter_async_context(subscriber(answer)) for answer in answers]


async def test_a_signed_alert_arrives(world: World) -> None:
    async with subscriber() as receiver:
        created = await world.subscribe(receiver.url)
        await raise_one(world)
        assert await world.deliver() == 1
    [got] = receiver.received
    event = got.verified(created["secret"])
    [alert] = await world.items("/alerts")
    assert event["id"] == got.webhook_id == alert["id"]
    assert got.headers["content-type"] == "application/cloudevents+json"
    assert got.headers["user-agent"] == "dondoc-notify/1"
    assert event["type"] == "vn.dondoc.notify.alert.raised.v1"
    assert event["data"]["agency"] == {"code": "G12", "name": "Bộ Nội vụ"}
    assert alert["status"] == "delivered"
    delivery = await only_delivery(world)
    assert (delivery["status"], delivery["next_attempt_at"]) == ("delivered", None)
    [attempt] = delivery["attempts"]
    assert (attempt["number"], attempt["outcome"], attempt["status_code"], attempt["address"]) == (
        1, "delivered", 204, "127.0.0.1",
    )  # fmt: skip
    assert await world.deliver() == 0


async def test_a_delivery_is_seen_in_the_figures(world: World) -> None:
    def figures() -> list[float]:
        return [
            REGISTRY.get_sample_value(name, labels) or 0
            for name, labels in (
                ("dondoc_alerts_raised_total", {"kind": "deadline.reminder"}),
                ("dondoc_webhook_attempts_total", {"outcome": "delivered"}),
                ("dondoc_webhook_duration_seconds_count", {}),
                ("dondoc_deliveries_ended_total", {"status": "delivered"}),
                ("dondoc_alert_delivery_lag_seconds_count", {}),
            )
        ]

    before = figures()
    async with subscriber() as receiver:
        await world.subscribe(receiver.url)
        await raise_one(world)
        await world.deliver()
    assert figures() == [count + 1 for count in before]


async def test_the_signature_holds_for_this_secret_alone(world: World) -> None:
    async with subscriber() as receiver:
        await world.subscribe(receiver.url)
        other = await world.subscribe(receiver.url)
        await raise_one(world)
        await world.deliver()
    verified = 0
    for got in receiver.received:
        try:
            Webhook(other["secret"]).verify(got.body, dict(got.headers))
            verified += 1
        except WebhookVerificationError:
            pass
    assert (len(receiver.received), verified) == (2, 1)


async def test_a_failure_is_repeated_by_the_schedule_with_the_same_bytes_until_it_fails(world: World) -> None:
    async with subscriber(always(503)) as receiver:
        created = await world.subscribe(receiver.url)
        await raise_one(world)
        for delay in (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400):
            if delay:
                world.clock.advance(seconds=delay * 0.89)
                assert await world.deliver() == 0
                world.clock.advance(seconds=delay * 0.22)
            assert await world.deliver() == 1
        world.clock.advance(days=10)
        assert await world.deliver() == 0
    assert len({got.body for got in receiver.received}) == 1
    assert len({got.webhook_id for got in receiver.received}) == 1
    receiver.received[-1].verified(created["secret"])
    delivery = await only_delivery(world)
    assert (delivery["status"], delivery["reason"]) == ("failed", "retries_exhausted")
    assert [attempt["number"] for attempt in delivery["attempts"]] == list(range(1, 11))
    assert {attempt["error"] for attempt in delivery["attempts"]} == {"status_refused"}
    assert {attempt["excerpt"] for attempt in delivery["attempts"]} == {"seen"}
    [shown] = await world.items("/subscriptions")
    assert shown["consecutive_failures"] == 10


async def test_a_receiver_that_recovers_gets_its_alert(world: World) -> None:
    async with subscriber(lambda number: (500, {}) if number == 0 else (200, {})) as receiver:
        await world.subscribe(receiver.url)
        await raise_one(world)
        await world.deliver()
        world.clock.advance(seconds=6)
        assert await world.deliver() == 1
    delivery = await only_delivery(world)
    assert [attempt["outcome"] for attempt in delivery["attempts"]] == ["failed", "delivered"]
    [shown] = await world.items("/subscriptions")
    assert shown["consecutive_failures"] == 0


async def test_retry_after_is_honoured_when_longer(world: World) -> None:
    async with subscriber(always(429, retry_after="3600")) as receiver:
        await world.subscribe(receiver.url)
        await raise_one(world)
        await world.deliver()
        delivery = await only_delivery(world)
        assert delivery["next_attempt_at"] == (world.clock.now() + timedelta(hours=1)).isoformat().replace(
            "+00:00", "Z"
        )
        world.clock.advance(minutes=59)
        assert await world.deliver() == 0
        world.clock.advance(minutes=1)
        assert await world.deliver() == 1


async def test_410_disables_the_subscription_and_cancels_what_waits(world: World) -> None:
    async with subscriber(always(410)) as receiver:
        created = await world.subscribe(receiver.url)
        for _ in range(6):
            await world.receive(task(DUE))
        world.go_to(T7)
        await world.raise_all()
        await world.deliver()
        assert await world.deliver() == 0
    shown = await world.call("GET", f"/subscriptions/{created['id']}")
    assert (shown["status"], shown["status_reason"]) == ("disabled", "endpoint_gone")
    deliveries = await world.items("/deliveries")
    assert {(item["status"], item["reason"]) for item in deliveries} == {("cancelled", "endpoint_gone")}
    assert sum(item["attempts_made"] for item in deliveries) == len(receiver.received) == 4
    await world.receive(task(DUE, version=1))
    world.go_to(date(2025, 5, 28))
    await world.raise_all()
    assert len(await world.items("/deliveries")) == 6  # nothing more for it


async def test_a_redirect_is_not_followed(world: World) -> None:
    async with AsyncExitStack() as stack:
        [elsewhere] = await listening(stack, always(200))
        [receiver] = await listening(stack, always(307, location=elsewhere.url))
        await world.subscribe(receiver.url)
        await raise_one(world)
        await world.deliver()
        assert elsewhere.received == []
    delivery = await only_delivery(world)
    assert delivery["status"] == "pending"
    assert [attempt["error"] for attempt in delivery["attempts"]] == ["redirect_not_followed"]


async def test_a_receiver_that_is_down_is_tried_again(world: World) -> None:
    async with subscriber() as receiver:
        pass  # its port is closed from here on
    await world.subscribe(receiver.url)
    await raise_one(world)
    await world.deliver()
    delivery = await only_delivery(world)
    assert [attempt["error"] for attempt in delivery["attempts"]] == ["connect_failure"]
    assert delivery["status"] == "pending"


async def test_a_name_that_leads_inside_is_refused_at_the_call(world: World) -> None:
    world.settings = world.settings.model_copy(update={"allow_outgoing": ()})
    async with subscriber() as receiver:
        await world.subscribe(receiver.url)  # accepted while loopback was allowed
        await raise_one(world)
        await world.deliver()
        assert receiver.received == []
    delivery = await only_delivery(world)
    assert [attempt["error"] for attempt in delivery["attempts"]] == ["refused_address"]


# --- one in nobody's way --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last_call", ["consecutive_failures = 1", "is_slow = true"])
async def test_endpoints_that_hang_cost_the_others_nothing(world: World, last_call: str) -> None:
    """More hanging endpoints than the healthy lane has slots, and the healthy ones get theirs while they hang."""
    world.settings = world.settings.model_copy(
        update={"delivery_concurrency": 4, "delivery_concurrency_failing": 2, "subscriptions_per_agency": 100}
    )
    worker = DeliveryWorker(world.database, world.clock, world.settings)
    async with AsyncExitStack() as stack:
        hung = await listening(stack, *[hanging] * 6)
        for receiver in hung:
            await world.subscribe(receiver.url)
        await mark(world, last_call)
        [healthy] = await listening(stack, always(204))
        await world.subscribe(healthy.url)
        for _ in range(20):
            await world.receive(task(DUE))
        world.go_to(T7)
        await world.raise_all()
        loop = asyncio.create_task(worker.run(Liveness("deliver")))
        await healthy.wait_for(20)
        assert sum(len(receiver.received) for receiver in hung) <= 2
        assert not loop.done()
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        for receiver in hung:
            receiver.let_go.set()
        await worker.close()


async def test_one_endpoint_that_begins_to_hang_holds_a_few_slots_only(world: World) -> None:
    worker = DeliveryWorker(world.database, world.clock, world.settings)
    async with AsyncExitStack() as stack:
        hung, healthy = await listening(stack, hanging, always(204))
        await world.subscribe(hung.url)
        await world.subscribe(healthy.url)
        for _ in range(60):
            await world.receive(task(DUE))
        world.go_to(T7)
        await world.raise_all()
        loop = asyncio.create_task(worker.run(Liveness("deliver")))
        await healthy.wait_for(60)
        assert len(await hung.wait_for(4)) == 4
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        hung.let_go.set()
        await worker.close()
    counted = await world.rows("SELECT status, count(*) AS n FROM deliveries GROUP BY status ORDER BY status")
    assert [tuple(row) for row in counted] == [("delivered", 64), ("pending", 56)]


async def test_a_failing_endpoint_holds_one_call_so_that_others_can_recover(world: World) -> None:
    world.settings = world.settings.model_copy(update={"delivery_concurrency_failing": 4})
    worker = DeliveryWorker(world.database, world.clock, world.settings)
    async with AsyncExitStack() as stack:
        hung, recovering = await listening(stack, hanging, always(204))
        await world.subscribe(hung.url)
        for _ in range(4):
            await world.receive(task(DUE))
        world.go_to(T7)
        await world.raise_all()
        await world.subscribe(recovering.url)
        await mark(world, "consecutive_failures = 1")
        world.go_to(date(2025, 5, 28))
        await world.raise_all()
        loop = asyncio.create_task(worker.run(Liveness("deliver")))
        await recovering.wait_for(4)
        assert len(hung.received) == 1
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        hung.let_go.set()
        await worker.close()


async def mark(world: World, last_call: str) -> None:
    async with writing(world.database) as session:
        connection = await session.connection()
        await connection.exec_driver_sql(f"UPDATE subscriptions SET {last_call}")  # noqa: S608 - the test's own words


async def test_an_endpoint_is_slow_as_its_last_call_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with subscriber() as receiver:
        await world.subscribe(receiver.url)
        for slow_seconds, is_slow in ((-1.0, True), (2.0, False)):
            monkeypatch.setattr(results, "SLOW_SECONDS", slow_seconds)
            await raise_one(world)
            await world.deliver()
            assert [row.is_slow for row in await world.rows("SELECT is_slow FROM subscriptions")] == [is_slow]


async def test_an_agency_holds_half_of_the_calls(world: World) -> None:
    world.settings = world.settings.model_copy(update={"delivery_concurrency": 4})
    worker = DeliveryWorker(world.database, world.clock, world.settings)
    async with AsyncExitStack() as stack:
        hung = await listening(stack, *[hanging] * 4)
        for receiver in hung:
            await world.subscribe(receiver.url)
        await raise_one(world)
        assert await worker.lease_due() == 4
        [healthy] = await listening(stack, always(204))
        await world.subscribe(healthy.url, agency_code=None)
        await raise_one(world)
        await worker.lease_due()
        await healthy.wait_for(1)
        assert sum(len(receiver.received) for receiver in hung) == 2
        for receiver in hung:
            receiver.let_go.set()
        await worker.calls_ended()
        assert sum(len(receiver.received) for receiver in hung) == 8
        await worker.close()


async def test_workers_at_once_deliver_each_thing_once(world: World) -> None:
    async with subscriber() as receiver:
        await world.subscribe(receiver.url)
        for _ in range(40):
            await world.receive(task(DUE))
        world.go_to(T7)
        await world.raise_all()
        while sum(await asyncio.gather(*(world.deliver() for _ in range(4)))):
            pass
    assert len({got.webhook_id for got in receiver.received}) == len(receiver.received) == 40


# --- crashes --------------------------------------------------------------------------------------------------------


async def test_a_call_whose_end_nobody_recorded_is_lost_and_made_again_under_its_id(world: World) -> None:
    async with subscriber() as receiver:
        await world.subscribe(receiver.url)
        await raise_one(world)
        crashed = DeliveryWorker(world.database, world.clock, world.settings)
        assert await crashed.lease_due() == 1
        await receiver.wait_for(1)
        assert await world.deliver() == 0  # the lease holds
        await end_leases(world)
        assert await world.deliver() == 1
        delivery = await only_delivery(world)
        assert [attempt["outcome"] for attempt in delivery["attempts"]] == ["lost", "delivered"]
        assert len({got.webhook_id for got in receiver.received}) == 1
        assert len(receiver.received) == 2
        await crashed.close()  # it was only slow: its result comes late and is kept
    delivery = await only_delivery(world)
    assert [attempt["outcome"] for attempt in delivery["attempts"]] == ["delivered", "delivered"]
    assert delivery["status"] == "delivered"


async def test_a_late_failure_does_not_undo_a_delivery(world: World) -> None:
    async with subscriber(lambda number: (503, {}) if number == 0 else (204, {})) as receiver:
        await world.subscribe(receiver.url)
        await raise_one(world)
        slow = DeliveryWorker(world.database, world.clock, world.settings)
        await slow.lease_due()
        await receiver.wait_for(1)
        await end_leases(world)
        await world.deliver()
        await slow.close()
    delivery = await only_delivery(world)
    assert [attempt["outcome"] for attempt in delivery["attempts"]] == ["failed", "delivered"]
    assert delivery["status"] == "delivered"


async def test_a_late_failure_leaves_the_call_that_took_over_alone(world: World) -> None:
    async with subscriber(lambda number: (503, {}) if number == 0 else None) as receiver:
        await world.subscribe(receiver.url)
        await raise_one(world)
        slow, quick = (DeliveryWorker(world.database, world.clock, world.settings) for _ in range(2))
        await slow.lease_due()
        await receiver.wait_for(1)
        await end_leases(world)
        async with world.database.bookkeeping() as session:
            assert await expire_leases(session) == 1
        await quick.lease_due()
        await receiver.wait_for(2)
        await slow.close()
        [row] = await world.rows("SELECT lease_token, next_attempt_at FROM deliveries")
        assert row.lease_token is not None
        assert row.next_attempt_at == world.clock.now()
        receiver.let_go.set()
        await quick.close()
    assert (await only_delivery(world))["status"] == "delivered"


async def test_calls_that_a_closing_process_never_began_are_due_again_at_once(world: World) -> None:
    world.settings = world.settings.model_copy(update={"delivery_concurrency": 1})
    async with subscriber(lambda number: None if number == 0 else (204, {})) as receiver:
        for _ in range(3):
            await world.subscribe(receiver.url)
        await raise_one(world)
        closing = DeliveryWorker(world.database, world.clock, world.settings)
        assert await closing.lease_due() == 3
        await receiver.wait_for(1)
        receiver.let_go.set()
        await closing.close()
        rows = await world.rows("SELECT status, attempts, lease_token FROM deliveries ORDER BY attempts")
        assert [tuple(row) for row in rows] == [("pending", 0, None)] * 2 + [("delivered", 1, None)]
        assert [tuple(row) for row in await world.rows("SELECT count(*) FROM attempts")] == [(1,)]
        assert await world.deliver() == 2
    assert len(receiver.received) == 3


async def end_leases(world: World) -> None:
    async with writing(world.database) as session:
        connection = await session.connection()
        await connection.exec_driver_sql("UPDATE deliveries SET lease_until = now() - interval '1 second'")


async def test_results_outlive_a_database_that_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = DeliveryWorker(world.database, world.clock, world.settings)
    async with subscriber() as receiver:
        await world.subscribe(receiver.url)
        await raise_one(world)
        await worker.lease_due()
        with monkeypatch.context() as broken:
            broken.setattr(world.database, "change", away)
            with pytest.raises(ConnectionError):
                await worker.settle()
        await worker.close()
    assert (await only_delivery(world))["status"] == "delivered"
    assert len(receiver.received) == 1


async def test_a_recording_that_fails_costs_no_lease_that_is_taken_beside_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database has taken the leases, and has not answered yet, when the recording fails."""
    taken, failed = asyncio.Event(), asyncio.Event()

    async def lease_slowly(session: AsyncSession, **more: Any) -> list[Lease]:
        leases = await lease_due(session, **more)
        taken.set()
        await failed.wait()
        await session.execute(text("SELECT 1"))  # the answer is on its way
        return leases

    async def fail(session: AsyncSession, *_: object, **__: object) -> NoReturn:
        await taken.wait()
        try:
            await session.execute(text("SELECT 1 / 0"))
        finally:
            failed.set()
        raise AssertionError

    worker = DeliveryWorker(world.database, world.clock, world.settings)
    async with subscriber() as receiver:
        await world.subscribe(receiver.url)
        await raise_one(world)
        await worker.lease_due()
        await worker.calls_ended()
        await raise_one(world)
        with monkeypatch.context() as broken:
            broken.setattr(deliveries, "lease_due", lease_slowly)
            broken.setattr(deliveries, "record_results", fail)
            with pytest.raises(DBAPIError, match="division by zero"):
                await worker.round()
        await worker.calls_ended()
        await worker.close()
    rows = await world.rows("SELECT status, attempts, lease_token FROM deliveries")
    assert [tuple(row) for row in rows] == [("delivered", 1, None)] * 2
    assert [tuple(row) for row in await world.rows("SELECT outcome FROM attempts")] == [("delivered",)] * 2
    assert len(receiver.received) == 2


async def test_a_round_that_is_cancelled_costs_no_lease(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends while the database is taking leases."""
    taken = asyncio.Event()

    async def lease_slowly(session: AsyncSession, **more: Any) -> list[Lease]:
        leases = await lease_due(session, **more)
        taken.set()
        await session.execute(text("SELECT 1"))  # the answer is on its way
        return leases

    worker = DeliveryWorker(world.database, world.clock, world.settings)
    await world.subscribe("http://127.0.0.1:9/hook")
    await raise_one(world)
    monkeypatch.setattr(deliveries, "lease_due", lease_slowly)
    monkeypatch.setattr(worker, "_call", idle)
    running = asyncio.create_task(worker.run(Liveness("deliver")))
    await taken.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await worker.close()
    rows = await world.rows("SELECT status, attempts, lease_token FROM deliveries")
    assert [tuple(row) for row in rows] == [("pending", 0, None)]


async def idle(_: object) -> None:
    """A slot that begins no call."""


def away(_: Clock) -> Any:
    raise ConnectionError("the database is away")


async def test_a_secret_that_cannot_be_read_fails_its_own_delivery_only(world: World) -> None:
    async with AsyncExitStack() as stack:
        broken, sound = await listening(stack, always(204), always(204))
        first = await world.subscribe(broken.url)
        await world.subscribe(sound.url)
        async with writing(world.database) as session:
            connection = await session.connection()
            await connection.exec_driver_sql(
                "UPDATE subscriptions SET sealed_secret = (SELECT sealed_secret FROM subscriptions WHERE id <> $1::uuid)"
                " WHERE id = $1::uuid",
                (first["id"],),
            )
        await raise_one(world)
        await world.deliver()
        assert (len(broken.received), len(sound.received)) == (0, 1)
    errors = await world.rows("SELECT error FROM attempts WHERE error IS NOT NULL")
    assert [row.error for row in errors] == ["internal_error"]


# --- what has become pointless ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "completed"}, "task_ended"),
        ({"revision": 2, "due_on": date(2025, 8, 31)}, "deadline_moved"),
        ({"leads": ["G05"]}, "assignment_ended"),
        ({"children": 2}, "reported_by_children"),
    ],
)
async def test_undelivered_alerts_are_cancelled_with_the_reason(
    world: World, change: dict[str, Any], reason: str
) -> None:
    async with subscriber(always(500)) as receiver:
        await world.subscribe(receiver.url)
        known = await raise_one(world)
        await world.deliver()
        await world.receive(task(change.pop("due_on", DUE), id_=known.id, version=2, **change))
        world.clock.advance(days=1)
        assert await world.deliver() == 0
    delivery = await only_delivery(world)
    assert (delivery["status"], delivery["reason"]) == ("cancelled", reason)
    [alert] = await world.items("/alerts?status=cancelled")
    assert alert["delivery_counts"]["cancelled"] == 1


async def test_a_call_that_succeeds_while_its_task_ends_counts_as_delivered(world: World) -> None:
    worker = DeliveryWorker(world.database, world.clock, world.settings)
    async with subscriber(hanging) as receiver:
        await world.subscribe(receiver.url)
        known = await raise_one(world)
        await worker.lease_due()
        await receiver.wait_for(1)
        await world.receive(task(DUE, id_=known.id, version=2, state="completed"))
        assert (await only_delivery(world))["status"] == "cancelled"
        receiver.let_go.set()
        await worker.close()
    delivery = await only_delivery(world)
    assert (delivery["status"], delivery["reason"]) == ("delivered", None)


async def test_an_alert_raised_while_its_subscription_ended_is_cancelled_too(world: World) -> None:
    await world.subscribe("http://127.0.0.1:9/hook")
    await raise_one(world)
    async with writing(world.database) as session:  # as if the end had not seen the delivery
        connection = await session.connection()
        await connection.exec_driver_sql(
            "UPDATE subscriptions SET status = 'deleted', status_reason = 'deleted'"
        )
    assert await world.deliver() == 0
    delivery = await only_delivery(world)
    assert (delivery["status"], delivery["reason"]) == ("cancelled", "subscription_deleted")


# --- who gets what ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agency_code", "more", "gets"),
    [
        ("G12", {}, True),
        ("GOV", {}, False),
        ("GOV", {"include_descendants": True}, True),
        ("G05", {"include_descendants": True}, False),
        (None, {}, True),
        ("G12", {"event_types": ["deadline.due", "deadline.overdue"]}, False),
        ("G12", {"event_types": ["deadline.reminder"]}, True),
    ],
)
async def test_an_alert_goes_to_those_who_asked(
    world: World, agency_code: str | None, more: dict[str, Any], gets: bool
) -> None:
    await world.receive(agency("G05", "Bộ Tài chính", "GOV"))
    await world.subscribe("http://127.0.0.1:9/hook", agency_code, **more)
    await raise_one(world)
    assert len(await world.items("/deliveries")) == gets
    [alert] = await world.items("/alerts")
    assert alert["status"] == ("delivering" if gets else "raised")


async def test_a_tree_with_a_circle_ends(world: World) -> None:
    await world.receive(agency("A", "A", "B"), agency("B", "B", "A"))
    await world.subscribe("http://127.0.0.1:9/hook", "B", include_descendants=True)
    await raise_one(world, leads=["A"])
    assert len(await world.items("/deliveries")) == 1
