"""An import is dated when it writes: figures asked while it reads, judges and prepares are today's, and hold for ever."""

import asyncio
import threading
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from services.tasks.use_cases import imports
from services.tasks.use_cases.annexes import read_annex
from services.tasks.use_cases.imports import JudgedAnnex, import_annex, judge_annex
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import local_date
from shared.spreadsheets import Upload
from tests.support.imports import Notes
from tests.support.processes import until
from tests.support.tasks import TasksService
from tests.tasks.importing import NQ71, outcome, report_of, table

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
IDLE = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
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


async def _judged(office: TasksService) -> JudgedAnnex:
    upload = Upload("a.csv", NQ71)
    asked = {"programme": "NQ57", "document": "71/NQ-CP", "before_includes_day": False}
    annex = await read_annex(office.database, upload, **asked)
    return await judge_annex(office.database, annex, today=local_date(office.clock.now()))


async def test_all_rows_are_prepared_before_an_import_is_announced_and_recorded_under_its_instant(
    office: TasksService,
) -> None:
    database, clock = office.database, office.clock
    judged = await _judged(office)
    notes = Notes(database, "SELECT count(*) FROM tasks")
    async with database.late_change(clock) as late:
        await import_annex(notes.of(late), judged, actor=SYSTEM)
    tasks = sum(1 + report.members for report in judged.reports)
    assert (notes.settled, notes.now, notes.seen) == (clock.now(), clock.now(), 0)
    assert (
        len(notes.statements) == len(DATED) + 2
    )  # each table is copied at once; the projection; the import's own audit entry
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


async def test_rows_are_judged_outside_the_transaction_and_again_where_another_import_came_first(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    judging, may_go_on = threading.Event(), threading.Event()
    recognise = imports.recognise

    def held(*args: Any) -> Any:
        if not judging.is_set():
            judging.set()
            assert may_go_on.wait(90)
        return recognise(*args)

    monkeypatch.setattr(imports, "recognise", held)
    held_back = asyncio.create_task(report_of(office, NQ71))
    assert await asyncio.to_thread(judging.wait, 90)
    assert await office.rows(IDLE) == [(0,)]
    assert outcome(await report_of(office, NQ71)) == (46, 0, 0)
    may_go_on.set()
    assert outcome(await held_back) == (0, 0, 46)
    assert (await office.counts())["tasks"] == 46 + 57 + 3 * 23
