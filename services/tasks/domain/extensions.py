"""The extensions that an approving document allows, and the members whose deadlines move with their group's."""

from dataclasses import dataclass
from datetime import date

from services.tasks.domain.deadlines import Reading
from services.tasks.domain.states import State, check_open
from shared.errors import Conflict, InvalidInput


@dataclass(frozen=True, slots=True)
class Extended:
    """The values of a task that an extension depends on. `due_on`: the last in-time day by the revision in force."""

    state: State
    standing: bool
    due_on: date | None
    completed_on: date | None = None

    def done_before(self, day: date) -> bool:
        return self.state is State.COMPLETED and (self.completed_on is None or self.completed_on < day)


@dataclass(frozen=True, slots=True)
class Approval:
    """The document that approves an extension."""

    code: str
    issued_on: date


def check_extension(task: Extended, reading: Reading, approval: Approval, today: date) -> None:
    """Refuse an extension unless the task is open, or was done after the extension was approved.

    Raises:
        Conflict: task_ended, task_standing, deadline_unchanged.
        InvalidInput: deadline_unreadable, deadline_before_document, document_in_future.
    """
    if task.state is not State.COMPLETED or task.done_before(approval.issued_on):
        check_open(task.state)
    check_dated(standing=task.standing)
    check_readable(reading)
    if reading.due_on == task.due_on:
        raise Conflict(
            "deadline_unchanged",
            f"Thời hạn đã là {reading.due_on:%d/%m/%Y}.",
            f"The deadline is {reading.due_on} already.",
            field="deadline_text",
        )
    _check_days(approval, reading, today)


def moves_with_group(member: Extended, before: date | None, reading: Reading, approval: Approval) -> bool:
    """True for a member whose deadline follows its group's, which was `before`.

    A member with the group's deadline follows; one with a later day of its own keeps it.
    """
    if member.done_before(approval.issued_on) or member.due_on == reading.due_on:
        return False
    later = member.due_on is not None and reading.due_on is not None and member.due_on > reading.due_on
    return member.due_on == before or not later


def check_first_date(due_on: date | None, reading: Reading, *, standing: bool) -> None:
    """Refuse to date a deadline outside an extension, unless it is the first date of a dated task.

    Raises:
        Conflict: task_standing, deadline_has_date.
        InvalidInput: deadline_unreadable.
    """
    check_dated(standing=standing)
    check_readable(reading)
    if due_on is not None:
        raise Conflict(
            "deadline_has_date",
            "Thời hạn đã có ngày: thay đổi bằng gia hạn (/extensions), kèm văn bản phê duyệt.",
            "The deadline has a date: change it by an extension (/extensions), with the approving document.",
            field="deadline_text",
        )


def check_dated(*, standing: bool) -> None:
    if standing:
        raise Conflict(
            "task_standing",
            "Nhiệm vụ thường xuyên không có ngày đến hạn: không đặt, không gia hạn.",
            "A standing task has no due date to set or extend.",
        )


def check_readable(reading: Reading) -> None:
    if reading.late_after is None:
        raise InvalidInput(
            "deadline_unreadable",
            f"Không đọc được ngày trong “{reading.text}”: ghi rõ, ví dụ “trước ngày 15/11/2025”.",
            f"No date could be read in “{reading.text}”: write one, e.g. “trước ngày 15/11/2025”.",
            field="deadline_text",
            flags=[str(flag) for flag in reading.flags],
            unread_words=list(reading.unread_words),
        )


def _check_days(approval: Approval, reading: Reading, today: date) -> None:
    """The document is of today or before, the deadline not before the document."""
    if reading.due_on is not None and reading.due_on < approval.issued_on:
        raise InvalidInput(
            "deadline_before_document",
            f"Ngày {reading.due_on:%d/%m/%Y} trước ngày văn bản {approval.issued_on:%d/%m/%Y}: kiểm tra lại thời hạn.",
            f"The day {reading.due_on} is before the document's, {approval.issued_on}: check the deadline.",
            field="deadline_text",
        )
    if approval.issued_on > today:
        raise InvalidInput(
            "document_in_future",
            f"Văn bản {approval.code} ghi ngày {approval.issued_on:%d/%m/%Y}, sau hôm nay: kiểm tra lại.",
            f"Document {approval.code} is dated {approval.issued_on}, after today: check it.",
            field="document_code",
        )
