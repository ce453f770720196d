"""Importing 100,000 rows, end to end, against COPY of the rows that this leaves in the database."""

import asyncio
import csv
import io
import json
import random
import resource
import time
from datetime import UTC, date, datetime
from statistics import median
from typing import Any

from sqlalchemy import URL, text

from bench.common import Figure, migrated
from services.cli.generate import DELIVERABLES, FIELDS, THINGS, VERBS
from services.tasks.use_cases.annexes import read_annex
from services.tasks.use_cases.documents import record_document, record_programme
from services.tasks.use_cases.imports import import_annex, judge_annex
from services.tasks.use_cases.seeding import load_catalogue
from shared.events import tasks as events
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database, driver_connection
from shared.spreadsheets import Upload
from tests.support.postgres import running_postgres
from tests.support.writing import run_alone, writing

ROWS, RUNS = 100_000, 1  # minutes long
PROGRAMME_ROWS, PROGRAMME_RUNS = 1_600, 7  # tasks of the real programme
AT = datetime(2025, 11, 20, tzinfo=UTC)
PROGRAMME, DOCUMENT = "NQ57", "71/NQ-CP"
COPIED = {  # what an import writes; ids and transaction numbers come from the server, as they do there
    "tasks": (),
    "deadlines": (),
    "assignments": ("id",),
    "citations": (),
    "outbox": ("id", "xid"),
    "audit": ("id",),
}
LEADS = (
    "Bộ Nội vụ", "Bộ Công an", "Bộ Tài chính", "Bộ Khoa học và Công nghệ", "Bộ Giáo dục và Đào tạo", "Bộ Y tế",
    "Bộ Tư pháp", "Bộ Xây dựng", "Thành phố Hà Nội", "Thành phố Đà Nẵng", "Thành phố Hồ Chí Minh",
)  # fmt: skip


def annex(rows: int) -> bytes:
    """An annex as printed: number, task, who leads, deadline, product."""
    draw = random.Random(57)
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(("STT", "Nhiệm vụ", "Cơ quan chủ trì", "Thời hạn", "Sản phẩm"))
    for number in range(1, rows + 1):
        title = (
            f"{draw.choice(VERBS)} {draw.choice(THINGS)} trong lĩnh vực {draw.choice(FIELDS)}, đợt {number}"
        )
        deadline = f"Tháng {draw.randint(1, 12)}/{draw.choice((2025, 2026))}"
        table.writerow((number, title, draw.choice(LEADS), deadline, draw.choice(DELIVERABLES)))
    return out.getvalue().encode()


async def prepare(url: URL) -> Database:
    """A migrated database with the catalogue, and a copy of every table that an import writes to."""
    database = await migrated(url.set(database="bench_import"), "tasks")
    async with writing(database) as session:
        await load_catalogue(session, actor=SYSTEM, at=AT)
        await record_programme(session, events.ProgrammeRecorded(code=PROGRAMME, title="NQ 57"), SYSTEM, AT)
        document = events.DocumentRecorded(
            code=DOCUMENT, type="Nghị quyết", issued_on=date(2025, 4, 1), title="NQ 71"
        )
        await record_document(session, document, SYSTEM, AT)
        for table in COPIED:
            await session.execute(text(f"CREATE TABLE copy_{table} (LIKE {table} INCLUDING ALL)"))
    return database


async def empty(database: Database) -> None:
    names = ", ".join(f"{table}, copy_{table}" for table in COPIED)
    await run_alone(database.url, f"TRUNCATE {names} CASCADE", "CHECKPOINT")


async def import_rows(database: Database, content: bytes, rows: int) -> float:
    """Seconds of an import: reading the file, understanding it, writing and committing it."""
    start = time.perf_counter()
    read = await read_annex(
        database,
        Upload("annex.csv", content),
        programme=PROGRAMME,
        document=DOCUMENT,
        before_includes_day=False,
    )
    judged = await judge_annex(database, read, today=AT.date())
    async with database.late_change(ManualClock(AT)) as change:
        await import_annex(change, judged, actor=SYSTEM)
    seconds = time.perf_counter() - start
    if sum(report.outcome == "accepted" for report in judged.reports) != rows:
        raise RuntimeError("the import did not take every row")
    return seconds


async def copy_rows(database: Database) -> float:
    """Seconds of COPY, binary and from memory, of all that the import wrote, in one transaction."""
    driver = await driver_connection(database)
    records: dict[str, tuple[list[str], list[Any]]] = {}
    for table, given in COPIED.items():
        found = await driver.fetch(f"SELECT * FROM {table}")  # noqa: S608 - names of this file
        columns = [name for name in found[0].keys() if name not in given]  # noqa: SIM118 - a driver's record
        records[table] = columns, [tuple(_sent(row[name]) for name in columns) for row in found]
    start = time.perf_counter()
    async with driver.transaction():
        for table, (columns, rows) in records.items():
            await driver.copy_records_to_table(f"copy_{table}", records=rows, columns=columns)
    seconds = time.perf_counter() - start
    await driver.close()
    return seconds


def _sent(value: Any) -> Any:
    """As SQLAlchemy's connections send it: they take JSON as text."""
    return json.dumps(value) if isinstance(value, dict) else value


async def compare(database: Database, rows: int, runs: int) -> tuple[list[float], list[float], float]:
    """Seconds of each import and each COPY, alternately, and this process's peak MiB during the first import."""
    content = annex(rows)
    imports, copies, peak = [], [], 0.0
    for _ in range(runs):
        await empty(database)
        imports.append(await import_rows(database, content, rows))
        peak = peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        copies.append(await copy_rows(database))
    return imports, copies, peak


def _figure(rows: int, imports: list[float], copies: list[float], limits: str) -> Figure:
    rates = f"{rows / max(imports):,.0f}-{rows / min(imports):,.0f} rows/s"
    return Figure(
        f"import of {rows:,} rows",
        rows / median(imports),
        "rows/s",
        f"COPY of the rows it writes, {rows / median(copies):,.0f} rows/s",
        median(copies) / median(imports),
        None,
        "at least",
        len(imports),
        f"{rates}; {limits}",
    )


async def _measure(url: URL) -> list[Figure]:
    database = await prepare(url)
    try:
        small = await compare(database, PROGRAMME_ROWS, PROGRAMME_RUNS)
        large = await compare(database, ROWS, RUNS)
    finally:
        await database.close()
    limits = (
        "one core: about half is SQLAlchemy making the mapped objects, the rest rules, events and JSON in Python "
        f"and six inserts a row with their foreign keys; peak memory {large[2]:,.0f} MiB"
    )
    return [
        _figure(PROGRAMME_ROWS, *small[:2], "loading the catalogue weighs more"),
        _figure(ROWS, *large[:2], limits),
    ]


def figures() -> list[Figure]:
    with running_postgres() as url:
        return asyncio.run(_measure(url))
