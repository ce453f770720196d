"""An import is dated when it writes: figures asked while it reads, judges and prepares are today's, and hold for ever."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from services.tasks.use_cases.annexes import read_annex
from services.tasks.use_cases.imports import import_annex
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database, LateChange
from shared.runtime.stable_reads import latest_stable_instant
from shared.spreadsheets import Upload
from tests.support.processes import until
from tests.support.tasks import TasksService
from tests.tasks.importing import NQ71, report_of, table

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
DATED = {
    "tasks": "recorded_at",
    "deadlines": "recorded_at",
    "assignments": "recorded_at",
    "citations": "recorded_at",
    "origins": "recorded_at",
    "outbox": "time",
    "audit": "at",
}


async def _figures(office: TasksService, **asked: Any) -> Any:
    return await office.get("/statistics", params={"as_of": "2025-11-20", **asked})


async def test_figures_asked_while_an_import_is_under_way_are_of_now_and_hold_after_it(
    office: TasksService,
) -> None:
    await report_of(office, table("1,Sửa luật,Bộ Tư pháp,Tháng 6/2025,A"), "07-TB/CQTTBCĐ")
    office.clock.advance(minutes=1)
    async with office.database.bookkeeping() as other:
        await other.execute(text("SELECT FROM documents WHERE code = '71/NQ-CP' FOR UPDATE"))
        importing = asyncio.create_task(report_of(office, NQ71))

        async def waits() -> bool:
            async with office.database.reading() as connection:
                return bool(await connection.scalar(WAITING))

        await until(waits)
        office.clock.advance(minutes=10)
        during = await _figures(office)
        assert datetime.fromisoformat(during["known_at"]) == office.clock.now()
        assert during["total"] > 0
        office.clock.advance(seconds=1)
    assert (await importing)["accepted"] > 0
    assert await _figures(office, known_at=during["known_at"]) == during
    assert (await _figures(office))["total"] > during["total"]


@dataclass(frozen=True, slots=True)
class _Watched(LateChange):
    """Notes how things stand right before the change is announced, at an instant an hour after it began."""

    database: Database
    before: dict[str, Any]

    async def announce(self) -> datetime:
        assert isinstance(self.clock, ManualClock)
        self.clock.advance(hours=1)
        async with self.database.reading() as connection:
            self.before["settled"] = await latest_stable_instant(connection, self.clock.now())
            self.before["seen"] = await connection.scalar(text("SELECT count(*) FROM tasks"))
        self.before["prepared"] = await self.session.scalar(text("SELECT count(*) FROM pg_temp.tasks"))
        self.before["now"] = self.clock.now()
        return await LateChange.announce(self)


async def test_all_rows_are_prepared_before_an_import_is_announced_and_recorded_under_its_instant(
    office: TasksService,
) -> None:
    database, clock = office.database, office.clock
    annex = await read_annex(
        database, Upload("a.csv", NQ71), programme="NQ57", document="71/NQ-CP", before_includes_day=False
    )
    before: dict[str, Any] = {}
    async with database.late_change(clock) as late:
        watched = _Watched(late.session, clock, database, before)
        done = await import_annex(watched, annex, dry_run=False, partial=False, actor=SYSTEM)
    tasks = sum(1 + report.members for report in done.reports)
    assert before == {"settled": clock.now(), "seen": 0, "prepared": tasks, "now": clock.now()}
    assert await office.rows("SELECT count(*) FROM tasks") == [(tasks,)]
    for name, column in DATED.items():
        latest = await office.rows(f"SELECT max({column}) FROM {name}")  # noqa: S608 - names of this file
        assert latest == [(clock.now(),)], name
    assert await office.rows(
        "SELECT count(*) FROM (SELECT recorded_at FROM tasks UNION SELECT recorded_at FROM deadlines UNION SELECT "
        "recorded_at FROM assignments UNION SELECT recorded_at FROM citations UNION SELECT recorded_at FROM origins) AS all_of"
    ) == [(1,)]
    assert await office.rows(
        "SELECT count(DISTINCT xid), count(*), min(version) FROM outbox WHERE type LIKE '%task.created%'"
    ) == [(1, tasks, 1)]


async def test_a_dry_run_of_an_import_is_never_announced(office: TasksService) -> None:
    annex = await read_annex(
        office.database,
        Upload("a.csv", NQ71),
        programme="NQ57",
        document="71/NQ-CP",
        before_includes_day=False,
    )
    before: dict[str, Any] = {}
    async with office.database.late_change(office.clock) as late:
        watched = _Watched(late.session, office.clock, office.database, before)
        done = await import_annex(watched, annex, dry_run=True, partial=False, actor=SYSTEM)
    assert not done.written
    assert before == {}
