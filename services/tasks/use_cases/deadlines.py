"""Moving a deadline by an approving document, or giving a date to one that had none."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.deadlines import Reading
from services.tasks.tables import Document, Task
from services.tasks.use_cases.documents import require_document
from services.tasks.use_cases.records import (
    current_deadline,
    lock_children,
    lock_task,
    new_deadline,
    require_open,
    tell,
)
from shared.errors import Conflict, InvalidInput
from shared.events import tasks as events
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date


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
    _require_extension(task, reading, document, local_date(at))
    members = [
        member
        for member in await lock_children(session, task, ("open", "completed"))
        if _moves_with_group(member, task.due_on, reading, document)
    ]
    for each in (task, *members):
        await _extend(session, each, reading, document, reason=reason, actor=actor, at=at)
    return task


async def _extend(
    session: AsyncSession,
    task: Task,
    reading: Reading,
    document: Document,
    *,
    reason: str,
    actor: Actor,
    at: datetime,
) -> None:
    extension = new_deadline(
        task,
        reading,
        effective_on=max(document.issued_on, task.assigned_on),
        recorded_at=at,
        reason=reason,
        document_code=document.code,
    )
    detail = {
        "reason": reason,
        "document_code": document.code,
        "in_force": current_deadline(task) is extension,  # typed in late, a later approval may hold
    }
    await tell(session, task, events.DeadlineExtended, actor=actor, at=at, **detail)


def give_date(task: Task, reading: Reading, at: datetime) -> None:
    """Date a deadline that had no date: its words, made clear, hold from the day the task was assigned."""
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


def _require_dated(task: Task) -> None:
    if task.kind == "standing":
        raise Conflict(
            "task_standing",
            "Nhiệm vụ thường xuyên không có ngày đến hạn: không đặt, không gia hạn.",
            "A standing task has no due date to set or extend.",
        )


def _require_day(reading: Reading) -> None:
    if reading.late_after is None:
        raise InvalidInput(
            "deadline_unreadable",
            f"Không đọc được ngày trong “{reading.text}”: ghi rõ, ví dụ “trước ngày 15/11/2025”.",
            f"No date could be read in “{reading.text}”: write one, e.g. “trước ngày 15/11/2025”.",
            field="deadline_text",
            flags=[str(flag) for flag in reading.flags],
            unread_words=list(reading.unread_words),
        )


def _require_extension(task: Task, reading: Reading, document: Document, today: date) -> None:
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
    _require_order(document, reading, today)


def _require_order(document: Document, reading: Reading, today: date) -> None:
    """The document is of today or before, the deadline not before the document."""
    if reading.due_on is not None and reading.due_on < document.issued_on:
        raise InvalidInput(
            "deadline_before_document",
            f"Ngày {reading.due_on:%d/%m/%Y} trước ngày văn bản {document.issued_on:%d/%m/%Y}: kiểm tra lại thời hạn.",
            f"The day {reading.due_on} is before the document's, {document.issued_on}: check the deadline.",
            field="deadline_text",
        )
    if document.issued_on > today:
        raise InvalidInput(
            "document_in_future",
            f"Văn bản {document.code} ghi ngày {document.issued_on:%d/%m/%Y}, sau hôm nay: kiểm tra lại.",
            f"Document {document.code} is dated {document.issued_on}, after today: check it.",
            field="document_code",
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
