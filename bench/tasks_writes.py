"""Changing tasks over HTTP: assigning one, reporting it done, accepting the report; against a transaction of the same rows.

On a copy of the database of tasks for each size, so that reading is measured on what it was made with. The peer's
transaction writes the facts, the audit entry and the event; what else ours writes is its own cost.
"""

import asyncio
import json
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import URL

from bench import data, peer_writes
from bench.client import Client, client_process
from bench.common import Figure, Run, raw_connections
from bench.http_figures import Bench, Question, count_round_trips
from bench.round_trips import counted
from bench.serving import both, post, token

GOAL = 0.3
AGAINST = "asyncpg transaction of the same rows"
REQUESTS = 6_000  # of each side, sent once each; a run ends where they are used up
NEW = {
    "title": "Trình đề án đánh giá mức độ hoàn thành nhiệm vụ chuyển đổi số",
    "programme": "55-NQ/TW",
    "deadline_text": "Tháng 5/2026",
    "deliverable": "Đề án",
    "priority": "high",
    "assignments": [{"agency_code": "G09", "role": "lead"}, {"agency_code": "G12", "role": "coordinate"}],
    "citations": [{"document_code": data.DOCUMENT, "clause": "Phụ lục III, mục 1"}],
}
_OPEN = """
SELECT id FROM tasks WHERE state = 'open' AND kind = 'dated' AND parent_id IS NULL AND children_count = 0
  AND NOT EXISTS (SELECT FROM submissions WHERE task_id = tasks.id) ORDER BY id LIMIT $1
"""
_REPORT = """
INSERT INTO submissions (id, task_id, agency_code, completed_on, summary, submitted_at)
SELECT gen_random_uuid(), id, NULL, assigned_on, 'Đã hoàn thành', now() FROM tasks WHERE id = ANY($1)
RETURNING id, task_id
"""


def figures(run: Run) -> Iterator[Figure]:
    url = run.database("writes")
    trips: dict[str, tuple[float, float]] = {}
    with client_process() as client:
        for size in run.sizes:
            data.copy_database(data.database_of(run, size), url)
            if not trips:
                trips = _round_trips(url, client)
            questions = asyncio.run(_questions(url))
            with both("tasks", peer_writes.application, url) as sides:
                bench = Bench(run, client, size, sides, trips)
                for question in questions:
                    yield bench.measure(question)
            data.drop_database(url)


def _round_trips(url: URL, client: Client) -> dict[str, tuple[float, float]]:
    with counted(url) as (proxied, counter), both("tasks", peer_writes.application, proxied) as sides:
        return count_round_trips(counter, client, sides, asyncio.run(_questions(url, requests=100)))


def new_task() -> bytes:
    return json.dumps(NEW, ensure_ascii=False).encode()


async def _questions(url: URL, requests: int = REQUESTS) -> list[Question]:
    """Each side reports other tasks done, and decides on other reports."""
    [connection] = await raw_connections(url, 1)
    try:
        ids = [row["id"] for row in await connection.fetch(_OPEN, 4 * requests)]
        quarter = len(ids) // 4
        reported = [await connection.fetch(_REPORT, ids[n * quarter : (n + 1) * quarter]) for n in (0, 1)]
    finally:
        await connection.close()
    office, new = token(), new_task()
    create = [post("/tasks/v1/tasks", office, new)]
    decided = [[_decision(office, row["id"]) for row in rows] for rows in reported]
    done = [[_submission(office, id_) for id_ in ids[n * quarter : (n + 1) * quarter]] for n in (2, 3)]
    return [
        Question("POST of a task", create, create, AGAINST, GOAL, _same_members),
        Question("POST of a submission", done[0], done[1], AGAINST, GOAL, _same_members, once=True),
        Question("POST of a decision", decided[0], decided[1], AGAINST, GOAL, _same_members, once=True),
    ]


def _submission(key: str, task: UUID) -> bytes:
    body = {
        "completed_on": str(data.today()),
        "summary": "Đề án đã được phê duyệt",
        "evidence": [{"kind": "document", "reference": "815/QĐ-BNV", "title": "Quyết định phê duyệt Đề án"}],
    }
    return post(f"/tasks/v1/tasks/{task}/submissions", key, json.dumps(body, ensure_ascii=False).encode())


def _decision(key: str, submission: UUID) -> bytes:
    return post(f"/tasks/v1/submissions/{submission}/decision", key, b'{"decision":"accept"}')


def _same_members(ours: bytes, peer: bytes) -> None:
    first, second = (set(json.loads(answer)) for answer in (ours, peer))
    if first != second:
        raise ValueError(f"other members in the answers: {sorted(first ^ second)}")
