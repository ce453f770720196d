"""The tasks service's loops: its log onto the bus, and the figures operators watch."""

import asyncio

from prometheus_client import Gauge

from services.tasks.queries.statistics import count_tasks
from services.tasks.queries.status import parameters
from services.tasks.settings import TasksSettings
from shared.log.bus import Publisher
from shared.log.relay import relay_loop
from shared.runtime.clock import Clock, local_date
from shared.runtime.database import Database
from shared.runtime.health import Check, database_check
from shared.runtime.loops import Loop, Pulse
from shared.runtime.stable_reads import AsOf
from shared.runtime.worker import Worker

REFRESH_SECONDS = 15.0  # Prometheus scrapes about as often
TASKS = Gauge("dondoc_tasks", "Tasks by status today, each counted once", ["status"])
TASKS_BY_BLOC = Gauge(
    "dondoc_tasks_by_bloc",
    "Tasks by status and leading bloc today; one of two blocs counts in both",
    ["bloc", "status"],
)


def build_worker(
    settings: TasksSettings, database: Database, clock: Clock, *, publisher: Publisher | None
) -> Worker:
    """Without a publisher readers take the outbox as it is, and nothing is relayed."""
    loops: dict[str, Loop] = {"tasks-figures": _figures_loop(settings, database, clock)}
    checks: dict[str, Check] = {"tasks-database": database_check(database)}
    if publisher is None:
        return Worker(loops, checks)
    loops["tasks-relay"] = relay_loop("tasks", database, publisher)
    checks["tasks-log"] = publisher.trouble
    return Worker(loops, checks, publisher.close)


def _figures_loop(settings: TasksSettings, database: Database, clock: Clock) -> Loop:
    async def run(pulse: Pulse) -> None:
        while True:
            now = clock.now()
            async with database.snapshot() as connection:
                asked = parameters(AsOf(local_date(now), now), settings.due_soon_days)
                whole, blocs = await count_tasks(connection, asked, "bloc", "task")
            for status, number in whole.by_status.items():
                TASKS.labels(status).set(number)
            for bloc in blocs:
                for status, number in bloc.by_status.items():
                    TASKS_BY_BLOC.labels(bloc.key, status).set(number)
            pulse.beat()
            await asyncio.sleep(REFRESH_SECONDS)

    return run
