"""The finance service's loops: agencies from the log of tasks, its own log onto the bus, and what operators watch."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict

from prometheus_client import Gauge

from services.finance.consumers import consumer
from services.finance.domain.ledger import Level, Stage, figures
from services.finance.queries.budgets import sum_by_level
from services.finance.settings import FinanceSettings
from shared.log.bus import DeadLetter, Publisher, Source
from shared.log.relay import relay_loop
from shared.runtime.clock import Clock, local_date
from shared.runtime.database import Database
from shared.runtime.health import Check, database_check
from shared.runtime.loops import Loop, Pulse
from shared.runtime.worker import Worker

REFRESH_SECONDS = 15.0  # Prometheus scrapes about as often
MONEY = Gauge(
    "dondoc_budget_dong", "Money of this budget year, đồng, by level and figure", ["level", "figure"]
)


def build_worker(
    settings: FinanceSettings,  # noqa: ARG001 - every service's worker is built alike
    database: Database,
    clock: Clock,
    *,
    sources: Sequence[Source],
    publisher: Publisher | None,
    dead_letter: Callable[[DeadLetter], Awaitable[None]] | None = None,
) -> Worker:
    """Without a publisher readers take the outbox as it is, and nothing is relayed."""
    loops: dict[str, Loop] = {"finance-figures": _figures_loop(database, clock)}
    checks: dict[str, Check] = {"finance-database": database_check(database)}
    for source in sources:
        loops[f"finance-consume-{source.name}"] = consumer(database, source, clock, dead_letter).loop()
        checks[f"finance-source-{source.name}"] = source.trouble
    if publisher is None:
        return Worker(loops, checks)
    loops["finance-relay"] = relay_loop("finance", database, publisher)
    checks["finance-log"] = publisher.trouble
    return Worker(loops, checks, publisher.close)


async def refresh_figures(database: Database, clock: Clock) -> None:
    """Set the gauges to this year's money; a level without any shows 0."""
    async with database.reading() as connection:
        rows = {row.level: row for row in await sum_by_level(connection, local_date(clock.now()).year)}
    for level in Level:
        row = rows.get(level.value)
        told = figures({stage: int(getattr(row, stage.value)) for stage in Stage} if row else {})
        for name, amount in asdict(told).items():
            MONEY.labels(level.value, name).set(amount)


def _figures_loop(database: Database, clock: Clock) -> Loop:
    async def run(pulse: Pulse) -> None:
        while True:
            await refresh_figures(database, clock)
            pulse.beat()
            await asyncio.sleep(REFRESH_SECONDS)

    return run
