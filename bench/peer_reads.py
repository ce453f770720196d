"""The peer of reading: tables prepared for each question, one statement by asyncpg, bytes out.

Bodies are as ours answers them, as text; statuses are today's, final. No key is looked at, nothing is validated, nothing is
known of another day. `make_tables` fills them from the facts.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import URL
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.common import raw_connections
from bench.data import DUE_SOON_DAYS, today
from services.tasks.domain.status import COMBINED, Status

POOL = 10  # the default of DONDOC_DATABASE_POOL_SIZE
_COMBINED = "(ARRAY[{}])".format(", ".join(f"'{status.value}'" for status in COMBINED))
_STATUSES = [status.value for status in Status]

_TABLES = (
    ("DROP TABLE IF EXISTS peer_leaves, peer_tasks, peer_assigned, peer_cited, peer_agencies, peer_blocs, peer_groups,"
    " peer_documents, peer_programmes"),
    # every task that is no group's, with its final status
    f"""
    CREATE UNLOGGED TABLE peer_leaves AS
    SELECT id, coalesce(parent_id, id) AS top_id, programme_code, CASE
        WHEN state IN ('cancelled', 'merged') THEN state
        WHEN state = 'completed' AND completed_on > due_on THEN 'completed_late'
        WHEN state = 'completed' THEN 'completed_on_time'
        WHEN kind = 'standing' THEN 'standing'
        WHEN due_on < $1 THEN 'overdue'
        WHEN due_on <= $1 + {DUE_SOON_DAYS} THEN 'due_soon'
        ELSE 'in_progress' END AS status
    FROM tasks WHERE children_count = 0
    """,  # noqa: S608 - constants of this file, as below
    f"""
    CREATE TABLE peer_tasks AS
    WITH assigned AS (
        SELECT task_id, jsonb_agg(jsonb_build_object('agency_code', agency_code, 'role', role, 'position', position,
                                                     'unit', unit) ORDER BY id) AS assignments
        FROM assignments GROUP BY task_id
    ), cited AS (
        SELECT task_id, jsonb_agg(jsonb_build_object('document_code', document_code, 'clause', clause) ORDER BY position)
                        AS citations
        FROM citations GROUP BY task_id
    ), held AS (
        SELECT DISTINCT ON (task_id) * FROM deadlines ORDER BY task_id, revision DESC
    ), final AS (
        SELECT top_id AS id, ({_COMBINED})[min(array_position({_COMBINED}, status))] AS status
        FROM peer_leaves GROUP BY top_id
        UNION ALL SELECT id, status FROM peer_leaves WHERE id <> top_id
    ), awaiting AS (
        SELECT task_id FROM submissions WHERE decision IS NULL
    )
    SELECT tasks.id, tasks.parent_id IS NULL AS is_top, coalesce(tasks.due_on, 'infinity') AS due_on, final.status,
        tasks.programme_code, to_tsvector('simple', tasks.search_text) AS words, jsonb_build_object(
            'id', tasks.id, 'form', 'full', 'version', tasks.version, 'title', title, 'programme', programme_code,
            'kind', tasks.kind, 'status', final.status,
            'submitted', awaiting.task_id IS NOT NULL AND final.status NOT IN ('cancelled', 'merged'),
            'deadline_text', held.text, 'due_on', held.due_on,
            'deadline', jsonb_build_object('text', held.text, 'kind', held.kind, 'start_on', held.start_on,
                'due_on', held.due_on, 'recurrence', NULL, 'flags', held.flags, 'unread_words', held.unread_words),
            'deadline_revision', held.revision, 'deliverable', deliverable, 'priority', priority, 'parent_id', parent_id,
            'members', children_count, 'lead_text', lead_text, 'coordinate_text', coordinate_text,
            'assigned_on', assigned_on, 'recorded_at', to_char(tasks.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'assignments', coalesce(assignments, '[]'), 'citations', coalesce(citations, '[]')) AS body
    FROM tasks JOIN final ON final.id = tasks.id JOIN held ON held.task_id = tasks.id
    LEFT JOIN assigned ON assigned.task_id = tasks.id LEFT JOIN cited ON cited.task_id = tasks.id
    LEFT JOIN awaiting ON awaiting.task_id = tasks.id
    """,  # noqa: S608
    "ALTER TABLE peer_tasks ALTER body TYPE text",
    "ALTER TABLE peer_tasks ADD PRIMARY KEY (id)",
    "CREATE INDEX ON peer_tasks (due_on, id) WHERE is_top",
    "CREATE INDEX ON peer_tasks (status, due_on, id) WHERE is_top",
    "CREATE INDEX ON peer_tasks USING gin (words)",
    """
    CREATE TABLE peer_assigned AS
    SELECT DISTINCT agency_code AS agency, peer_tasks.id, due_on, status
    FROM assignments JOIN peer_tasks ON peer_tasks.id = task_id
    """,
    "CREATE INDEX ON peer_assigned (agency, due_on, id)",
    "CREATE INDEX ON peer_assigned (agency, status, due_on, id)",
    """
    CREATE TABLE peer_cited AS SELECT document_code AS document, peer_tasks.id, due_on
    FROM citations JOIN peer_tasks ON peer_tasks.id = task_id WHERE is_top
    """,
    "CREATE INDEX ON peer_cited (document, due_on, id)",
    # of each grouping, its units with their final statuses
    *(
        f"""
        CREATE TABLE peer_{name} AS
        SELECT {key} AS key, ({_COMBINED})[min(array_position({_COMBINED}, status))] AS status
        FROM peer_leaves {joined} GROUP BY {key}, top_id
        """  # noqa: S608 - constants of this file
        for name, key, joined in (
            ("agencies", "agency_code", "JOIN assignments ON task_id = peer_leaves.id AND role IN ('lead', 'co_lead')"),
            ("blocs", "bloc", ("JOIN assignments ON task_id = peer_leaves.id AND role IN ('lead', 'co_lead')"
             " JOIN agencies ON code = agency_code")),
            ("groups", "group_code", ("JOIN assignments ON task_id = peer_leaves.id AND role IN ('lead', 'co_lead')"
             " JOIN group_members USING (agency_code)")),
            ("documents", "document_code", "JOIN citations ON task_id = peer_leaves.id"),
            ("programmes", "programme_code", ""),
        )
    ),
    "DROP TABLE peer_leaves",
    "VACUUM ANALYZE",
)  # fmt: skip

_PAGE = "SELECT body FROM peer_tasks WHERE is_top {} ORDER BY due_on, id LIMIT 51"
_BESIDE = """
SELECT body FROM (SELECT id, due_on FROM {0} WHERE {1} ORDER BY due_on, id LIMIT 51) AS found
JOIN peer_tasks USING (id) ORDER BY found.due_on, found.id
"""
# By the parameters that are given; `after` stands for a cursor.
_LISTS: dict[frozenset[str], tuple[str, tuple[tuple[str, Any], ...]]] = {
    frozenset(names): (statement, tuple(kinds.items()))
    for names, statement, kinds in (
        ((), _PAGE.format(""), {}),
        (("after",), _PAGE.format("AND (due_on, id) > ($1, $2)"), {"day": date.fromisoformat, "id": UUID}),
        (("status",), _PAGE.format("AND status = $1"), {"status": str}),
        (("due_after",), _PAGE.format("AND due_on > $1 AND due_on < 'infinity'"), {"due_after": date.fromisoformat}),
        (("q",), _PAGE.format("AND words @@ to_tsquery('simple', $1)"), {"q": str}),
        (("document",), _BESIDE.format("peer_cited", "document = $1"), {"document": str}),
        (("agency",), _BESIDE.format("peer_assigned", "agency = $1"), {"agency": str}),
        (("agency", "status"), _BESIDE.format("peer_assigned", "agency = $1 AND status = $2"), {"agency": str, "status": str}),
    )
}  # fmt: skip
_GROUPED = "SELECT key, status, count(*) FROM peer_{} GROUP BY key, status"
_WHOLE = "SELECT '' AS key, status, count(*) FROM peer_tasks WHERE is_top GROUP BY status"
_GROUPINGS = {
    "agency": "agencies",
    "bloc": "blocs",
    "group": "groups",
    "document": "documents",
    "programme": "programmes",
}


async def make_tables(url: URL) -> None:
    [connection] = await raw_connections(url, 1)
    try:
        await connection.execute("SET work_mem = '256MB'; SET maintenance_work_mem = '256MB'")
        for statement in _TABLES:
            await connection.execute(statement.replace("$1", f"date '{today()}'"))
    finally:
        await connection.close()


def application(address: str) -> Starlette:
    """The peer's four routes: one task, a page, figures by status."""
    pool: asyncpg.Pool

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        nonlocal pool
        async with peer_pool(address) as pool:
            yield

    async def one(request: Request) -> Response:
        body = await pool.fetchval(
            "SELECT body FROM peer_tasks WHERE id = $1", UUID(request.path_params["id"])
        )
        return _json(body.encode())

    async def page(request: Request) -> Response:
        given = dict(request.query_params)
        given.pop("limit", None)
        statement, kinds = _LISTS[frozenset(given)]
        words = given["after"].split("/") if "after" in given else [given[name] for name, _ in kinds]
        values = [kind(word) for word, (_, kind) in zip(words, kinds, strict=True)]
        rows = await pool.fetch(statement, *values)
        return _json(b'{"items":[%s],"next_cursor":"x"}' % ",".join([row[0] for row in rows[:50]]).encode())

    async def figures(request: Request) -> Response:
        by = request.query_params.get("group_by")
        rows = await pool.fetch(_GROUPED.format(_GROUPINGS[by]) if by else _WHOLE)
        groups: dict[str, dict[str, int]] = {}
        for key, status, number in rows:
            groups.setdefault(key, dict.fromkeys(_STATUSES, 0))[status] = number
        counted = [
            {"key": key, "total": sum(found.values()), "by_status": found} for key, found in groups.items()
        ]
        return _json(orjson.dumps({"groups": counted}))

    routes = [
        Route("/tasks/v1/tasks", page),
        Route("/tasks/v1/tasks/{id}", one),
        Route("/tasks/v1/statistics", figures),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def peer_pool(address: str) -> asyncpg.Pool:
    """Connections without asyncpg's own reset at each release, which is a round trip."""

    async def keep(_: asyncpg.Connection) -> None:
        """Nothing is left behind by these statements."""

    return asyncpg.create_pool(
        address, min_size=POOL, max_size=POOL, reset=keep, server_settings={"jit": "off"}
    )


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
