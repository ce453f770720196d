"""Prometheus metrics of databases. Each has series of its own, up to a bound; the rest are only counted."""

from datetime import datetime

from prometheus_client import Gauge
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.datasets.domain.observation import Observed
from services.datasets.settings import DatasetsSettings
from services.datasets.tables import Contradiction, Watch
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.loops import Loop, every
from shared.runtime.metrics import REFRESH_SECONDS

STATE = Gauge(
    "dondoc_database_state", "1 for the observed state of a database, else 0", ["database", "state"]
)
SINCE_HEARTBEAT = Gauge(
    "dondoc_database_heartbeat_age_seconds", "Since the last heartbeat of a database", ["database"]
)
SINCE_SYNC = Gauge(
    "dondoc_database_sync_age_seconds", "Since a database was last synchronised with the NDC", ["database"]
)
RECORDS = Gauge("dondoc_database_records", "Record count of a database's last heartbeat", ["database"])
LEFT_OUT = Gauge(
    "dondoc_database_metrics_left_out", "Databases beyond the bound, without metrics of their own"
)
BY_STATE = Gauge("dondoc_databases", "Databases by observed state", ["state"])
CONTRADICTIONS = Gauge("dondoc_contradictions_open", "Open contradictions", ["kind"])

_WATCHES = select(
    Watch.database_code,
    Watch.observed,
    Watch.last_heartbeat_at,
    Watch.last_sync_at,
    Watch.record_count,
).order_by(Watch.database_code)
_BY_STATE = select(Watch.observed, func.count().label("number")).group_by(Watch.observed)
_OPEN = (
    select(Contradiction.kind, func.count().label("number"))
    .where(Contradiction.closed_at.is_(None))
    .group_by(Contradiction.kind)
)


Shown = set[str]  # codes of the databases that have metrics of their own


def figures_loop(database: Database, clock: Clock, settings: DatasetsSettings) -> Loop:
    shown = Shown()

    async def refresh() -> None:
        async with database.snapshot() as connection:
            await show_figures(connection, clock.now(), settings.metric_databases, shown)

    return every(REFRESH_SECONDS, refresh)


async def show_figures(connection: AsyncConnection, now: datetime, most: int, shown: Shown) -> None:
    """Set the metrics from the watches; the first `most` databases by code have series of their own.

    `shown` is kept between calls: the series of a database that is now beyond the bound are removed.
    """
    numbers = {row.observed: row.number for row in await connection.execute(_BY_STATE)}
    for state in Observed:
        BY_STATE.labels(state.value).set(numbers.get(state.value, 0))
    LEFT_OUT.set(max(0, sum(numbers.values()) - most))
    CONTRADICTIONS.clear()
    for row in await connection.execute(_OPEN):
        CONTRADICTIONS.labels(row.kind).set(row.number)
    watches = (await connection.execute(_WATCHES.limit(most))).all()
    codes = {watch.database_code for watch in watches}
    for code in shown - codes:
        _remove(code)
    shown.clear()
    shown |= codes
    for watch in watches:
        for state in Observed:
            STATE.labels(watch.database_code, state.value).set(watch.observed == state.value)
        _show(SINCE_HEARTBEAT, watch.database_code, _age(watch.last_heartbeat_at, now))
        _show(SINCE_SYNC, watch.database_code, _age(watch.last_sync_at, now))
        _show(RECORDS, watch.database_code, watch.record_count)


def _remove(code: str) -> None:
    for state in Observed:
        STATE.remove(code, state.value)
    for gauge in (SINCE_HEARTBEAT, SINCE_SYNC, RECORDS):
        gauge.remove(code)


def _show(gauge: Gauge, code: str, value: float | None) -> None:
    """Set a database's gauge; without a value its series is removed."""
    if value is None:
        gauge.remove(code)
    else:
        gauge.labels(code).set(value)


def _age(instant: datetime | None, now: datetime) -> float | None:
    return None if instant is None else max(0.0, (now - instant).total_seconds())
