"""Amending the words of a task, its assignments, and the documents it cites."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.assignments import NewAssignment, check_assignments, check_reassignable
from services.tasks.domain.deadlines import Reading
from services.tasks.domain.states import State, check_open
from services.tasks.domain.tasks import Amendment, NewCitation
from services.tasks.tables import Assignment, Citation, Task
from services.tasks.use_cases.agencies import require_agencies
from services.tasks.use_cases.changes import ChangedTask, record_changes
from services.tasks.use_cases.deadlines import current_deadline, give_date
from services.tasks.use_cases.documents import as_recorded
from services.tasks.use_cases.locks import lock_members, lock_task
from services.tasks.use_cases.tasks import search_text
from shared.errors import Versions, check_version
from shared.events import tasks as events
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date


async def amend_task(
    session: AsyncSession,
    task_id: UUID,
    wanted: Amendment,
    *,
    expected_version: Versions,
    actor: Actor,
    at: datetime,
) -> Task:
    """Amend the words of a task, its assignments, or date a deadline without a date.

    A deadline that has a date moves by an extension only, with the document that approves it. A value equal to
    the recorded one is no change: no version, event or audit entry is written.
    """
    task = await lock_task(session, task_id)
    check_version(expected_version, task.version)
    check_open(State(task.state))
    words = {name: value for name, value in wanted.words.items() if getattr(task, name) != value}
    reading = None if _is_recorded(task, wanted.reading) else wanted.reading
    changed = _set_words(task, words, reading, at)
    if wanted.assignments is not None and await _reassign(session, task, wanted.assignments, at):
        changed.append("assignments")
    citations = await as_recorded(session, wanted.citations)
    cited = citations if _cite(task, citations, at) else ()
    if cited:
        changed.append("citations")
    changes = [_amended(task, changed)] if changed else []
    if words or reading is not None or cited:
        changes += await _amend_members(session, task, words, reading, cited, at=at)
    await record_changes(session, changes, actor=actor, at=at)
    return task


def _is_recorded(task: Task, reading: Reading | None) -> bool:
    """True for a reading with the text and the date of the deadline in force, and for None."""
    current = current_deadline(task)
    return reading is None or (reading.text, reading.late_after) == (current.text, current.due_on)


def _set_words(
    task: Task, words: Mapping[str, str | None], reading: Reading | None, at: datetime
) -> list[str]:
    """Set words and deadline; returns the names of changed fields."""
    for name, value in words.items():
        setattr(task, name, value)
    task.search_text = search_text(task.title, task.deliverable)
    if reading is None:
        return [*words]
    give_date(task, reading, at)
    return [*words, "deadline_text"]


async def _amend_members(
    session: AsyncSession,
    parent: Task,
    words: Mapping[str, str | None],
    reading: Reading | None,
    citations: Sequence[NewCitation],
    *,
    at: datetime,
) -> list[ChangedTask]:
    """Amend each member's task as the group's; a member's own date is kept.

    An ended task gets the documents only: figures by document count members of any state.
    """
    changes = []
    for member in await lock_members(session, parent, tuple(State) if citations else (State.OPEN,)):
        changed = []
        if member.state == State.OPEN:
            own = {name: value for name, value in words.items() if getattr(member, name) != value}
            changed += _set_words(member, own, reading if member.due_on is None else None, at)
        if _cite(member, citations, at):
            changed.append("citations")
        if changed:
            changes.append(_amended(member, changed))
    return changes


def _amended(task: Task, changed: Sequence[str]) -> ChangedTask:
    return ChangedTask(task, events.TaskAmended, {"changed": tuple(changed)})


def _cite(task: Task, citations: Sequence[NewCitation], at: datetime) -> bool:
    """Add documents that assign the same task; returns True where any was new."""
    known = {(item.document_code, item.clause) for item in task.citations}
    new = [item for item in citations if (item.document_code, item.clause) not in known]
    for item in new:
        position = len(task.citations) + 1
        task.citations.append(
            Citation(position=position, document_code=item.document_code, clause=item.clause, recorded_at=at)
        )
    return bool(new)


async def _reassign(session: AsyncSession, task: Task, wanted: Sequence[NewAssignment], at: datetime) -> bool:
    """End the assignments not in `wanted`, add the new ones; ended ones are kept.

    Returns True where any assignment changed.
    """
    check_reassignable(has_members=task.children_count > 0)
    check_assignments(wanted, ())
    await require_agencies(session, (item.agency_code for item in wanted), "assignments")
    current = {
        (item.agency_code, item.role, item.position or "", item.unit or ""): item
        for item in task.assignments
        if item.ended_at is None
    }
    wanted_keys = {
        (item.agency_code, item.role.value, item.position or "", item.unit or "") for item in wanted
    }
    for key, assignment in current.items():
        if key not in wanted_keys:
            assignment.ended_at = at
            assignment.ended_on = local_date(at)
    await session.flush()
    for agency_code, role, position, unit in sorted(wanted_keys - set(current)):
        task.assignments.append(
            Assignment(
                agency_code=agency_code,
                role=role,
                position=position or None,
                unit=unit or None,
                effective_on=local_date(at),
                recorded_at=at,
            )
        )
    return set(current) != wanted_keys
