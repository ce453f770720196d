"""Loading the sample databases: past declarations and results, and heartbeats up to now; see samples/README.md."""

import csv
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.domain.heartbeats import NewHeartbeat
from services.datasets.tables import Agency
from services.datasets.use_cases.databases import NewDatabase, add_database
from services.datasets.use_cases.declarations import record_declaration
from services.datasets.use_cases.downtime import record_liveness
from services.datasets.use_cases.heartbeats import SentHeartbeat, record_heartbeat
from services.datasets.use_cases.quality import NewResult, record_quality_result
from services.datasets.use_cases.watching import WatchRules, examine_database
from shared.agencies import require_agencies
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date, local_instant

SAMPLES = Path(__file__).parent.parent / "samples"
RECORDED_HOUR = 8
WATCHED_FOR = timedelta(days=45)  # how long ago the watch of the samples starts: before their first heartbeat
SENT_BEFORE = timedelta(hours=2)  # a heartbeat of "today" was sent so long ago
GRACE_SECONDS = 12 * 3600
DAY_SECONDS = 86_400

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Run:
    session: AsyncSession
    rules: WatchRules
    actor: Actor
    at: datetime


Action = Callable[[_Run, Row, datetime], Awaitable[object]]
Step = tuple[datetime, Action, Row]


async def load_samples(session: AsyncSession, *, rules: WatchRules, actor: Actor, at: datetime) -> None:
    """Register the sample databases and apply what was recorded of each by `at`, in the order of recording."""
    run = _Run(session, rules, actor, at)
    databases = _rows("databases.csv")
    registered = {row["code"]: _recorded_at(row["registered_on"]) for row in databases}
    if (since := min(registered.values())) > at:
        return
    await require_agencies(session, Agency, {row["owner_code"] for row in databases}, "owner_code")
    await _watch(run, since)
    past = [step for step in _steps(at) if registered[step[2]["code"]] <= step[0] <= at]
    for instant, act, row in sorted(past, key=lambda step: step[0]):
        await act(run, row, instant)
    for code in sorted({row["code"] for _, act, row in past if act is _send_heartbeat}):
        await examine_database(session, code, rules, at=at)


async def _watch(run: _Run, since: datetime) -> None:
    """Record a downtime of the watch until the samples' heartbeats start: silence before then does not count."""
    start = max(since, run.at - WATCHED_FOR)
    for instant, is_start in ((since, True), (start, True), (run.at, False)):
        await record_liveness(run.session, now=instant, downtime=run.rules.downtime, is_start=is_start)


def _steps(at: datetime) -> Iterator[Step]:
    """Every step in the files, with the instant of its recording."""
    for row in _rows("databases.csv"):
        yield _recorded_at(row["registered_on"]), _register, row
        if row["declared_on"]:
            yield _recorded_at(row["declared_on"]), _declare, row
    for row in _rows("quality.csv"):
        yield _recorded_at(row["recorded_on"]), _assess, row
    for row in _rows("heartbeats.csv"):
        for instant in _instants(row, at):
            yield instant, _send_heartbeat, row


async def _register(run: _Run, row: Row, at: datetime) -> None:
    new = NewDatabase(
        row["code"],
        row["name"],
        row["kind"],
        row["owner_code"],
        row["legal_basis"] or None,
        int(row["period_days"]) * DAY_SECONDS if row["period_days"] else None,
        GRACE_SECONDS if row["period_days"] else None,
    )
    await add_database(run.session, new, actor=run.actor, at=at)


async def _declare(run: _Run, row: Row, at: datetime) -> None:
    title = f"Báo cáo ngày {local_date(at):%d/%m/%Y} của cơ quan chủ quản (mẫu)"
    await record_declaration(
        run.session,
        row["code"],
        phase=row["phase"] or None,
        ndc_connection=row["ndc_connection"] or None,
        effective_on=date.fromisoformat(row["effective_on"]),
        evidence=[{"kind": "document", "reference": row["reference"], "title": title}],
        rules=run.rules,
        actor=run.actor,
        at=at,
    )


async def _assess(run: _Run, row: Row, at: datetime) -> None:
    new = NewResult(
        criterion=row["criterion"],
        measured=Decimal(row["measured"]),
        denominator=Decimal(row["denominator"]),
        threshold=Decimal(row["threshold"]),
        passed=row["passed"] == "yes",
        as_of=date.fromisoformat(row["as_of"]),
        method=row["method"],
        evidence=(),
    )
    await record_quality_result(run.session, row["code"], new, rules=run.rules, actor=run.actor, at=at)


async def _send_heartbeat(run: _Run, row: Row, at: datetime) -> None:
    new = NewHeartbeat(
        run_id=f"mau-{at:%Y%m%dT%H%M}",
        observed_at=at,
        record_count=int(row["record_count"]),
        last_sync_at=at,
    )
    await record_heartbeat(
        run.session, SentHeartbeat(row["code"], new), rules=run.rules, skew=timedelta(0), at=at
    )


def _instants(row: Row, at: datetime) -> Iterator[datetime]:
    first, last, every = (int(row[name]) for name in ("first_days_ago", "last_days_ago", "every_days"))
    for days in range(first, last - 1, -every):
        yield at - timedelta(days=days) - SENT_BEFORE


def _recorded_at(day: str) -> datetime:
    return local_instant(date.fromisoformat(day), RECORDED_HOUR)


def _rows(name: str) -> list[Row]:
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
