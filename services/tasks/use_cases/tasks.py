"""Assigning, amending, extending and cancelling tasks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID, uuid4, uuid5

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.commands import (
    NewAssignment,
    NewCitation,
    NewTask,
    Role,
    check_assigned_on,
    check_assignments,
)
from services.tasks.domain.deadlines import Reading
from services.tasks.domain.naming_text import fold
from services.tasks.tables import Agency, Assignment, Citation, Document, Group, GroupMember, Task
from services.tasks.use_cases.catalogue import require_agencies
from services.tasks.use_cases.records import (
    end_cancelled,
    lock_children,
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

_IMPORTED = UUID("6f1d2f0e-57a4-5c57-8e57-2d3a1b5c0957")  # namespace of the ids of imported tasks


async def create_task(session: AsyncSession, new: NewTask, *, actor: Actor, at: datetime) -> Task:
    """Assign a task; one given to a group becomes a parent with a task for each member."""
    check_assigned_on(new.assigned_on, local_date(at), "assigned_on")
    check_assignments(new.assignments, new.members)
    await _require_references(session, new)
    tasks = list(new_tasks(new, at=at))
    await tell_created(session, tasks, actor=actor, at=at)
    return tasks[0]


def new_tasks(new: NewTask, *, at: datetime) -> Iterator[Task]:
    """The task as it will be recorded, then those of its members."""
    task = _new_task(new, task_id_of(new.import_key) if new.import_key else uuid4(), parent=None, at=at)
    yield task
    each = replace(new, members=(), import_key=None, import_digest=None)
    for member in new.members:
        own = replace(each, assignments=_of_member(member, new.assignments))
        yield _new_task(own, uuid5(task.id, member), parent=task, at=at)


def task_id_of(import_key: str) -> UUID:
    """The id of an imported row's task: a dry run and the real run draw the same."""
    return uuid5(_IMPORTED, import_key)


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
            Assignment(
                agency_code=item.agency_code,
                role=item.role.value,
                effective_on=new.assigned_on,
                recorded_at=at,
            )
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
    citations: Sequence[NewCitation] = (),
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
    if await _cite(session, task, citations, at):
        changed.append("citations")
    await tell(session, task, events.TaskAmended, actor=actor, at=at, changed=tuple(changed))
    if reading is not None or changes:
        await _amend_children(session, task, changes, reading, actor=actor, at=at)
    return task


async def _cite(session: AsyncSession, task: Task, citations: Sequence[NewCitation], at: datetime) -> bool:
    """Add documents that give the same task, so that it is not recorded again; whether any was new."""
    known = {(item.document_code, item.clause) for item in task.citations}
    new = [item for item in citations if (item.document_code, item.clause) not in known]
    for item in new:
        await require_document(session, item.document_code, "citations")
        position = len(task.citations) + 1
        task.citations.append(
            Citation(position=position, document_code=item.document_code, clause=item.clause, recorded_at=at)
        )
    return bool(new)


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
    for child in await lock_children(session, parent):
        _set_words(child, changes)
        changed = [*changes]
        if reading is not None and child.due_on is None:
            _give_date(child, reading, at)
            changed.append("deadline_text")
        await tell(session, child, events.TaskAmended, actor=actor, at=at, changed=tuple(changed))


def _give_date(task: Task, reading: Reading, at: datetime) -> None:
    _require_dated(task)
    _require_day(reading)
    if task.due_on is not None:
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
            assignment.ended_on = local_date(at)
    await session.flush()
    for agency_code, role in sorted(kept - set(current)):
        task.assignments.append(
            Assignment(agency_code=agency_code, role=role, effective_on=local_date(at), recorded_at=at)
        )


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
    _require_extension(task, reading, document)
    if document.issued_on > local_date(at):
        raise InvalidInput(
            "document_in_future",
            f"Văn bản {document_code} ghi ngày {document.issued_on:%d/%m/%Y}, sau hôm nay: kiểm tra lại.",
            f"Document {document_code} is dated {document.issued_on}, after today: check it.",
            field="document_code",
        )
    members = [
        member
        for member in await lock_children(session, task, ("open", "completed"))
        if _moves_with_group(member, task.due_on, reading, document)
    ]
    for each in (task, *members):
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


def _require_dated(task: Task) -> None:
    if task.kind == "standing":
        raise Conflict(
            "task_standing",
            "Nhiệm vụ thường xuyên không có ngày đến hạn: không đặt, không gia hạn.",
            "A standing task has no due date to set or extend.",
        )


def _require_day(reading: Reading) -> None:
    if reading.due_on is None:
        raise InvalidInput(
            "deadline_unreadable",
            f"Không đọc được ngày trong “{reading.text}”: ghi rõ, ví dụ “trước ngày 15/11/2025”.",
            f"No date could be read in “{reading.text}”: write one, e.g. “trước ngày 15/11/2025”.",
            field="deadline_text",
            flags=[str(flag) for flag in reading.flags],
        )


def _require_extension(task: Task, reading: Reading, document: Document) -> None:
    """An extension needs an open task, or one that was done after the extension was approved."""
    done_after = (
        task.state == "completed"
        and task.completed_on is not None
        and task.completed_on >= document.issued_on
    )
    if not done_after:
        require_open(task)
    _require_dated(task)
    _require_day(reading)
    if reading.due_on == task.due_on:
        raise Conflict(
            "deadline_unchanged",
            f"Thời hạn đã là {reading.due_on:%d/%m/%Y}.",
            f"The deadline is {reading.due_on} already.",
            field="deadline_text",
        )
    if reading.due_on is not None and reading.due_on < document.issued_on:
        raise InvalidInput(
            "deadline_before_document",
            f"Ngày {reading.due_on:%d/%m/%Y} trước ngày văn bản {document.issued_on:%d/%m/%Y}: kiểm tra lại thời hạn.",
            f"The day {reading.due_on} is before the document's, {document.issued_on}: check the deadline.",
            field="deadline_text",
        )


def _moves_with_group(member: Task, before: date | None, reading: Reading, document: Document) -> bool:
    """A member that still has the group's deadline moves with it; one that was given a later day of its own keeps it."""
    if member.state == "completed" and (
        member.completed_on is None or member.completed_on < document.issued_on
    ):
        return False
    if member.due_on == reading.due_on:
        return False
    later = member.due_on is not None and reading.due_on is not None and member.due_on > reading.due_on
    return member.due_on == before or not later


async def cancel_task(
    session: AsyncSession, task_id: UUID, *, reason: str, actor: Actor, at: datetime
) -> Task:
    """End a task that is no longer to be done, with the open tasks of its members."""
    task = await lock_to_end(session, task_id)
    require_open(task)
    for each in (task, *await lock_children(session, task)):
        await end_cancelled(session, each, reason=reason, actor=actor, at=at)
    await settle_parent(session, task, reason=reason, actor=actor, at=at)
    return task
