"""The peer of writing: JSON read by orjson, one transaction of plain inserts by asyncpg into our own tables, JSON out.

The same rows as ours: facts, audit entry, event with the task's state. Nothing is checked beyond what constraints do.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.data import today
from bench.peer_reads import peer_pool

_TASK = """
INSERT INTO tasks (id, title, search_text, programme_code, kind, state, deliverable, priority, children_count, assigned_on,
                   due_on, recorded_at, version)
VALUES ($1, $2, $3, $4, 'dated', 'open', $5, $6, 0, $7, $8, $9, 1)
"""
_DEADLINE = """
INSERT INTO deadlines (task_id, revision, text, kind, start_on, due_on, flags, unread_words, effective_on, recorded_at)
VALUES ($1, 1, $2, 'month', $3, $4, '{}', '{}', $5, $6)
"""
_ASSIGNMENT = "INSERT INTO assignments (task_id, agency_code, role, effective_on, recorded_at) VALUES ($1, $2, $3, $4, $5)"
_CITATION = "INSERT INTO citations (task_id, position, document_code, clause, recorded_at) VALUES ($1, $2, $3, $4, $5)"
_EVENT = "INSERT INTO outbox (event_id, type, subject, version, time, data) VALUES ($1, $2, $3, $4, $5, $6)"
_AUDIT = "INSERT INTO audit (at, actor, action, entity, entity_id, detail) VALUES ($1, 'bench', $2, 'task', $3, $4)"
_SUBMISSION = """
INSERT INTO submissions (id, task_id, completed_on, summary, submitted_at) VALUES ($1, $2, $3, $4, $5)
"""
_EVIDENCE = (
    "INSERT INTO evidence (submission_id, position, kind, reference, title) VALUES ($1, 1, $2, $3, $4)"
)
_NEXT_VERSION = "UPDATE tasks SET version = version + 1 WHERE id = $1 RETURNING *"
_DECIDE = "UPDATE submissions SET decision = 'accept', decided_at = $2 WHERE id = $1 RETURNING *"
_COMPLETE = (
    "UPDATE tasks SET version = version + 1, state = 'completed', completed_on = $2 WHERE id = $1 RETURNING *"
)
MONTH, DUE = date(2026, 5, 1), date(2026, 5, 31)


def application(address: str) -> Starlette:
    pool: asyncpg.Pool

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        nonlocal pool
        async with peer_pool(address) as pool:
            yield

    async def create(request: Request) -> Response:
        body, id_, at = orjson.loads(await request.body()), uuid4(), datetime.now(UTC)
        day = today()
        title, words = body["title"], body["deadline_text"]
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                _TASK,
                id_,
                title,
                title.lower(),
                body["programme"],
                body["deliverable"],
                body["priority"],
                day,
                DUE,
                at,
            )
            await connection.execute(_DEADLINE, id_, words, MONTH, DUE, day, at)
            given = [(id_, each["agency_code"], each["role"], day, at) for each in body["assignments"]]
            await connection.executemany(_ASSIGNMENT, given)
            for n, each in enumerate(body["citations"], 1):
                await connection.execute(_CITATION, id_, n, each["document_code"], each["clause"], at)
            state = _state(id_, 1, body, DUE)
            await _record(connection, "created", id_, 1, at, {"task": state})
        return _json(_answer(state, body, day, at), 201)

    async def submit(request: Request) -> Response:
        body, id_, at = orjson.loads(await request.body()), uuid4(), datetime.now(UTC)
        task_id, evidence = UUID(request.path_params["id"]), body["evidence"][0]
        async with pool.acquire() as connection, connection.transaction():
            task = await connection.fetchrow(_NEXT_VERSION, task_id)
            day = date.fromisoformat(body["completed_on"])
            await connection.execute(_SUBMISSION, id_, task_id, day, body["summary"], at)
            await connection.execute(
                _EVIDENCE, id_, evidence["kind"], evidence["reference"], evidence["title"]
            )
            detail = {"submission_id": id_, "agency_code": None, "completed_on": day}
            await _record(
                connection, "submitted", task_id, task["version"], at, detail | {"task": _state_of(task)}
            )
        answer = {
            "id": id_,
            "task_id": task_id,
            "agency_code": None,
            "completed_on": day,
            "summary": body["summary"],
        }
        undecided = {"submitted_at": at, "decision": None, "decided_at": None, "reason": None}
        return _json(answer | {"evidence": [evidence]} | undecided, 201)

    async def decide(request: Request) -> Response:
        await request.body()
        at = datetime.now(UTC)
        async with pool.acquire() as connection, connection.transaction():
            row = dict(await connection.fetchrow(_DECIDE, UUID(request.path_params["id"]), at))
            task = await connection.fetchrow(_COMPLETE, row["task_id"], row["completed_on"])
            detail = {"submission_id": row["id"], "completed_on": row["completed_on"], "accepted_at": at}
            await _record(
                connection, "completed", task["id"], task["version"], at, detail | {"task": _state_of(task)}
            )
        return _json(row | {"evidence": []})

    routes = [
        Route("/tasks/v1/tasks", create, methods=["POST"]),
        Route("/tasks/v1/tasks/{id}/submissions", submit, methods=["POST"]),
        Route("/tasks/v1/submissions/{id}/decision", decide, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def _record(  # noqa: PLR0917 - a row
    connection: asyncpg.Connection, action: str, task: UUID, version: int, at: datetime, event: dict[str, Any]
) -> None:
    kind = f"vn.dondoc.tasks.task.{action}.v1"
    await connection.execute(
        _EVENT, uuid4(), kind, str(task), version, at, orjson.dumps(event, default=str).decode()
    )
    await connection.execute(_AUDIT, at, action, str(task), orjson.dumps({"version": version}).decode())


def _state(id_: UUID, version: int, body: dict[str, Any], due_on: date | None) -> dict[str, Any]:
    """The task's state as events carry it."""
    deadline = {
        "revision": 1, "text": body["deadline_text"], "kind": "month", "start_on": MONTH, "due_on": due_on,
        "recurrence": None, "flags": [], "unread_words": [], "cycle": None,
    }  # fmt: skip
    return {
        "id": id_, "version": version, "title": body["title"], "programme": body["programme"], "kind": "dated",
        "state": "open", "deliverable": body["deliverable"], "priority": body["priority"], "parent_id": None,
        "children": 0, "completed_on": None, "deadline": deadline, "assignments": body["assignments"],
        "citations": body["citations"],
    }  # fmt: skip


def _state_of(task: asyncpg.Record) -> dict[str, Any]:
    """Of a recorded task; in place of its deadline, assignments and citations texts as long."""
    body = {
        "title": task["title"], "programme": task["programme_code"], "deadline_text": "chậm nhất ngày 31/05/2026",
        "deliverable": task["deliverable"], "priority": task["priority"],
        "assignments": [{"agency_code": "G09", "role": "lead", "position": None, "unit": None}] * 2,
        "citations": [{"document_code": "77/KH-VP", "clause": "mục 1"}],
    }  # fmt: skip
    return _state(task["id"], task["version"], body, task["due_on"])


def _answer(state: dict[str, Any], body: dict[str, Any], day: date, at: datetime) -> dict[str, Any]:
    answer = {
        name: value for name, value in state.items() if name not in {"state", "children", "completed_on"}
    }
    return answer | {
        "form": "full", "status": "in_progress", "submitted": False, "deadline_text": body["deadline_text"], "due_on": DUE,
        "deadline_revision": 1, "members": 0, "lead_text": None, "coordinate_text": None, "assigned_on": day,
        "recorded_at": at,
    }  # fmt: skip


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body, default=str), status, media_type="application/json")
