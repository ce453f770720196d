"""Comparing the projection of today with the facts, and writing anew what differs; writers may run meanwhile.

Both walk over tasks and over keys in batches, so that memory is bounded. A statement sees facts and projection as of one
moment, and a change writes both: what differs in it is wrong.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.tables import Task
from services.tasks.use_cases.changes import project_tasks
from shared.runtime.database import AnyRow, Database

BATCH = 500
_ONE_REBUILD = 0x70726F6A  # "proj": rows are locked by one rebuild at a time

_TASKS = text(
    """
    SELECT batch.id, was.* IS DISTINCT FROM ROW(fresh.*)::projected_tasks OR EXISTS (
        SELECT FROM unnest(was.listed) AS listed(key) WHERE NOT EXISTS (
            SELECT FROM task_keys WHERE task_keys.key = listed.key AND lasting = was.lasting AND due_on = was.due_on
                AND task_id = was.id AND task_keys.status_due_on = was.status_due_on
        )
    ) AS differs
    FROM (SELECT id FROM tasks WHERE id > :after ORDER BY id LIMIT :batch) AS batch
    CROSS JOIN LATERAL (SELECT * FROM tasks_by_facts AS one WHERE one.id = batch.id OFFSET 0) AS fresh
    LEFT JOIN LATERAL (SELECT * FROM projected_tasks AS one WHERE one.id = batch.id OFFSET 0) AS was ON true
    ORDER BY batch.id
    """
).bindparams(bindparam("after", type_=Uuid))

_KEYS = text(
    """
    SELECT batch.*, NOT EXISTS (
        SELECT FROM projected_tasks AS task WHERE task.id = batch.task_id AND batch.key = ANY(task.listed)
            AND task.lasting = batch.lasting AND task.due_on = batch.due_on
    ) AS differs
    FROM (
        SELECT key, lasting, due_on, task_id FROM task_keys
        WHERE (key, lasting, due_on, task_id) > (:key, :lasting, :due_on, :task_id)
        ORDER BY key, lasting, due_on, task_id LIMIT :batch
    ) AS batch
    ORDER BY key, lasting, due_on, task_id
    """
)
_REMOVE_KEY = text(
    """
    DELETE FROM task_keys AS found
    WHERE key = :key AND lasting = :lasting AND due_on = :due_on AND task_id = :task_id AND NOT EXISTS (
        SELECT FROM projected_tasks AS task WHERE task.id = found.task_id AND found.key = ANY(task.listed)
            AND task.lasting = found.lasting AND task.due_on = found.due_on
    )
    """
)
_LOCK_REBUILD = text("SELECT pg_advisory_xact_lock(:lock), set_config('enable_seqscan', 'off', true)")
_FORGET = text(
    """
    WITH gone AS (DELETE FROM projected_tasks WHERE id = ANY(:task_ids) RETURNING id, listed, lasting, due_on)
    DELETE FROM task_keys USING (SELECT unnest(listed) AS key, lasting, due_on, id FROM gone) AS was
    WHERE task_keys.key = was.key AND task_keys.lasting = was.lasting AND task_keys.due_on = was.due_on
        AND task_keys.task_id = was.id
    """
).bindparams(bindparam("task_ids", type_=ARRAY(Uuid)))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Numbers of tasks and keys that were compared, and of those that differed."""

    tasks: int
    keys: int
    differing: int


async def compare_projection(database: Database) -> Comparison:
    """Compare the projection with the facts, and write nothing."""
    return await _walk(database, repair=False)


async def rebuild_projection(database: Database) -> Comparison:
    """Write anew the projection of every task that differs from its facts; `differing` is how many did."""
    return await _walk(database, repair=True)


async def _walk(database: Database, *, repair: bool) -> Comparison:
    tasks = keys = differing = 0
    async for batch in _batches_of_tasks(database):
        wrong = [row.id for row in batch if row.differs]
        if wrong and repair:
            await _project_anew(database, wrong)
        tasks, differing = tasks + len(batch), differing + len(wrong)
    async for batch in _batches_of_keys(database):
        stray = [row for row in batch if row.differs]
        if stray and repair:
            async with database.bookkeeping() as session:
                await session.execute(_REMOVE_KEY, [row._asdict() for row in stray])
        keys, differing = keys + len(batch), differing + len(stray)
    return Comparison(tasks, keys, differing)


async def _batches_of_tasks(database: Database) -> AsyncIterator[list[AnyRow]]:
    after = UUID(int=0)
    while True:
        async with database.reading() as connection:
            batch = list(await connection.execute(_TASKS, {"after": after, "batch": BATCH}))
        if not batch:
            return
        yield batch
        after = batch[-1].id


async def _batches_of_keys(database: Database) -> AsyncIterator[list[AnyRow]]:
    after = {"key": "", "lasting": "", "due_on": None, "task_id": None}
    while True:
        async with database.reading() as connection:
            batch = list(await connection.execute(_KEYS, {**after, "batch": BATCH}))
        if not batch:
            return
        yield batch
        after = {name: getattr(batch[-1], name) for name in after}


async def _project_anew(database: Database, task_ids: list[UUID]) -> None:
    """Those that nobody holds at once; then each of the others, which waits while no further lock is held."""
    async with database.bookkeeping() as session:
        free = await _write(session, task_ids, wait=False)
    for task_id in task_ids:
        if task_id not in free:
            async with database.bookkeeping() as session:
                await _write(session, [task_id], wait=True)


async def _write(session: AsyncSession, task_ids: list[UUID], *, wait: bool) -> set[UUID]:
    """Lock tasks as readers do, so that none changes meanwhile, and write their projection; the tasks locked."""
    await session.execute(_LOCK_REBUILD, {"lock": _ONE_REBUILD})
    wanted = Task.id == any_(literal(task_ids, ARRAY(Uuid)))
    held = select(Task.id).where(wanted).order_by(Task.id).with_for_update(read=True, skip_locked=not wait)
    locked = list(await session.scalars(held))
    await session.execute(_FORGET, {"task_ids": locked})
    await project_tasks(session, locked)
    return set(locked)
