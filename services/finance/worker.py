"""The loops of the finance service: gauges of budgets."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

from prometheus_client import Gauge

from services.finance.domain.balances import figures
from services.finance.domain.ledger import Level, Stage
from services.finance.queries.budgets import sum_by_level
from services.finance.settings import FinanceSettings
from shared.runtime.clock import Clock, local_date
from shared.runtime.database import Database
from shared.runtime.loops import Loop, every
from shared.runtime.metrics import REFRESH_SECONDS

MONEY = Gauge(
    "dondoc_budget_dong",
    "Money of this budget year, đồng, by level and figure, without defence and security",
    ["level", "figure"],
)


def work(_: FinanceSettings, database: Database, clock: Clock) -> Mapping[str, Loop]:
    return {"finance-figures": every(REFRESH_SECONDS, partial(refresh_figures, database, clock))}


async def refresh_figures(database: Database, clock: Clock) -> None:
    """Set the gauges to this year's money; a level without any shows 0."""
    async with database.reading() as connection:
        rows = {row.level: row for row in await sum_by_level(connection, local_date(clock.now()).year)}
    for level in Level:
        row = rows.get(level.value)
        amounts = figures({stage: int(getattr(row, stage.value)) for stage in Stage} if row else {})
        for name, amount in asdict(amounts).items():
            MONEY.labels(level.value, name).set(amount)
