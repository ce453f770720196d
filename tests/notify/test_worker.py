"""The loops together: once a task is received, they raise and deliver by themselves."""

import asyncio
import threading
from contextlib import AsyncExitStack
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from services.notify.domain.subjects.tasks.milestones import FIXED, due_at, name_of
from services.notify.gateways import Message, WebhookSender
from services.notify.main import SERVICE
from services.notify.queries.reminders import NEXT_DUE
from services.notify.settings import NotifySettings
from services.notify.use_cases.reminders.raise_due import BATCH
from services.notify.use_cases.subjects import SUBJECTS
from services.notify.worker import deliveries, next_due_instant, work
from shared.events import tasks
from shared.events.envelope import CloudEvent
from shared.http.outgoing import Outcome
from shared.log.bus.embedded import OutboxSource
from shared.log.outbox import add_event
from shared.runtime.clock import ManualClock, local_instant
from shared.runtime.health import Health
from shared.runtime.loops import Loops
from tests.conftest import PLATFORM, MakeDatabase
from tests.notify.reports import TI, ReportedDatabase, budget
from tests.notify.world import World, task
from tests.support.bus import NoSource, wait_for
from tests.support.webhooks import subscriber
from tests.support.writing import writing

GOLDEN = Path(__file__).parents[1] / "contracts" / "golden"


async def test_weeks_pass_in_seconds_and_every_milestone_arrives_in_order(
    make_database: MakeDatabase, settings: NotifySettings
) -> None:
    clock = ManualClock(local_instant(date(2025, 4, 10)))
    known = task(date(2025, 5, 31))
    log = await make_database(PLATFORM)
    async with AsyncExitStack() as stack:
        world = await World.open(await make_database("notify"), clock, settings, stack)
        receiver = await stack.enter_async_context(subscriber())
        created = await world.subscribe(receiver.url)
        source = OutboxSource("tasks", log, world.database)
        worker = SERVICE.build_worker(
            settings, world.database, clock, source=lambda of: source if of == "tasks" else NoSource(of)
        )
        stack.push_async_callback(worker.close)
        loops = Loops(worker.loops)
        await stack.enter_async_context(loops.running())
        async with writing(log) as session:
            await add_event(session, tasks.TaskCreated(task=known), version=1, at=clock.now())
        while not await world.milestones(known.id):
            pass  # until it was heard of
        for number, milestone in enumerate(FIXED, start=1):
            clock.move_to(due_at(date(2025, 5, 31), milestone))
            await receiver.wait_for(number)
        assert await Health(dict(worker.checks), loops).troubles() == {}
        settled = await world.milestones(known.id)
    events = [got.verified(created["secret"]) for got in receiver.received]
    assert [event["data"]["milestone"] for event in events] == [name_of(milestone) for milestone in FIXED]
    assert {status for _, status, _ in settled[:-1]} == {"raised"}
    assert settled[-1] == ("T+14", "pending", "planned")


async def test_figures_tell_what_waits(world: World) -> None:
    await world.receive(task(date(2025, 5, 31)))
    await world.receive(budget(id=str(uuid4()), year=2025, allocated=5 * TI, disbursed=TI))
    own = work(world.settings, world.database, world.clock)
    world.go_to(date(2025, 5, 24), 9)
    await world.receive(ReportedDatabase().turns("late", world.clock.now()))
    world.go_to(date(2025, 5, 24), 10)
    loops = Loops({"notify-upkeep": own["notify-upkeep"]})
    async with loops.running():
        while loops.troubles():
            await world.rows("SELECT 1")
    figures = {
        kind: (
            REGISTRY.get_sample_value("dondoc_reminders", {"subject_kind": kind, "status": "pending"}),
            REGISTRY.get_sample_value("dondoc_reminders", {"subject_kind": kind, "status": "overdue"}),
            REGISTRY.get_sample_value("dondoc_reminder_lag_seconds", {"subject_kind": kind}),
        )
        for kind in SUBJECTS
    }
    assert figures == {"task": (6, 1, 7200), "database": (1, 1, 3600), "budget": (1, 0, 0)}
    assert set(own) == {"notify-reminders", "notify-deliver", "notify-upkeep"}


async def test_a_fault_with_one_subject_keeps_nothing_of_the_others_back(world: World) -> None:
    own = work(world.settings, world.database, world.clock)
    await world.receive(task(date(2025, 5, 21)))
    world.go_to(date(2025, 5, 21))
    await world.receive(
        *(ReportedDatabase(code=f"DB{n}").turns("late", world.clock.now()) for n in range(BATCH + 1))
    )
    await _rename(world, "tasks", "tasks_away")
    try:
        loops = Loops({"notify-reminders": own["notify-reminders"]})

        async def raised() -> bool:
            return len(await world.rows("SELECT 1 FROM alerts")) == BATCH + 1

        async def failed() -> bool:
            return loops.troubles() == {"notify-reminders": "ProgrammingError"}

        async with loops.running():
            await wait_for(raised)
            await wait_for(failed)
    finally:
        await _rename(world, "tasks_away", "tasks")


async def test_receivers_that_hold_the_sender_hold_no_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """API and loops share this process, as in the suite; the sender is woken by a commit, and computes without an end."""
    begun, let_go = threading.Event(), threading.Event()
    send = WebhookSender.send

    async def hold(sender: WebhookSender, message: Message) -> Outcome:
        begun.set()
        assert let_go.wait(20)
        return await send(sender, message)

    monkeypatch.setattr(WebhookSender, "send", hold)
    monkeypatch.setattr(deliveries, "POLL_SECONDS", 60)
    loops = Loops({"notify-deliver": work(world.settings, world.database, world.clock)["notify-deliver"]})
    async with subscriber() as receiver, loops.running():
        while loops.troubles():  # noqa: ASYNC110 - liveness has no event to wait for
            await asyncio.sleep(0)
        for number in range(1, 17):
            created = await world.subscribe(receiver.url)
            await world.call("POST", f"/subscriptions/{created['id']}/test", status=202)
            assert await asyncio.to_thread(begun.wait, 20)
            assert len(await world.items("/deliveries?status=pending")) == number
        let_go.set()
        await receiver.wait_for(16)
    assert (
        len(await world.items("/deliveries?status=delivered")) == 16
    )  # recorded, at the latest as the loop ended


async def _rename(world: World, table: str, name: str) -> None:
    async with writing(world.database) as session:
        await session.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


async def test_the_poll_for_due_reminders_probes_an_index_once_for_each_kind(world: World) -> None:
    async with writing(world.database) as session:
        await session.execute(
            text(
                "INSERT INTO reminders SELECT gen_random_uuid(), kind, n::text, 'G12', kind, '', '', 0, now(), now(),"
                " 'pending', 'planned', now(), '{}' FROM unnest(CAST(:kinds AS text[])) AS kind, generate_series(1, 3000) n"
            ),
            {"kinds": list(SUBJECTS)},
        )
    async with world.database.reading() as connection:
        await connection.execute(text("VACUUM ANALYZE reminders"))
        plan = await connection.execute(
            text(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF) {NEXT_DUE}"),
            {"subject_kinds": list(SUBJECTS)},
        )
        lines = "\n".join(row[0] for row in plan)
    assert "using ix_reminders_pending on reminders (actual rows=1.00 loops=3)" in lines, lines
    assert "Seq Scan" not in lines


async def test_due_next_is_the_earliest_of_all_subjects(world: World) -> None:
    async def next_due() -> datetime | None:
        async with world.database.reading() as connection:
            return await next_due_instant(connection)

    assert await next_due() is None
    await world.receive(budget(id=str(uuid4()), year=2025, allocated=5 * TI, disbursed=TI))
    assert await next_due() == local_instant(date(2025, 6, 1), 8)
    await world.receive(task(date(2025, 5, 31)))
    assert await next_due() == local_instant(date(2025, 5, 24), 8)


async def test_each_source_s_events_are_heard_by_its_name(world: World) -> None:
    """Golden samples of the other services' events: all are consumed, and those that call for it cause reminders."""
    for service, handlers in SERVICE.handlers(world.settings, world.clock).items():
        golden = [
            CloudEvent.model_validate_json((GOLDEN / f"{event_type}.json").read_bytes())
            for event_type in handlers
        ]
        await world.receive(*sorted(golden, key=lambda event: event.time))
        heard = await world.rows("SELECT 1 FROM inbox WHERE source = :source", source=service)
        assert heard
    assert await world.rows("SELECT 1 FROM dead_letters") == []
    found = await world.rows(
        "SELECT DISTINCT subject_kind, kind FROM reminders WHERE subject_kind <> 'task' ORDER BY 1, 2"
    )
    assert [tuple(row) for row in found] == [
        ("budget", "budget.behind"), ("budget", "budget.idle"), ("budget", "budget.unallocated"),
        ("database", "dataset.contradiction.opened"),  # its end causes none: it was postponed, and never raised
    ]  # fmt: skip
