"""The loops together: told of a task, they raise and deliver in their own time."""

from contextlib import AsyncExitStack
from datetime import date

from prometheus_client import REGISTRY
from sqlalchemy import text

from services.notify.domain.milestones import FIXED, due_at, name_of
from services.notify.settings import NotifySettings
from services.notify.worker import build_worker
from shared.bus.embedded import OutboxSource
from shared.clock import ManualClock, local_instant
from shared.events import tasks
from shared.health import Health
from shared.loops import Loops
from shared.outbox import add_event
from tests.conftest import SPINE, MakeDatabase
from tests.notify.world import World, task
from tests.support.webhooks import subscriber


async def test_weeks_pass_in_seconds_and_every_milestone_arrives_in_order(
    make_database: MakeDatabase, settings: NotifySettings
) -> None:
    clock = ManualClock(local_instant(date(2025, 4, 10)))
    known = task(date(2025, 5, 31))
    log = await make_database(SPINE)
    async with AsyncExitStack() as stack:
        world = await World.open(await make_database("notify"), clock, settings, stack)
        receiver = await stack.enter_async_context(subscriber())
        created = await world.subscribe(receiver.url)
        source = OutboxSource("tasks", log, world.database)
        worker = build_worker(settings, world.database, clock, sources=[source], publisher=None)
        stack.push_async_callback(worker.close)
        loops = Loops(worker.loops)
        await stack.enter_async_context(loops.running())
        async with log.transaction() as session:
            await add_event(session, tasks.TaskCreated(task=known), version=1, at=clock.now())
        while not await world.timers(known.id):
            pass  # until it was heard of
        for number, milestone in enumerate(FIXED, start=1):
            clock.move_to(due_at(date(2025, 5, 31), milestone))
            await receiver.wait_for(number)
        assert await Health(dict(worker.checks), loops).troubles() == {}
        settled = await world.timers(known.id)
    events = [got.verified(created["secret"]) for got in receiver.received]
    assert [event["data"]["milestone"] for event in events] == [name_of(milestone) for milestone in FIXED]
    assert {status for _, status, _ in settled[:-1]} == {"raised"}
    assert settled[-1] == ("T+14", "pending", "planned")


async def test_figures_tell_what_waits(world: World) -> None:
    await world.tell(task(date(2025, 5, 31)))
    worker = build_worker(world.settings, world.database, world.clock, sources=[], publisher=None)
    world.go_to(date(2025, 5, 24), 10)
    loops = Loops({"notify-upkeep": worker.loops["notify-upkeep"]})
    async with loops.running():
        while loops.troubles():
            await world.rows("SELECT 1")
    await worker.close()
    assert REGISTRY.get_sample_value("dondoc_timers", {"status": "pending"}) == 6
    assert REGISTRY.get_sample_value("dondoc_timers", {"status": "overdue"}) == 1
    assert REGISTRY.get_sample_value("dondoc_timer_lag_seconds") == 7200
    assert set(worker.loops) == {"notify-timers", "notify-deliver", "notify-upkeep"}


async def test_the_poll_for_due_timers_reads_an_index_alone(world: World) -> None:
    async with world.database.transaction() as session:
        await session.execute(
            text(
                "WITH followed AS (INSERT INTO tasks (id, version, title, kind, state, revision, deadline_text, children,"
                " responsible) SELECT gen_random_uuid(), 1, 't', 'dated', 'open', 1, '', 0, '{}'"
                " FROM generate_series(1, 5000) RETURNING id) "
                "INSERT INTO timers SELECT gen_random_uuid(), id, 'G12', 1, '2030-01-01', 0, '2030-01-01', 'pending',"
                " 'planned', now() FROM followed"
            )
        )
    async with world.database.reading() as connection:
        await connection.execute(text("ANALYZE timers"))
        plan = await connection.execute(
            text("EXPLAIN SELECT min(due_at) FROM timers WHERE status = 'pending'")
        )
        assert "ix_timers_pending" in str(plan.all())
