"""Importing an annex, end to end, against COPY of all rows that this leaves in the database, its projection among them."""

import asyncio
import csv
import io
import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection
from statistics import median

from sqlalchemy import URL, text

from bench.common import Figure, Run, failed, migrated
from bench.processes import peak_memory
from bench.serving import spawned
from services.tasks.use_cases.annexes import read_annex
from services.tasks.use_cases.documents import record_document, record_programme
from services.tasks.use_cases.generating import DELIVERABLES, FIELDS, THINGS, VERBS
from services.tasks.use_cases.imports import import_annex, judge_annex
from services.tasks.use_cases.seeding import load_catalogue
from shared.events import tasks as events
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database, driver_connection
from shared.spreadsheets import Upload
from tests.support.writing import run_alone, writing

SIZES = (1_600, 5), (100_000, 1), (1_000_000, 1)  # rows, the first as the real programme has; and runs
QUICK_SIZES = (1_600, 3), (10_000, 1)
GOAL = 0.25
LONGEST_SECONDS = 300.0  # of an import
MIB = 1024 * 1024
AT = datetime(2025, 11, 20, tzinfo=UTC)
PROGRAMME, DOCUMENT = "NQ57", "71/NQ-CP"
COPIED = (  # what an import writes
    "tasks", "deadlines", "assignments", "citations", "origins", "outbox", "audit", "projected_tasks", "task_keys",
)  # fmt: skip
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
    database = await migrated(url, "tasks")
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
    written = {table: io.BytesIO() for table in COPIED}
    for table, rows in written.items():
        await driver.copy_from_query(f"SELECT * FROM {table}", output=rows, format="binary")  # noqa: S608 - names of this file
        rows.seek(0)
    start = time.perf_counter()
    async with driver.transaction():
        for table, rows in written.items():
            await driver.copy_to_table(f"copy_{table}", source=rows, format="binary")
    seconds = time.perf_counter() - start
    await driver.close()
    return seconds


async def compare(database: Database, rows: int, runs: int) -> tuple[float, float, float]:
    """Median seconds of imports and of COPY, alternately, and this process's peak bytes after the first import."""
    content = annex(rows)
    imports, copies, peak = [], [], 0
    for _ in range(runs):
        await empty(database)
        imports.append(await import_rows(database, content, rows))
        peak = peak or peak_memory(os.getpid())
        copies.append(await copy_rows(database))
    return median(imports), median(copies), peak / MIB


def _compared(url: URL, rows: int, runs: int, ready: Connection) -> None:
    """In a process of its own, whose memory is the import's."""

    async def measure() -> tuple[float, float, float]:
        database = await prepare(url.set(database=f"bench_import_{rows}"))
        try:
            return await compare(database, rows, runs)
        finally:
            await database.close()

    ready.send(asyncio.run(measure()))


def figures(run: Run) -> Iterator[Figure]:
    seconds_a_row = 0.0
    for rows, runs in QUICK_SIZES if run.quick else SIZES:
        name, peer = f"import of {rows:,} rows", "COPY of the rows it writes, rows/s"
        if seconds_a_row * rows > LONGEST_SECONDS:
            yield failed(
                name, f"not tried: it would take {seconds_a_row * rows:,.0f} s", goal=GOAL, peer=peer
            )
            continue
        with spawned(_compared, run.server, rows, runs) as (imported, copied, peak):
            seconds_a_row = imported / rows
            limits = f"peak memory of the importing process {peak:,.0f} MiB, with the file"
            rate = rows / imported
            yield Figure(name, rate, "rows/s", peer, rows / copied, GOAL, runs=runs, limits=limits)
