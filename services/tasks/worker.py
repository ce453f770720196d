"""The loops of the tasks service: Prometheus metrics of tasks."""

from collections.abc import Mapping
from functools import partial

from prometheus_client import Gauge

from services.tasks.queries.statistics_today import count_tasks_today
from services.tasks.queries.status import parameters
from services.tasks.settings import TasksSettings
from shared.runtime.clock import Clock, local_date
from shared.runtime.database import Database
from shared.runtime.loops import Loop, every
from shared.runtime.metrics import REFRESH_SECONDS
from shared.runtime.stable_reads import AsOf

TASKS = Gauge("dondoc_tasks", "Tasks by status today, each counted once", ["status"])
TASKS_BY_BLOC = Gauge(
    "dondoc_tasks_by_bloc",
    "Tasks by status and leading bloc today; one of two blocs counts in both",
    ["bloc", "status"],
)


def work(settings: TasksSettings, database: Database, clock: Clock) -> Mapping[str, Loop]:
    refresh = partial(refresh_figures, settings, database, clock)
    return {"tasks-figures": every(REFRESH_SECONDS, refresh)}


async def refresh_figures(settings: TasksSettings, database: Database, clock: Clock) -> None:
    now = clock.now()
    async with database.snapshot() as connection:
        asked = parameters(AsOf(local_date(now), now), settings.due_soon_days)
        whole, blocs = await count_tasks_today(connection, asked, "bloc", "task")
    for status, number in whole.by_status.items():
        TASKS.labels(status).set(number)
    for bloc in blocs:
        for status, number in bloc.by_status.items():
            TASKS_BY_BLOC.labels(bloc.key, status).set(number)
