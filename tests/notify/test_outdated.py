"""Alerts of databases and budgets: those still owed, those outdated, and those that are pending again."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.notify.use_cases.deliveries.leases import Capacity, lease_due
from services.notify.use_cases.reminders.outdated import cancel_superseded
from shared.events.datasets import ObservedState
from shared.runtime.clock import ManualClock, local_date, local_instant
from tests.notify.reports import AT, TI, ReportedDatabase, budget
from tests.notify.world import World, event
from tests.support.webhooks import always, subscriber
from tests.support.writing import writing

HOUR = timedelta(hours=1)
SUPERSEDING = ("database", "budget")
LONG = 80 * HOUR  # longer ago than an event that causes an alert


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT)


async def alerts(world: World) -> list[str]:
    """Kinds, oldest first."""
    return [item["kind"] for item in reversed(await world.items("/alerts?limit=200"))]


async def turn(world: World, reported: ReportedDatabase, *changes: tuple[ObservedState, datetime]) -> None:
    """Each change is heard of and raised an hour after the one before."""
    for after, at in changes:
        world.clock.advance(hours=1)
        await world.receive(reported.turns(after, at))
        await world.raise_all()


async def deliveries(world: World) -> dict[str, tuple[str, str | None]]:
    """Status and reason by kind of alert."""
    rows = await world.rows(
        "SELECT kind, deliveries.status, reason FROM deliveries JOIN alerts ON alerts.id = alert_id"
    )
    return {row.kind: (row.status, row.reason) for row in rows}


# --- a recovery is owed -----------------------------------------------------------------------------------------------


async def test_each_recovery_is_told_where_a_late_heartbeat_makes_the_database_up_all_along(
    world: World,
) -> None:
    late, again = AT + 4 * HOUR, AT + 7 * HOUR
    await turn(world, ReportedDatabase(), ("late", late), ("up", AT), ("late", again), ("up", AT))
    assert await alerts(world) == ["dataset.late", "dataset.recovered"] * 2


async def test_a_recovery_that_was_told_is_not_told_again_after_a_maintenance(world: World) -> None:
    changes = (("late", AT + HOUR), ("up", AT), ("maintenance", AT + 3 * HOUR), ("up", AT + 4 * HOUR))
    await turn(world, ReportedDatabase(), *changes)  # type: ignore[arg-type]
    assert await alerts(world) == ["dataset.late", "dataset.recovered"]


async def test_a_trouble_that_goes_on_after_a_maintenance_is_not_told_again(world: World) -> None:
    changes = (("late", AT), ("maintenance", AT + HOUR), ("late", AT), ("up", AT + 4 * HOUR))
    await turn(world, ReportedDatabase(), *changes)  # type: ignore[arg-type]
    assert await alerts(world) == ["dataset.late", "dataset.recovered"]


async def test_an_older_recovery_that_is_heard_last_is_not_told_after_the_newer(world: World) -> None:
    reported = ReportedDatabase()
    changes = [reported.turns(after, at) for after, at in (("late", AT), ("up", AT - HOUR)) * 2]  # type: ignore[arg-type]
    for change in (changes[0], changes[2], changes[3], changes[1]):
        world.clock.advance(minutes=1)
        await world.receive(change)
        await world.raise_all()
    assert (await alerts(world))[-2:] == ["dataset.late", "dataset.recovered"]
    assert (await alerts(world)).count("dataset.recovered") == 1


@pytest.mark.parametrize("calm", [(), ("maintenance",)])
async def test_the_end_of_a_told_trouble_is_owed_however_long_nobody_listened(
    world: World, calm: tuple[ObservedState, ...]
) -> None:
    reported = ReportedDatabase()
    await turn(world, reported, ("down", AT))
    ending: tuple[ObservedState, ...] = (*calm, "up")
    missed = [reported.turns(after, AT + number * HOUR) for number, after in enumerate(ending, start=2)]
    heard = [event(data, version=data.database.version, at=data.at) for data in missed]
    world.clock.advance(hours=LONG / HOUR)
    await world.receive(*heard)
    await world.raise_all()
    assert await alerts(world) == ["dataset.down", "dataset.recovered"]


async def test_a_recovery_that_has_passed_as_well_is_not_told_of_a_database_in_trouble(world: World) -> None:
    reported = ReportedDatabase()
    await turn(world, reported, ("down", AT))
    missed = [reported.turns("up", AT + 2 * HOUR), reported.turns("late", AT + 3 * HOUR)]
    heard = [event(data, version=data.database.version, at=data.at) for data in missed]
    world.clock.advance(hours=LONG / HOUR)
    await world.receive(*heard)
    await world.raise_all()
    assert await alerts(world) == ["dataset.down"]
    await turn(world, reported, ("up", world.clock.now()))
    assert await alerts(world) == ["dataset.down", "dataset.recovered"]


async def test_what_is_heard_of_twice_before_it_is_raised_is_told_once(world: World) -> None:
    reported = ReportedDatabase()
    late = event(reported.turns("late", AT), version=reported.version, at=AT)
    await world.receive(late)
    async with writing(world.database) as session:
        await (await session.connection()).exec_driver_sql("DELETE FROM inbox")
    await world.receive(late)
    await world.raise_all()
    assert await alerts(world) == ["dataset.late"]


async def test_what_nobody_heard_of_a_database_in_time_owes_no_recovery(world: World) -> None:
    reported = ReportedDatabase()
    missed = [reported.turns("down", AT), reported.turns("up", AT + HOUR)]
    heard = [event(data, version=data.database.version, at=data.at) for data in missed]
    world.clock.advance(hours=LONG / HOUR)
    await world.receive(*heard)
    assert await world.raise_all() == 0
    assert [item["status"] for item in await world.items("/reminders")] == ["obsolete", "obsolete"]


# --- what was tried in vain and is outdated ---------------------------------------------------------------------------


async def test_a_retry_does_not_arrive_after_what_came_later(world: World) -> None:
    reported = ReportedDatabase()
    async with subscriber(lambda number: (503, {}) if number == 0 else (204, {})) as receiver:
        created = await world.subscribe(receiver.url)
        await turn(world, reported, ("late", AT))
        await world.deliver()
        await turn(world, reported, ("up", AT + HOUR))
        for _ in range(2):
            await world.deliver()
            world.clock.advance(days=1)
    kinds = [got.verified(created["secret"])["data"]["kind"] for got in receiver.received]
    assert kinds == ["dataset.late", "dataset.recovered"]
    assert await deliveries(world) == {
        "dataset.late": ("cancelled", "superseded"), "dataset.recovered": ("delivered", None),
    }  # fmt: skip


async def test_what_was_not_tried_yet_goes_out_in_order(world: World) -> None:
    async with subscriber() as receiver:
        created = await world.subscribe(receiver.url)
        await turn(world, ReportedDatabase(), ("late", AT), ("up", AT + HOUR))
        while await world.deliver():
            pass
    kinds = [got.verified(created["secret"])["data"]["kind"] for got in receiver.received]
    assert kinds == ["dataset.late", "dataset.recovered"]


async def test_a_retry_of_another_family_or_database_waits_on(world: World) -> None:
    reported, other, moved = ReportedDatabase(), ReportedDatabase(code="DB2"), ReportedDatabase(code="DB3")
    async with subscriber(always(503)) as receiver:
        await world.subscribe(receiver.url, None)
        await world.receive(reported.contradicts(AT))
        await world.receive(reported.turns("late", AT), other.turns("late", AT), moved.turns("late", AT))
        await world.raise_all()
        await world.deliver()
        moved.owner = "G05"
        await world.receive(reported.contradicts(AT + HOUR))  # another contradiction: another family
        await turn(world, moved, ("down", AT + HOUR))
        ended = await world.rows(
            "SELECT kind, alerts.agency_code FROM deliveries JOIN alerts ON alerts.id = alert_id WHERE deliveries.status <> 'pending'"
        )
        assert [tuple(row) for row in ended] == [
            ("dataset.late", "G12")
        ]  # a newer one of it, whoever owns it now
        [first, *_] = reported.open
        await world.receive(reported.agrees(first, AT + HOUR))
        await world.raise_all()
    found = await world.rows(
        "SELECT kind, count(*) AS n FROM deliveries JOIN alerts ON alerts.id = alert_id"
        " WHERE deliveries.status = 'cancelled' AND reason = 'superseded' GROUP BY 1"
    )
    assert sorted(tuple(row) for row in found) == [("dataset.contradiction.opened", 1), ("dataset.late", 1)]


async def test_a_call_under_way_is_left_and_not_repeated_when_it_fails_too_late(world: World) -> None:
    reported = ReportedDatabase()
    await world.subscribe("http://127.0.0.1:9/hook")
    await turn(world, reported, ("late", AT))
    room = Capacity(1, 1)
    async with world.database.bookkeeping() as session:
        await lease_due(session, now=world.clock.now(), answering=room, apart=room, lease_seconds=60)
    await turn(world, reported, ("up", AT + HOUR))
    assert (await deliveries(world))["dataset.late"] == ("pending", None)
    async with writing(world.database) as session:  # as a failed call is recorded
        await (await session.connection()).exec_driver_sql(
            "UPDATE deliveries SET lease_token = NULL, lease_until = NULL WHERE lease_token IS NOT NULL"
        )
    async with writing(world.database) as session:
        assert await cancel_superseded(session, SUPERSEDING, world.clock.now()) == 1
    assert (await deliveries(world))["dataset.late"] == ("cancelled", "superseded")


async def test_a_month_s_examination_ends_the_retries_of_the_month_before(world: World) -> None:
    world.go_to(date(2026, 3, 20))
    await world.receive(budget(1, disbursed=TI))
    async with subscriber(always(503)) as receiver:
        await world.subscribe(receiver.url)
        for month in (4, 5):
            world.go_to(date(2026, month, 1))
            await world.raise_all()
            await world.deliver()
    async with writing(world.database) as session:  # the newest is tried in vain too
        assert await cancel_superseded(session, SUPERSEDING, world.clock.now()) == 0
    rows = await world.rows("SELECT status, reason FROM deliveries ORDER BY created_at")
    assert [tuple(row) for row in rows] == [("cancelled", "superseded"), ("pending", None)]


# --- what is no longer true --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_tried", [False, True])
@pytest.mark.parametrize("calm", ["maintenance", "unknown"])
async def test_undelivered_troubles_of_a_database_at_rest_are_cancelled(
    world: World, calm: ObservedState, is_tried: bool
) -> None:
    reported = ReportedDatabase()
    async with subscriber(always(503)) as receiver:
        await world.subscribe(receiver.url)
        await world.receive(reported.contradicts(AT))
        await turn(world, reported, ("down", AT))
        if is_tried:
            await world.deliver()
        await turn(world, reported, (calm, AT + HOUR))
    assert await deliveries(world) == {
        "dataset.down": ("cancelled", "no_longer_true"), "dataset.contradiction.opened": ("pending", None),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({"disbursed": TI, "unallocated": TI}, {"budget.idle"}),
        ({"disbursed": 600 * TI, "unallocated": TI}, {"budget.idle", "budget.behind"}),
        ({}, {"budget.unallocated"}),
        ({"unallocated": TI}, set()),
    ],
)
async def test_undelivered_alerts_of_what_has_ended_of_a_budget_are_cancelled(
    world: World, changes: dict[str, Any], ended: set[str]
) -> None:
    await world.receive(budget(1, unallocated=TI))
    world.go_to(date(2026, 7, 1))
    await world.subscribe("http://127.0.0.1:9/hook")
    await world.raise_all()
    await world.receive(budget(2, **changes))
    found = await deliveries(world)
    assert set(found) == {"budget.behind", "budget.idle", "budget.unallocated"}
    assert {kind for kind, how in found.items() if how == ("cancelled", "no_longer_true")} == ended
    assert {how for kind, how in found.items() if kind not in ended} <= {("pending", None)}


# --- what was obsolete is pending again -----------------------------------------------------------------------------------------


async def test_real_news_of_a_budget_brings_back_what_was_obsolete_and_a_replay_changes_nothing(
    world: World,
) -> None:
    before = event(budget(1, allocated=0, unallocated=TI), version=1, at=datetime(2026, 3, 1, 2, tzinfo=UTC))
    world.go_to(date(2026, 8, 20))
    await world.receive(before)
    assert [item["status"] for item in await world.items("/reminders")] == ["obsolete"]
    world.go_to(date(2026, 8, 25), hour=9)
    allocation = event(budget(2, allocated=0, unallocated=2 * TI), version=2, at=world.clock.now())
    await world.receive(allocation)
    assert await world.raise_all() == 0
    world.go_to(date(2026, 8, 26))
    assert await world.raise_all() == 1
    [reminder] = await world.items("/reminders")
    assert (reminder["status"], reminder["facts"]["unallocated"]) == ("raised", 2 * TI)
    assert local_date(datetime.fromisoformat(reminder["occurred_at"])) == date(2026, 8, 26)
    await replay(world, before, allocation)
    assert await world.items("/reminders") == [reminder]


async def test_a_log_that_is_read_again_leaves_obsolete_what_is(world: World) -> None:
    reported = ReportedDatabase()
    missed = [reported.turns("down", AT), reported.turns("up", AT + HOUR)]
    heard = [event(data, version=data.database.version, at=data.at) for data in missed]
    of_budget = event(budget(1, unallocated=TI), version=1, at=local_instant(date(2026, 1, 20), 9))
    world.go_to(date(2026, 8, 20))
    await world.receive(*heard)
    await world.receive(of_budget)
    before = await world.rows("SELECT * FROM reminders ORDER BY id")
    await replay(world, *heard)
    await replay(world, of_budget)
    assert await world.rows("SELECT * FROM reminders ORDER BY id") == before


async def replay(world: World, *events: Any) -> None:
    """Consume the events once more, as if none had been consumed."""
    async with writing(world.database) as session:
        await (await session.connection()).exec_driver_sql("DELETE FROM inbox")
    for one in events:
        await world.receive(one)
        assert await world.raise_all() == 0
