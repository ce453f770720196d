"""The loops together: agencies are copied, silence is recorded when it is due, metrics are set."""

import asyncio
from datetime import timedelta

from prometheus_client import REGISTRY

from services.datasets.domain.observation import Observed
from services.datasets.main import SERVICE
from services.datasets.worker.metrics import Shown, show_figures
from shared.events import tasks
from shared.log.bus.embedded import OutboxSource
from shared.log.outbox import add_event
from shared.runtime.database import Database
from shared.runtime.health import Health
from shared.runtime.loops import Loops
from tests.conftest import PLATFORM, MakeDatabase
from tests.datasets.world import START, World
from tests.support.writing import writing


async def test_a_database_falls_silent_while_the_loops_run(world: World, make_database: MakeDatabase) -> None:
    log = await make_database(PLATFORM)
    source = OutboxSource("tasks", log, world.database)
    worker = SERVICE.build_worker(world.settings, world.database, world.clock, source=lambda _: source)
    loops = Loops(worker.loops)
    async with loops.running(), asyncio.timeout(60):
        agency = tasks.AgencyRecorded(code="G99", name="Bộ mới", bloc="government", level="central")
        await _tell(log, agency)
        while not await world.rows("SELECT 1 FROM agencies WHERE code = 'G99'"):
            pass
        await world.register(owner_code="G99")
        await world.beat()
        for minute, state in ((70, "late"), (180, "down")):
            world.clock.move_to(START + timedelta(minutes=minute))
            while (await world.state())[0] != state:
                pass
        world.clock.advance(minutes=20)
        await world.beat(minutes_ago=5)
        await world.beat()
        assert await Health(dict(worker.checks), loops).troubles() == {}
    await worker.close()
    assert await world.transitions() == [
        ("unknown", "up", 0),
        ("up", "late", 70),
        ("late", "down", 180),
        ("down", "up", 200),
    ]
    assert await world.rows("SELECT 1 FROM downtimes") == []


async def _tell(log: Database, agency: tasks.AgencyRecorded) -> None:
    async with writing(log) as session:
        await add_event(session, agency, version=1, at=START)


async def test_two_workers_tell_a_silence_once(world: World) -> None:
    for number in range(12):
        await world.register(f"DB{number}")
        await world.beat(f"DB{number}")
    world.clock.advance(minutes=200)
    await asyncio.gather(*(world.watch() for _ in range(4)))
    for number in range(12):
        assert [after for _, after, _ in await world.transitions(f"DB{number}")] == ["up", "late", "down"]


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def show(world: World, shown: Shown) -> None:
    async with world.database.snapshot() as connection:
        await show_figures(connection, world.now, 2, shown)


async def test_figures_of_each_database_up_to_a_bound(world: World) -> None:
    for number in range(3):
        await world.register(f"F{number}")
    await world.beat("F0", count=77)
    await world.declare("F1", ndc_connection="none", effective_on="2026-03-01")
    await world.beat("F1", minutes_ago=1)
    world.clock.advance(minutes=2)
    shown = Shown()
    await show(world, shown)

    assert value("dondoc_database_state", database="F0", state="up") == 1
    assert value("dondoc_database_state", database="F0", state="down") == 0
    assert value("dondoc_database_heartbeat_age_seconds", database="F0") == 120
    assert value("dondoc_database_sync_age_seconds", database="F1") == 180
    assert value("dondoc_database_records", database="F0") == 77
    assert value("dondoc_database_state", database="F2", state="up") is None
    assert value("dondoc_database_metrics_left_out") == 1
    assert value("dondoc_databases", state="up") == 2
    assert value("dondoc_contradictions_open", kind="none_but_sending") == 1


OF_ONE = (
    "dondoc_database_heartbeat_age_seconds",
    "dondoc_database_sync_age_seconds",
    "dondoc_database_records",
)


async def test_a_database_that_is_pushed_beyond_the_bound_loses_its_metrics(world: World) -> None:
    shown = Shown()
    for code in ("M1", "M2"):
        await world.register(code)
        await world.beat(code)
    await show(world, shown)
    assert all(value(name, database="M2") is not None for name in OF_ONE)
    await world.register("M0")
    await show(world, shown)
    assert [value(name, database="M2") for name in OF_ONE] == [None] * 3
    assert [value("dondoc_database_state", database="M2", state=state) for state in Observed] == [None] * 5
    assert value("dondoc_database_state", database="M1", state="up") == 1
    assert value("dondoc_database_state", database="M0", state="unknown") == 1


async def test_an_age_of_what_is_told_no_more_is_not_shown(world: World) -> None:
    shown = Shown()
    await world.register("S")
    await world.beat("S", minutes_ago=1)
    await show(world, shown)
    assert value("dondoc_database_sync_age_seconds", database="S") == 60
    await world.beat("S", last_sync_at=None)
    await show(world, shown)
    assert value("dondoc_database_sync_age_seconds", database="S") is None
