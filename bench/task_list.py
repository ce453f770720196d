"""The task list of 50 rows at 100,000 tasks against raw asyncpg + Starlette + orjson on the same query."""

import asyncio
import base64
import os
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

import asyncpg
import orjson
from sqlalchemy import URL, text
from sqlalchemy.dialects import postgresql
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.common import SECRET_KEY, Figure, migrated, warmed
from bench.serving import requests_per_second, serve_app, spawned
from services.tasks.main import SERVICE
from services.tasks.queries.status import parameters
from services.tasks.queries.tasks import page_statement
from services.tasks.settings import TasksSettings
from services.tasks.use_cases.seeding import load_catalogue
from shared.keys.tokens import KeySigner, draw_key
from shared.keys.viewers import EVERYTHING
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import SystemClock, local_date
from shared.runtime.database import Database
from shared.runtime.health import Health
from shared.runtime.stable_reads import AsOf
from tests.support.postgres import running_postgres
from tests.support.writing import writing

TASKS = 100_000
ROWS = 50
REQUESTS = 300
TOGETHER = 4
RUNS = 5

_FILL = (
    """INSERT INTO programmes (code, normal_form, similar_form, title, version, recorded_at)
       VALUES ('NQ57', 'NQ57', 'NQ57', 'NQ57', 1, now())""",
    """INSERT INTO tasks (id, title, search_text, programme_code, kind, state, deliverable, priority, children_count,
                          assigned_on, due_on, recorded_at, version)
       SELECT gen_random_uuid(), 'Hoàn thiện cơ sở dữ liệu chuyên ngành ' || n, 'hoan thien co so du lieu ' || n, 'NQ57',
              'dated', 'open', 'Báo cáo', 'normal', 0, date '2025-01-01', date '2026-01-01' + n % 700, now(), 1
       FROM generate_series(1, :tasks) AS n""",
    """INSERT INTO deadlines (task_id, revision, text, kind, due_on, flags, unread_words, effective_on, recorded_at)
       SELECT id, 1, 'trước ngày ' || to_char(due_on, 'DD/MM/YYYY'), 'date', due_on, '{}', '{}', assigned_on, recorded_at
       FROM tasks""",
    """INSERT INTO assignments (task_id, agency_code, role, effective_on, recorded_at)
       SELECT tasks.id, agency.code, role.role, assigned_on, tasks.recorded_at
       FROM tasks
       CROSS JOIN LATERAL (VALUES ('lead', 0), ('coordinate', 7)) AS role (role, shift)
       JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS n, count(*) OVER () AS number FROM agencies) AS agency
         ON agency.n = (('x' || substr(tasks.id::text, 1, 4))::bit(16)::int + role.shift) % agency.number""",
    "SELECT project_tasks(array_agg(id)) FROM tasks",
    "ANALYZE",
)


async def _prepare(url: URL) -> str:
    """Fill the database; the key of a reader."""
    database = await migrated(url, "tasks")
    now = datetime.now(UTC)
    async with writing(database) as session:
        await load_catalogue(session, actor=SYSTEM, at=now)
        for statement in _FILL:
            await session.execute(text(statement), {"tasks": TASKS} if ":tasks" in statement else {})
    await database.close()
    return KeySigner([base64.b64decode(SECRET_KEY)]).sign(draw_key("bench", "reader"))


def _serve_ours(url: URL, ready: Connection) -> None:
    settings = TasksSettings(database_url="postgresql://unused", secret_key=SECRET_KEY)  # type: ignore[arg-type]  # as the environment gives it
    app = SERVICE.build_app(settings, Database(url), SystemClock(), health=Health())
    serve_app(app, ready)


def _serve_raw(url: URL, ready: Connection) -> None:
    now = datetime.now(UTC)
    statement, values = page_statement({}, EVERYTHING, after=None, limit=ROWS)
    statement = statement.params(**parameters(AsOf(local_date(now), now), 7), **values)
    query = str(statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    pool: Any = None

    async def tasks(_: Request) -> Response:
        nonlocal pool
        if pool is None:
            dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
            pool = await asyncpg.create_pool(
                dsn, min_size=TOGETHER, max_size=10, server_settings={"jit": "off"}
            )
        rows = await pool.fetch(query)
        items = [_decoded(dict(row)) for row in rows[:ROWS]]
        return Response(orjson.dumps({"items": items}, default=str), media_type="application/json")

    serve_app(Starlette(routes=[Route("/tasks/v1/tasks", tasks)]), ready)


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: orjson.loads(row[name]) for name in ("assignments", "citations")}


def _rate(port: int, token: str) -> float:
    path = f"/tasks/v1/tasks?limit={ROWS}"
    return requests_per_second(port, path, token, requests=REQUESTS, connections=TOGETHER)


def figures() -> list[Figure]:
    with running_postgres() as server:
        url = server.set(database=f"bench_list_{os.getpid()}")
        token = asyncio.run(_prepare(url))
        with spawned(_serve_ours, url) as ours_at, spawned(_serve_raw, url) as raw_at:
            ours, raw = warmed(RUNS, lambda: _rate(ours_at, token), lambda: _rate(raw_at, token))
    return [
        Figure(
            "task list, 50 rows at 100,000 tasks",
            ours,
            "requests/s",
            f"asyncpg + Starlette + orjson, the same query: {raw:,.0f}/s",
            ours / raw,
            0.40,
            "at least",
            RUNS,
            "SQLAlchemy's result rows, and FastAPI's dependencies",
        )
    ]
