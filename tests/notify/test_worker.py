"""The loops together: told of a task, they raise and deliver in their own time."""

from contextlib import AsyncExitStack
from datetime import date, datetime
from pathlib import Path

from prometheus_client import REGISTRY
from sqlalchemy import text

from services.notify.consumers import CONTRACTS
from services.notify.domain.milestones import FIXED, due_at, name_of
from services.notify.settings import NotifySettings
from services.notify.worker import build_worker, next_due_instant
from shared.events import tasks
from shared.events.envelope import CloudEvent
from shared.log.bus.embedded import OutboxSource
from shared.log.outbox import add_event
from shared.runtime.clock import ManualClock, local_instant
from shared.runtime.health import Health
from shared.runtime.loops import Loops
from tests.conftest import SPINE, MakeDatabase
from tests.notify.told import TI, ToldDatabase, budget
from tests.notify.world import World, task
from tests.support.bus import wait_for
from tests.support.webhooks import subscriber
from tests.support.writing import writing

GOLDEN = Path(__file__).parents[1] / "contracts" / "golden"


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
        async with writing(log) as session:
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
    await world.tell(budget(id="2025:central:G12", year=2025, allocated=5 * TI, disbursed=TI))
    worker = build_worker(world.settings, world.database, world.clock, sources=[], publisher=None)
    world.go_to(date(2025, 5, 24), 9)
    await world.tell(ToldDatabase().turns("late", world.clock.now()))
    world.go_to(date(2025, 5, 24), 10)
    loops = Loops({"notify-upkeep": worker.loops["notify-upkeep"]})
    async with loops.running():
        while loops.troubles():
            await world.rows("SELECT 1")
    await worker.close()
    assert REGISTRY.get_sample_value("dondoc_timers", {"status": "pending"}) == 6
    assert REGISTRY.get_sample_value("dondoc_timers", {"status": "overdue"}) == 1
    assert REGISTRY.get_sample_value("dondoc_timer_lag_seconds") == 7200
    assert REGISTRY.get_sample_value("dondoc_signals", {"status": "pending"}) == 2
    assert REGISTRY.get_sample_value("dondoc_signals", {"status": "overdue"}) == 1
    assert REGISTRY.get_sample_value("dondoc_signal_lag_seconds") == 3600
    assert set(worker.loops) == {"notify-timers", "notify-signals", "notify-deliver", "notify-upkeep"}


async def test_a_fault_in_raising_timers_keeps_no_signal_back(world: World) -> None:
    worker = build_worker(world.settings, world.database, world.clock, sources=[], publisher=None)
    await world.tell(ToldDatabase().turns("late", world.clock.now()))
    await _rename(world, "timers", "timers_away")
    try:
        loops = Loops({name: worker.loops[name] for name in ("notify-timers", "notify-signals")})

        async def raised() -> bool:
            return bool(await world.rows("SELECT 1 FROM alerts"))

        async with loops.running():
            await wait_for(raised)
            assert "notify-timers" in loops.troubles()
    finally:
        await _rename(world, "timers_away", "timers")
        await worker.close()


async def _rename(world: World, table: str, name: str) -> None:
    async with writing(world.database) as session:
        await session.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


async def test_the_poll_for_due_timers_reads_an_index_alone(world: World) -> None:
    async with writing(world.database) as session:
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


async def test_what_is_due_next_is_the_earliest_of_timers_and_signals(world: World) -> None:
    async def next_due() -> datetime | None:
        async with world.database.reading() as connection:
            return await next_due_instant(connection)

    assert await next_due() is None
    await world.tell(budget(id="2025:central:G12", year=2025, allocated=5 * TI, disbursed=TI))
    assert await next_due() == local_instant(date(2025, 6, 1), 8)
    await world.tell(task(date(2025, 5, 31)))
    assert await next_due() == local_instant(date(2025, 5, 24), 8)


async def test_each_source_s_events_are_heard_by_its_name(world: World) -> None:
    """Golden samples of what the other services tell: all understood, the news in them recorded."""
    for service, contracts in CONTRACTS.items():
        golden = [
            CloudEvent.model_validate_json((GOLDEN / f"{event_type}.json").read_bytes())
            for event_type in contracts
        ]
        await world.tell(*sorted(golden, key=lambda event: event.time))
        heard = await world.rows("SELECT 1 FROM inbox WHERE source = :source", source=service)
        assert heard
    assert await world.rows("SELECT 1 FROM dead_letters") == []
    found = await world.rows("SELECT DISTINCT subject_kind, kind FROM signals ORDER BY 1, 2")
    assert [tuple(row) for row in found] == [
        ("budget", "budget.behind"), ("budget", "budget.idle"), ("budget", "budget.unallocated"),
        ("database", "dataset.contradiction.opened"),  # its end is no news: it was put off, and nobody told of it
    ]  # fmt: skip
