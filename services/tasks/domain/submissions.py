"""Submissions: which agency may report a task done, on which day, and which decisions are possible."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from shared.errors import Conflict, Forbidden, InvalidInput


@dataclass(frozen=True, slots=True)
class NewEvidence:
    kind: str
    reference: str
    title: str


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """A task reported done. `agency_code` is the agency that reports; None when the office does it for them."""

    agency_code: str | None
    completed_on: date
    summary: str
    evidence: tuple[NewEvidence, ...]


def check_completed_on(completed_on: date, assigned_on: date, today: date) -> None:
    if completed_on > today:
        raise InvalidInput(
            "completed_in_future",
            f"Ngày hoàn thành {completed_on:%d/%m/%Y} sau hôm nay {today:%d/%m/%Y}: ghi ngày đã hoàn thành thật.",
            f"completed_on {completed_on} is after today {today}: give the day it was really done.",
            field="completed_on",
        )
    if completed_on < assigned_on:
        raise InvalidInput(
            "completed_before_assigned",
            f"Ngày hoàn thành {completed_on:%d/%m/%Y} trước ngày giao {assigned_on:%d/%m/%Y}.",
            f"completed_on {completed_on} is before the task was assigned, {assigned_on}.",
            field="completed_on",
        )


def check_reporter(agency_code: str | None, leaders: Collection[str], *, has_members: bool) -> None:
    """Refuse a submission for a group's task, and one of an agency that does not lead the task.

    Args:
        agency_code: the agency that reports; None where the office reports for it.
        leaders: codes of the agencies that lead the task.
        has_members: the task was given to a group.

    Raises:
        Conflict: task_has_members.
        Forbidden: not_the_lead.
    """
    if has_members:
        raise Conflict(
            "task_has_members",
            "Nhiệm vụ giao cho nhóm được báo cáo qua nhiệm vụ của từng thành viên.",
            "A task given to a group is reported through the members' tasks.",
        )
    if agency_code is not None and agency_code not in leaders:
        listed = ", ".join(sorted(leaders))
        raise Forbidden(
            "not_the_lead",
            f"Cơ quan {agency_code} không chủ trì nhiệm vụ này ({listed} chủ trì).",
            f"Agency {agency_code} does not lead this task ({listed} does).",
        )


def check_none_awaiting(*, awaiting: bool) -> None:
    """Raises Conflict submission_awaiting: a task has one undecided submission at most."""
    if awaiting:
        raise Conflict(
            "submission_awaiting",
            "Đang có một báo cáo hoàn thành chờ xem xét: đợi kết quả rồi gửi tiếp.",
            "A submission awaits its decision: wait for it before sending another.",
        )


def check_decision(recorded: str | None, *, accept: bool, reason: str | None) -> None:
    """Refuse a second decision, and a return without its reason.

    Raises:
        InvalidInput: reason_required.
        Conflict: submission_decided.
    """
    if not accept and not reason:
        raise InvalidInput(
            "reason_required", "Trả lại phải nêu lý do.", "A return must say its reason.", field="reason"
        )
    if recorded is not None:
        raise Conflict(
            "submission_decided",
            "Báo cáo này đã được xem xét (chấp nhận hoặc trả lại); không sửa được.",
            "This submission has been decided; a decision is not changed.",
            decision=recorded,
        )
