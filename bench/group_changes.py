"""A change of a task that all 3,321 communes have, against the plainest SQL that writes the same rows."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import URL, text

from bench.common import Figure, Run, interleaved, migrated
from services.tasks.domain.deadlines import DeadlineKind, Reading
from services.tasks.domain.tasks import NewCitation, NewTask
from services.tasks.use_cases.documents import record_document, record_programme
from services.tasks.use_cases.endings import cancel_task
from services.tasks.use_cases.extensions import extend_deadline
from services.tasks.use_cases.seeding import load_catalogue, load_communes
from services.tasks.use_cases.tasks import create_task
from shared.events import tasks as events
from shared.runtime.audit import SYSTEM
from shared.runtime.database import Database
from tests.support.writing import writing

RUNS, QUICK_RUNS = 3, 1
AT = datetime(2025, 11, 20, tzinfo=UTC)
APPROVAL, APPROVED = "85/QD-TTg", date(2025, 11, 1)
EXTENDED = Reading("trước ngày 31/12/2025", DeadlineKind.DATE, due_on=date(2025, 12, 30))

_LOCK = """
SELECT id FROM tasks WHERE id = :parent OR parent_id = :parent ORDER BY parent_id IS NOT NULL, id FOR UPDATE
"""
_MOVE = """
WITH revision AS (
  INSERT INTO deadlines (task_id, revision, text, kind, due_on, flags, unread_words, reason, document_code, effective_on,
                         recorded_at)
  SELECT tasks.id, count(*) + 1, :words, 'date', :due_on, '{}', '{}', 'Vì', :document, :approved, :at
  FROM tasks JOIN deadlines ON deadlines.task_id = tasks.id WHERE id = :parent OR parent_id = :parent GROUP BY tasks.id
)
UPDATE tasks SET due_on = :due_on, version = version + 1 WHERE id = :parent OR parent_id = :parent
"""
_END = """
WITH ending AS (
  INSERT INTO endings (task_id, kind, reason, effective_on, recorded_at)
  SELECT id, 'cancelled', 'Vì', :today, :at FROM tasks WHERE id = :parent OR parent_id = :parent
)
UPDATE tasks SET state = 'cancelled', version = version + 1 WHERE id = :parent OR parent_id = :parent
"""
_EVENTS = """
INSERT INTO outbox (event_id, type, subject, version, time, data)
SELECT gen_random_uuid(), :type, task.id, task.version, :at, CAST(:detail AS jsonb) || jsonb_build_object('task',
  jsonb_build_object('id', task.id, 'version', task.version, 'title', task.title, 'programme', task.programme_code,
    'kind', task.kind, 'state', task.state, 'deliverable', task.deliverable, 'priority', task.priority,
    'parent_id', task.parent_id, 'children', task.children_count, 'completed_on', task.completed_on,
    'deadline', (SELECT jsonb_build_object('revision', revision, 'text', text, 'kind', kind, 'start_on', start_on,
        'due_on', due_on, 'recurrence', null, 'flags', flags, 'unread_words', unread_words, 'cycle', null)
      FROM deadlines WHERE task_id = task.id ORDER BY effective_on DESC, revision DESC LIMIT 1),
    'assignments', (SELECT coalesce(jsonb_agg(jsonb_build_object('agency_code', agency_code, 'role', role,
        'position', position, 'unit', unit) ORDER BY id), '[]')
      FROM assignments WHERE task_id = task.id AND ended_at IS NULL),
    'citations', (SELECT coalesce(jsonb_agg(jsonb_build_object('document_code', document_code, 'clause', clause)
        ORDER BY position), '[]') FROM citations WHERE task_id = task.id)))
FROM tasks AS task WHERE id = :parent OR parent_id = :parent ORDER BY parent_id IS NOT NULL, id
"""
_AUDITS = """
INSERT INTO audit (at, actor, action, entity, entity_id, detail)
SELECT :at, 'system', :action, 'task', id, CAST(:detail AS jsonb) || jsonb_build_object('version', version)
FROM tasks WHERE id = :parent OR parent_id = :parent ORDER BY parent_id IS NOT NULL, id
"""
_EXTENSION = '{"reason": "Vì", "document_code": "85/QD-TTg", "in_force": true}'
_CANCELLATION = '{"reason": "Vì"}'
_WRITTEN = """
SELECT type, count(*), sum(outbox.version), sum(length(CAST(data AS text)))
FROM outbox JOIN tasks ON subject = CAST(tasks.id AS text)
WHERE (tasks.id = :parent OR parent_id = :parent) AND outbox.version > 1 GROUP BY type
UNION ALL
SELECT action, count(*), 0, sum(length(CAST(detail AS text)))
FROM audit JOIN tasks ON entity_id = CAST(tasks.id AS text)
WHERE (tasks.id = :parent OR parent_id = :parent) AND action <> 'created' GROUP BY action
"""

Change = Callable[[Database, UUID], Awaitable[None]]


async def prepare(url: URL) -> Database:
    database = await migrated(url, "tasks")
    async with writing(database) as session:
        await load_catalogue(session, actor=SYSTEM, at=AT)
        await load_communes(session, actor=SYSTEM, at=AT)
        await record_programme(session, events.ProgrammeRecorded(code="NQ57", title="NQ 57"), SYSTEM, AT)
        for code, day in (("71/NQ-CP", date(2025, 4, 1)), (APPROVAL, APPROVED)):
            document = events.DocumentRecorded(code=code, type="Nghị quyết", issued_on=day, title=code)
            await record_document(session, document, SYSTEM, AT)
    return database


async def assign(database: Database) -> UUID:
    """A task of every commune, due at the end of June."""
    async with writing(database) as session:
        communes = (
            await session.scalars(text("SELECT code FROM agencies WHERE level = 'commune' ORDER BY code"))
        ).all()
        new = NewTask(
            title="Số hóa hồ sơ, kết quả giải quyết thủ tục hành chính",
            programme_code="NQ57",
            standing=False,
            reading=Reading("Tháng 6/2025", DeadlineKind.DATE, due_on=date(2025, 6, 30)),
            deliverable="Báo cáo",
            priority="normal",
            assignments=(),
            citations=(NewCitation("71/NQ-CP", "1"),),
            assigned_on=date(2025, 4, 1),
            members=tuple(communes),
        )
        task = await create_task(session, new, actor=SYSTEM, at=AT)
    return task.id


async def extend(database: Database, task: UUID) -> None:
    async with writing(database) as session:
        await extend_deadline(
            session, task, EXTENDED, reason="Vì", document_code=APPROVAL, actor=SYSTEM, at=AT
        )


async def cancel(database: Database, task: UUID) -> None:
    async with writing(database) as session:
        await cancel_task(session, task, reason="Vì", actor=SYSTEM, at=AT)


async def extend_in_sql(database: Database, task: UUID) -> None:
    moved: dict[str, object] = {
        "words": EXTENDED.text,
        "due_on": EXTENDED.due_on,
        "document": APPROVAL,
        "approved": APPROVED,
    }
    await _in_sql(database, task, _MOVE, moved, kind=events.DeadlineExtended, detail=_EXTENSION)


async def cancel_in_sql(database: Database, task: UUID) -> None:
    await _in_sql(database, task, _END, {"today": AT.date()}, kind=events.TaskCancelled, detail=_CANCELLATION)


async def _in_sql(
    database: Database,
    task: UUID,
    change: str,
    values: dict[str, object],
    *,
    kind: type[events.TaskEvent],
    detail: str,
) -> None:
    action = kind.event_type.split(".")[-2]
    async with writing(database) as session:
        await session.execute(text(_LOCK), {"parent": task})
        await session.execute(text(change), {"parent": task, "at": AT} | values)
        common = {"parent": task, "at": AT, "detail": detail}
        await session.execute(text(_EVENTS), common | {"type": kind.event_type})
        await session.execute(text(_AUDITS), common | {"action": action})


def _measured(database: Database, loop: asyncio.Runner, change: Change, written: set[object]) -> float:
    """Seconds of a change of a task of every commune; sums of the rows written go to `written`."""
    task = loop.run(assign(database))
    began = time.perf_counter()
    loop.run(change(database, task))  # type: ignore[arg-type]  # a coroutine function, as all of these are
    seconds = time.perf_counter() - began
    written.add(loop.run(_sums(database, task)))
    return seconds


async def _sums(database: Database, task: UUID) -> tuple[object, ...]:
    async with database.reading() as connection:
        rows = (await connection.execute(text(_WRITTEN), {"parent": task})).all()
    return tuple(sorted(map(tuple, rows)))


def _figure(
    database: Database, loop: asyncio.Runner, name: str, ours: Change, plain: Change, *, runs: int
) -> Figure:
    written: set[object] = set()
    seconds, sql = interleaved(
        runs,
        lambda: _measured(database, loop, ours, written),
        lambda: _measured(database, loop, plain, written),
    )
    if len(written) != 1:
        raise RuntimeError(f"the two did not write the same: {written}")
    limits = "each event's state is made and checked in Python, and sent as a row of its own"
    peer = "four statements of SQL that write the same rows"
    return Figure(f"a task of 3,321 communes {name}", seconds, "s", peer, sql, None, "under", runs, limits)


def figures(run: Run) -> Iterator[Figure]:
    with asyncio.Runner() as loop:
        database = loop.run(prepare(run.database("groups")))
        for name, ours, plain in (("extended", extend, extend_in_sql), ("cancelled", cancel, cancel_in_sql)):
            yield _figure(database, loop, name, ours, plain, runs=QUICK_RUNS if run.quick else RUNS)
        loop.run(database.close())
