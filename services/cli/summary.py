"""The summary that `dondoc up` prints: due tasks, counts of databases, the latest budget."""

import json
from dataclasses import dataclass
from datetime import date, timedelta

from services.datasets.domain.observation import Observed
from services.datasets.domain.statistics import figures_of
from services.datasets.queries.contradictions import list_contradictions
from services.datasets.queries.statistics import load_database_facts
from services.datasets.settings import DatasetsSettings
from services.finance.domain.disbursement import percent
from services.finance.domain.ledger import Field
from services.finance.queries.balances import BalanceQuery, read_balances
from services.suite import Databases, SuiteSettings
from services.tasks.queries.projection import list_tasks
from services.tasks.queries.status import parameters
from shared.keys.viewers import EVERYTHING
from shared.runtime.clock import Clock, local_date
from shared.runtime.stable_reads import AsOf

SHOWN = 5  # tasks
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DatabaseSummary:
    """The number of databases; of these connected, late, and with an open contradiction."""

    total: int
    connected: int
    late: int
    contradicting: int


@dataclass(frozen=True, slots=True)
class MoneySummary:
    """The latest budget year with money, in đồng, defence and security left out; `rate` in percent."""

    year: str
    disbursed: int
    allocated: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class DueTask:
    due_on: date
    title: str


@dataclass(frozen=True, slots=True)
class Summary:
    """`due` may hold one task more than is shown; `money` is None before any was allocated."""

    due: list[DueTask]
    databases: DatabaseSummary
    money: MoneySummary | None


async def read_summary(databases: Databases, settings: SuiteSettings, clock: Clock) -> Summary:
    return Summary(
        await _due_this_week(databases, settings, clock),
        await _summarise_databases(databases, settings, clock),
        await _summarise_money(databases, clock),
    )


async def _due_this_week(databases: Databases, settings: SuiteSettings, clock: Clock) -> list[DueTask]:
    now = clock.now()
    today = local_date(now)
    wanted = {
        "status": ["in_progress", "due_soon"],
        "due_after": today - timedelta(days=1),
        "due_before": today + WEEK,
    }
    async with databases.tasks.reading() as connection:
        asked = parameters(AsOf(today, now), settings.tasks.due_soon_days)
        found = await list_tasks(connection, wanted, asked, EVERYTHING, after=None, limit=SHOWN)
    return [DueTask(place.due_on, json.loads(task)["title"]) for place, task in found if place.due_on]


async def _summarise_databases(
    databases: Databases, settings: SuiteSettings, clock: Clock
) -> DatabaseSummary:
    own = settings["datasets"]
    assert isinstance(own, DatasetsSettings)  # noqa: S101 - as registered
    now = clock.now()
    asked = AsOf(local_date(now), now)
    async with databases["datasets"].snapshot() as connection:
        whole = figures_of("", await load_database_facts(connection, asked, own.downtime))
        contradictions = await list_contradictions(connection, asked, {}, is_open=True)
    return DatabaseSummary(
        total=whole.total["count"],
        connected=whole.connected["count"],
        late=whole.by_observed[Observed.LATE]["count"],
        contradicting=len({row.database_code for row in contradictions}),
    )


async def _summarise_money(databases: Databases, clock: Clock) -> MoneySummary | None:
    now = clock.now()
    asked = BalanceQuery(local_date(now), now, without_field=Field.DEFENCE_SECURITY)
    async with databases["finance"].reading() as connection:
        _, years = await read_balances(connection, asked, EVERYTHING, "year")
    funded = [year for year in years if year.figures.allocated]
    if not funded:
        return None
    latest = max(funded, key=lambda year: int(year.key))
    disbursed, allocated = latest.figures.disbursed, latest.figures.allocated
    return MoneySummary(latest.key, disbursed, allocated, percent(disbursed, allocated))
