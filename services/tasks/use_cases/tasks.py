"""Assigning, amending, extending and cancelling tasks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID, uuid4, uuid5

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.commands import (
    NewAssignment,
    NewTask,
    Role,
    check_assigned_on,
    check_assignments,
)
from services.tasks.domain.deadlines import Reading
from services.tasks.domain.naming_text import fold
from services.tasks.tables import Agency, Assignment, Citation, Group, GroupMember, Task
from services.tasks.use_cases.catalogue import require_agencies
from services.tasks.use_cases.records import (
    end_cancelled,
    lock_open_children,
    lock_task,
    lock_to_end,
    new_deadline,
    require_document,
    require_open,
    require_programme,
    settle_parent,
    tell,
    tell_created,
)
from shared.audit import Actor
from shared.clock import local_date
from shared.errors import Conflict, InvalidInput, check_version
from shared.events import tasks as events

IMPORTED = UUID(
    "6f1d2f0e-57a4-5c57-8e57-2d3a1b5c0957"
)  # namespace: a dry run and the real run draw the same ids


async def create_task(session: AsyncSession, new: NewTask, *, actor: Actor, at: datetime) -> Task:
    """Assign a task; one given to a group becomes a parent with a task for each member."""
    check_assigned_on(new.assigned_on, local_date(at), "assigned_on")
    check_assignments(new.assignments, new.members)
    await _require_references(session, new)
    task = _new_task(new, uuid5(IMPORTED, new.import_key) if new.import_key else uuid4(), parent=None, at=at)
    each = replace(new, members=(), import_key=None, import_digest=None)
    children = [
        _new_task(
            replace(each, assignments=_of_member(member, new.assignments)),
            uuid5(task.id, member),
            parent=task,
            at=at,
        )
        for member in new.members
    ]
    await tell_created(session, [task, *children], actor=actor, at=at)
    return task


def _of_member(member: str, shared: Sequence[NewAssignment]) -> tuple[NewAssignment, ...]:
    """A member leads its own task; the others who help with the group's help with it too."""
    return (NewAssignment(member, Role.LEAD), *(item for item in shared if item.agency_code != member))


async def _require_references(session: AsyncSession, new: NewTask) -> None:
    await require_programme(session, new.programme_code)
    codes = [item.agency_code for item in new.assignments] + list(new.members)
    await require_agencies(session, codes, "assignments")
    for citation in new.citations:
        await require_document(session, citation.document_code, "citations")


def _new_task(new: NewTask, task_id: UUID, *, parent: Task | None, at: datetime) -> Task:
    task = Task(
        id=task_id,
        title=new.title,
        search_text=_search_text(new.title, new.deliverable),
        programme_code=new.programme_code,
        kind="standing" if new.standing else "dated",
        state="open",
        deliverable=new.deliverable,
        priority=new.priority,
        parent_id=parent.id if parent else None,
        children_count=len(new.members),
        lead_text=new.lead_text,
        coordinate_text=new.coordinate_text,
        import_key=new.import_key,
        import_digest=new.import_digest,
        assigned_on=new.assigned_on,
        recorded_at=at,
        version=1,
        deadlines=[],
        assignments=[
            Assignment(agency_code=item.agency_code, role=item.role.value, recorded_at=at)
            for item in new.assignments
        ],
        citations=[
            Citation(position=n, document_code=item.document_code, clause=item.clause, recorded_at=at)
            for n, item in enumerate(new.citations, 1)
        ],
    )
    new_deadline(task, new.reading, effective_on=new.assigned_on, recorded_at=at)
    return task


def _search_text(title: str, deliverable: str | None) -> str:
    return fold(f"{title} {deliverable or ''}")


def _set_words(task: Task, changes: Mapping[str, str | None]) -> None:
    for name, value in changes.items():
        setattr(task, name, value)
    task.search_text = _search_text(task.title, task.deliverable)


async def members_of(session: AsyncSession, group_codes: Iterable[str], day: date) -> tuple[str, ...]:
    """Codes of the agencies that belong to any of the groups on a day, in order."""
    wanted = set(group_codes)
    known = set(await session.scalars(select(Group.code).where(Group.code.in_(wanted))))
    if missing := sorted(wanted - known):
        raise InvalidInput(
            "group_unknown",
            f"Không có nhóm mã {', '.join(missing)}: tra tại /tasks/v1/groups.",
            f"No group has the code {', '.join(missing)}: look it up at /tasks/v1/groups.",
            field="assignments",
        )
    found = await session.scalars(
        select(GroupMember.agency_code)
        .join(Agency, Agency.code == GroupMember.agency_code)
        .where(
            GroupMember.group_code.in_(wanted),
            GroupMember.valid_from <= day,
            GroupMember.valid_to.is_(None) | (GroupMember.valid_to >= day),
        )
        .distinct()
        .order_by(GroupMember.agency_code)
    )
    return tuple(found)


async def amend_task(
    session: AsyncSession,
    task_id: UUID,
    changes: Mapping[str, str | None],
    *,
    reading: Reading | None,
    assignments: Sequence[NewAssignment] | None,
    expected_version: int,
    actor: Actor,
    at: datetime,
) -> Task:
    """Correct the words of a task, who has it, or give a date to a deadline that had none.

    A deadline that has a date moves by an extension only, with the document that approves it.
    """
    task = await lock_task(session, task_id)
    check_version(expected_version, task.version)
    require_open(task)
    _set_words(task, changes)
    changed = list(changes)
    if reading is not None:
        _give_date(task, reading, at)
        changed.append("deadline_text")
    if assignments is not None:
        await _reassign(session, task, assignments, at)
        changed.append("assignments")
    await tell(session, task, events.TaskAmended, actor=actor, at=at, changed=tuple(changed))
    if reading is not None or changes:
        await _amend_children(session, task, changes, reading, actor=actor, at=at)
    return task


async def _amend_children(
    session: AsyncSession,
    parent: Task,
    changes: Mapping[str, str | None],
    reading: Reading | None,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """What a group was told, each member was told."""
    for child in await lock_open_children(session, parent):
        _set_words(child, changes)
        changed = [*changes]
        if reading is not None and child.deadlines[-1].due_on is None:
            _give_date(child, reading, at)
            changed.append("deadline_text")
        await tell(session, child, events.TaskAmended, actor=actor, at=at, changed=tuple(changed))


def _give_date(task: Task, reading: Reading, at: datetime) -> None:
    if task.deadlines[-1].due_on is not None:
        raise Conflict(
            "deadline_has_date",
            "Thời hạn đã có ngày: thay đổi bằng gia hạn (/extensions), kèm văn bản phê duyệt.",
            "The deadline has a date: change it by an extension (/extensions), with the approving document.",
            field="deadline_text",
        )
    new_deadline(task, reading, effective_on=task.assigned_on, recorded_at=at, reason="clarified")


async def _reassign(session: AsyncSession, task: Task, wanted: Sequence[NewAssignment], at: datetime) -> None:
    """End the assignments that are no longer wanted and add the new ones; what was stays readable."""
    if task.children_count:
        raise Conflict(
            "task_has_members",
            "Nhiệm vụ giao cho nhóm: sửa phân công ở nhiệm vụ của từng thành viên.",
            "The task was given to a group: change the assignments of the members' tasks.",
            field="assignments",
        )
    check_assignments(wanted, ())
    await require_agencies(session, (item.agency_code for item in wanted), "assignments")
    current = {(item.agency_code, item.role): item for item in task.assignments if item.ended_at is None}
    kept = {(item.agency_code, item.role.value) for item in wanted}
    for key, assignment in current.items():
        if key not in kept:
            assignment.ended_at = at
    await session.flush()
    for agency_code, role in sorted(kept - set(current)):
        task.assignments.append(Assignment(agency_code=agency_code, role=role, recorded_at=at))


async def extend_deadline(
    session: AsyncSession,
    task_id: UUID,
    reading: Reading,
    *,
    reason: str,
    document_code: str,
    actor: Actor,
    at: datetime,
) -> Task:
    """Move a deadline by an approving document; it holds from that document's day. Members move with their group."""
    document = await require_document(session, document_code)
    task = await lock_task(session, task_id)
    require_open(task)
    _require_extension(task, reading)
    if document.issued_on > local_date(at):
        raise InvalidInput(
            "document_in_future",
            f"Văn bản {document_code} ghi ngày {document.issued_on:%d/%m/%Y}, sau hôm nay: kiểm tra lại.",
            f"Document {document_code} is dated {document.issued_on}, after today: check it.",
            field="document_code",
        )
    for each in (task, *await lock_open_children(session, task)):
        new_deadline(
            each,
            reading,
            effective_on=max(document.issued_on, each.assigned_on),
            recorded_at=at,
            reason=reason,
            document_code=document_code,
        )
        detail = {"reason": reason, "document_code": document_code}
        await tell(session, each, events.DeadlineExtended, actor=actor, at=at, **detail)
    return task


def _require_extension(task: Task, reading: Reading) -> None:
    if task.kind == "standing":
        raise Conflict(
            "task_standing",
            "Nhiệm vụ thường xuyên không có thời hạn để gia hạn.",
            "A standing task has no deadline to extend.",
        )
    if reading.due_on is None:
        raise InvalidInput(
            "deadline_unreadable",
            f"Không đọc được ngày trong “{reading.text}”: ghi rõ, ví dụ “trước ngày 15/11/2025”.",
            f"No date could be read in “{reading.text}”: write one, e.g. “trước ngày 15/11/2025”.",
            field="deadline_text",
            flags=[str(flag) for flag in reading.flags],
        )
    if reading.due_on == task.deadlines[-1].due_on:
        raise Conflict(
            "deadline_unchanged",
            f"Thời hạn đã là {reading.due_on:%d/%m/%Y}.",
            f"The deadline is {reading.due_on} already.",
            field="deadline_text",
        )


async def cancel_task(
    session: AsyncSession, task_id: UUID, *, reason: str, actor: Actor, at: datetime
) -> Task:
    """End a task that is no longer to be done, with the open tasks of its members."""
    task = await lock_to_end(session, task_id)
    require_open(task)
    for each in (task, *await lock_open_children(session, task)):
        await end_cancelled(session, each, reason=reason, actor=actor, at=at)
    await settle_parent(session, task, reason=reason, actor=actor, at=at)
    return task
