# ruff: noqa: S608 - the SQL is put together of constants of this file
"""Many new tasks: copied to a temporary table, of which PostgreSQL makes rows, events and audit entries set by set.

Stable reads (`LateChange.announce`) wait for the making alone, not for the copying. Memory does not grow with the number:
neither side holds more than one part of them. Fewer are created more simply (`use_cases/tasks.py`).
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.tasks import NewTask
from services.tasks.use_cases.tasks import of_member, search_text
from shared.events.tasks import TaskCreated
from shared.log.outbox import MAX_EVENT_BYTES, event_too_large
from shared.runtime.audit import Actor
from shared.runtime.staging import copy_rows, prepare_staging

PART = 10_000  # tasks that one set of statements makes, each well within a second or two
_log = logging.getLogger(__name__)

_COLUMNS = {
    "n": "bigint PRIMARY KEY", "id": "uuid", "parent_id": "uuid", "children_count": "int", "title": "text",
    "search_text": "text", "programme_code": "text", "kind": "text", "deliverable": "text", "priority": "text",
    "lead_text": "text", "coordinate_text": "text", "assigned_on": "date", "deadline_text": "text",
    "deadline_kind": "text", "start_on": "date", "due_on": "date", "recurs_every": "text", "recurs_due_day": "int",
    "recurs_due_month": "int", "flags": "text[]", "unread_words": "text[]", "agency_codes": "text[]", "roles": "text[]",
    "positions": "text[]", "units": "text[]", "document_codes": "text[]", "clauses": "text[]",
}  # fmt: skip
_TABLE = "new_tasks"
_CREATE = text(
    f"CREATE TEMPORARY TABLE {_TABLE} ({', '.join(f'{name} {kind}' for name, kind in _COLUMNS.items())}) ON COMMIT DROP"
)

_PART = f"{_TABLE} WHERE n > :after AND n <= :last ORDER BY n"
_ASSIGNMENTS = "unnest(agency_codes, roles, positions, units) WITH ORDINALITY AS a (agency_code, role, position, unit, i)"
_CITATIONS = "unnest(document_codes, clauses) WITH ORDINALITY AS c (document_code, clause, i)"
# The contract TaskCreated as PostgreSQL writes it; a test compares it with the contract's own JSON.
_CYCLE = "jsonb_build_object('every', recurs_every, 'due_day', recurs_due_day, 'due_month', recurs_due_month)"
EVENT = f"""
    jsonb_build_object('task', jsonb_build_object(
        'id', id, 'version', 1, 'title', title, 'programme', programme_code, 'kind', kind, 'state', 'open',
        'deliverable', deliverable, 'priority', priority, 'parent_id', parent_id, 'children', children_count,
        'completed_on', NULL,
        'deadline', jsonb_build_object(
            'revision', 1, 'text', deadline_text, 'kind', deadline_kind, 'start_on', start_on, 'due_on', due_on,
            'flags', to_jsonb(flags), 'unread_words', to_jsonb(unread_words),
            'recurrence', CASE WHEN recurs_every IN ('month', 'quarter', 'year') THEN {_CYCLE} END,
            'cycle', CASE WHEN recurs_every IS NOT NULL THEN {_CYCLE} END
        ),
        'assignments', coalesce((
            SELECT jsonb_agg(jsonb_build_object('agency_code', agency_code, 'role', role, 'position', position, 'unit', unit)
                             ORDER BY i) FROM {_ASSIGNMENTS}
        ), '[]'),
        'citations', coalesce((
            SELECT jsonb_agg(jsonb_build_object('document_code', document_code, 'clause', clause) ORDER BY i) FROM {_CITATIONS}
        ), '[]')
    ))
"""
_STATEMENTS = [
    f"""
    INSERT INTO tasks (id, title, search_text, programme_code, kind, state, deliverable, priority, parent_id,
                       children_count, lead_text, coordinate_text, assigned_on, due_on, recorded_at, version)
    SELECT id, title, search_text, programme_code, kind, 'open', deliverable, priority, parent_id,
           children_count, lead_text, coordinate_text, assigned_on, due_on, CAST(:at AS timestamptz), 1 FROM {_PART}
    """,
    f"""
    INSERT INTO deadlines (task_id, revision, text, kind, start_on, due_on, recurs_every, recurs_due_day,
                           recurs_due_month, flags, unread_words, effective_on, recorded_at)
    SELECT id, 1, deadline_text, deadline_kind, start_on, due_on, recurs_every, recurs_due_day,
           recurs_due_month, flags, unread_words, assigned_on, CAST(:at AS timestamptz) FROM {_PART}
    """,
    f"""
    INSERT INTO assignments (task_id, agency_code, role, position, unit, effective_on, recorded_at)
    SELECT id, agency_code, role, position, unit, assigned_on, CAST(:at AS timestamptz) FROM {_TABLE}, {_ASSIGNMENTS}
    WHERE n > :after AND n <= :last ORDER BY n, i
    """,
    f"""
    INSERT INTO citations (task_id, position, document_code, clause, recorded_at)
    SELECT id, i, document_code, clause, CAST(:at AS timestamptz) FROM {_TABLE}, {_CITATIONS} WHERE n > :after AND n <= :last ORDER BY n, i
    """,
    f"""
    INSERT INTO outbox (event_id, type, subject, version, time, data)
    SELECT gen_random_uuid(), '{TaskCreated.event_type}', id::text, 1, CAST(:at AS timestamptz), {EVENT} FROM {_PART}
    """,
    f"""
    INSERT INTO audit (at, actor, request_id, action, entity, entity_id, detail)
    SELECT CAST(:at AS timestamptz), CAST(:actor AS text), CAST(:request_id AS text), 'created', 'task', id::text,
           jsonb_build_object('version', 1, 'title', title)
    FROM {_PART}
    """,
]
_MAKE = [*map(text, _STATEMENTS)]
_PROJECT = text(
    f"SELECT project_tasks(array_agg(id ORDER BY n)) FROM {_TABLE} WHERE n > :after AND n <= :last"
)
# Readers and writers go on; ANALYZE does not, which would find these tables' pages without one visible row, so that a foreign
# key's check reads a whole index for each row. Autovacuum passes over a table that it cannot lock.
_KEEP_STATISTICS = text(
    "LOCK TABLE tasks, deadlines, assignments, citations, projected_tasks, task_keys IN SHARE UPDATE EXCLUSIVE MODE"
)
# An event is large by its assignments alone, of which each has 4 KB at most; all other words of a task are bounded far below.
FEW_ASSIGNMENTS = 100
_TOO_LARGE = text(
    f"SELECT 1 FROM {_TABLE} WHERE cardinality(agency_codes) > :few AND octet_length(({EVENT})::text) > :most LIMIT 1"
)


async def stage_new_tasks(session: AsyncSession, tasks: Iterable[NewTask]) -> int:
    """Copy tasks, each followed by those of its members, and return their number. Once in a transaction.

    Raises InvalidInput event_too_large.
    """
    await prepare_staging(session)
    await session.execute(_KEEP_STATISTICS)
    await session.execute(_CREATE)
    count = await copy_rows(session, _TABLE, list(_COLUMNS), _rows(tasks))
    if await session.scalar(_TOO_LARGE, {"most": MAX_EVENT_BYTES, "few": FEW_ASSIGNMENTS}):
        raise event_too_large()
    return count


async def make_new_tasks(session: AsyncSession, count: int, *, actor: Actor, at: datetime) -> None:
    """Make all that is recorded of the staged tasks, in their order; what lists show of them is `project_new_tasks`'."""
    given = {"at": at, "actor": actor.name, "request_id": actor.request_id}
    for part in _parts(count):
        for statement in _MAKE:
            await session.execute(statement, given | part)
        _log.info("%d of %d new tasks recorded", part["last"], count)


async def project_new_tasks(session: AsyncSession, count: int) -> None:
    """Write what lists show of the staged tasks (`tables/projection.py`), by their facts as they are now."""
    for part in _parts(count):
        await session.execute(_PROJECT, part)
        _log.info("%d of %d new tasks projected", part["last"], count)


def _parts(count: int) -> Iterator[dict[str, int]]:
    for after in range(0, count, PART):
        yield {"after": after, "last": min(after + PART, count)}


def _rows(tasks: Iterable[NewTask]) -> Iterator[tuple[Any, ...]]:
    n = 0
    for new in tasks:
        task_id = new.id or uuid4()
        n += 1
        yield (n, *_row(new, task_id, None))
        each = replace(new, members=(), id=None) if new.members else new
        for member in new.members:
            n += 1
            own = replace(each, assignments=of_member(member, new.titles.get(member, ""), new.assignments))
            yield (n, *_row(own, uuid5(task_id, member), task_id))


def _row(new: NewTask, task_id: UUID, parent_id: UUID | None) -> tuple[Any, ...]:
    reading, recurs = new.reading, new.reading.recurrence
    assigned, cited = new.assignments, new.citations
    return (
        task_id, parent_id, len(new.members), new.title, search_text(new.title, new.deliverable), new.programme_code,
        "standing" if new.standing else "dated", new.deliverable, new.priority, new.lead_text, new.coordinate_text,
        new.assigned_on, reading.text, reading.kind.value, reading.start_on, reading.late_after,
        recurs and recurs.every, recurs and recurs.due_day, recurs and recurs.due_month,
        [str(flag) for flag in reading.flags], list(reading.unread_words),
        [item.agency_code for item in assigned], [item.role.value for item in assigned],
        [item.position for item in assigned], [item.unit for item in assigned],
        [item.document_code for item in cited], [item.clause for item in cited],
    )  # fmt: skip
