"""Reminders: the poll that finds nothing due at 1,000,000 pending, and how many are claimed and raised a second."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

from sqlalchemy import URL, text

from bench.common import SECRET_KEY, Figure, Run, migrated
from services.notify.settings import NotifySettings
from services.notify.worker import next_due_instant, raise_batches
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.support.writing import run_alone, writing

TASKS, QUICK_TASKS = 125_000, 25_000
EACH = 8  # reminders of a task: the fixed milestones
POLLS = 500
ROUNDS = 15  # of raising, a batch each
LIMIT_MS = 2.0  # the poll runs every second in each process: 0.2% of one connection
RAISED_GOAL = 10_000.0  # reminders/s
START = datetime(2030, 1, 1, 1, tzinfo=UTC)

_ADD_TASKS = text(
    "INSERT INTO tasks (id, version, title, kind, state, revision, deadline_text, due_on, children, responsible)"
    " SELECT gen_random_uuid(), 1, 'Xây dựng Đề án', 'dated', 'open', 1, 'Tháng 6/2030', '2030-06-30', 0, '{G12}'"
    " FROM generate_series(1, :tasks)"
)
# One task's first milestone comes due each second, its others later than all first ones.
_ADD_REMINDERS = text(
    """
    INSERT INTO reminders (id, subject_kind, subject, agency_code, kind, dedup_key, series, rank, due_at, occurred_at, status,
                           reason, changed_at, facts)
    SELECT gen_random_uuid(), 'task', id, 'G12', 'deadline.reminder', 'G12/1/2030-06-30/' || days, 'G12', days, due_at, due_at,
           'pending', 'planned', now(), jsonb_build_object('revision', 1, 'due_on', '2030-06-30', 'milestone', 'T' || days)
    FROM (SELECT id, row_number() OVER () AS place FROM tasks) AS numbered
    CROSS JOIN generate_series(-CAST(:each AS integer), -1) AS days
    CROSS JOIN LATERAL (
        SELECT CAST(:start AS timestamptz) + make_interval(days => 3 * (days + CAST(:each AS integer) + 1), secs => place) AS due_at
    ) AS planned
    """
)


async def _measure(url: URL, tasks: int) -> tuple[float, float]:
    """Median milliseconds of a poll that finds nothing due, and reminders claimed and raised a second."""
    database = await migrated(url, "notify")
    try:
        async with writing(database) as session:
            await session.execute(text("SET LOCAL statement_timeout = 0"))
            await session.execute(_ADD_TASKS, {"tasks": tasks})
            await session.execute(_ADD_REMINDERS, {"start": START, "each": EACH})
        await run_alone(database.url, "VACUUM ANALYZE tasks, reminders")
        return await _poll(database), await _raise(database)
    finally:
        await database.close()


async def _poll(database: Database) -> float:
    """The query of the loop, check-out of the connection included."""
    taken = []
    for _ in range(POLLS):
        began = time.perf_counter()
        async with database.reading() as connection:
            due = await next_due_instant(connection)
        taken.append((time.perf_counter() - began) * 1000)
        assert due is not None and due > START  # noqa: PT018 - one condition: something waits, nothing is due
    return median(taken)


async def _raise(database: Database) -> float:
    settings = NotifySettings(
        database_url="postgresql://unused",
        secret_key=SECRET_KEY,
    )
    clock = ManualClock(START + timedelta(days=4))  # tens of thousands are due
    began, raised = time.perf_counter(), 0
    for _ in range(ROUNDS):
        more = await raise_batches(database, clock, settings)
        assert more, "nothing is due any more"
        raised += more
    return raised / (time.perf_counter() - began)


def figures(run: Run) -> Iterator[Figure]:
    tasks = QUICK_TASKS if run.quick else TASKS
    poll, rate = asyncio.run(_measure(run.database("reminders"), tasks))
    name = f"reminders: nothing-due poll at {tasks * EACH:,} pending"
    limits = "check-out and its liveness probe: the query itself reads one entry of a partial index for each kind of subject"
    yield Figure(name, poll, "ms", goal=LIMIT_MS, bound="under", runs=POLLS, limits=limits)
    limits = "each read and rendered in Python beside PostgreSQL's inserts of alert, event and audit entry, two batches at once"
    name = "reminders: claimed and raised, one worker"
    yield Figure(name, rate, "reminders/s", goal=RAISED_GOAL, runs=ROUNDS, limits=limits)
