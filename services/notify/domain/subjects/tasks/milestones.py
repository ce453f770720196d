"""The milestones of a deadline: which are planned, which follow, and which were passed over.

A milestone is a number of days from the last in-time day: -7 is written T-7. Each comes due at a set hour of its day,
on the wall clock of Asia/Ho_Chi_Minh.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from services.notify.domain.reminders import ALERT_HOUR, PLANNED, STALE, ReminderState
from shared.runtime.clock import local_date, local_instant

FIXED = (-30, -14, -7, -3, -1, 0, 1, 7)
WEEK = (
    7  # after the last fixed milestone one follows each week, planned one ahead, as long as the task is open
)


KIND: Final = "task"


class DeadlineKind(StrEnum):
    REMINDER = "deadline.reminder"
    DUE = "deadline.due"
    OVERDUE = "deadline.overdue"


class DeadlineReason(StrEnum):
    """The reasons for which reminders of a deadline end, besides those of every reminder."""

    REPLANNED = "replanned"
    ASSIGNMENT_ENDED = "assignment_ended"
    TASK_ENDED = "task_ended"
    NO_DEADLINE = "no_deadline"
    REPORTED_BY_CHILDREN = "reported_by_children"


REASONS: Mapping[str, str] = {
    DeadlineReason.REPLANNED: "the deadline has changed",
    DeadlineReason.ASSIGNMENT_ENDED: "the agency no longer answers for the task",
    DeadlineReason.TASK_ENDED: "the task is no longer open",
    DeadlineReason.NO_DEADLINE: "the task has no date any more",
    DeadlineReason.REPORTED_BY_CHILDREN: "the task has members, which are reminded of instead",
}


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone of a deadline; its reminder is pending, or obsolete where it was past when it was planned."""

    days: int
    due_at: datetime
    state: ReminderState


def kind_of(milestone: int) -> DeadlineKind:
    if milestone < 0:
        return DeadlineKind.REMINDER
    return DeadlineKind.OVERDUE if milestone else DeadlineKind.DUE


def name_of(milestone: int) -> str:
    return f"T{milestone:+d}" if milestone else "T0"


def due_at(due_on: date, milestone: int, hour: int = ALERT_HOUR) -> datetime:
    return local_instant(due_on + timedelta(days=milestone), hour)


def plan(due_on: date, now: datetime, hour: int = ALERT_HOUR) -> tuple[Milestone, ...]:
    """The milestones of a deadline first consumed at `now`: past ones obsolete, the others pending.

    `now` is when notify consumes it, not when it was recorded, so that a log read anew sends nothing long past.
    Of the weekly milestones only the newest past one is recorded and the next one planned.
    """
    past = now - timedelta.resolution  # one due at `now` is not past
    milestones = list(FIXED)
    if due_at(due_on, FIXED[-1], hour) <= past:
        newest = _newest_weekly(due_on, past, hour)
        milestones += [newest] * (newest > FIXED[-1]) + [newest + WEEK]
    planned = [pending(due_on, milestone, hour) for milestone in milestones]
    return tuple(replace(each, state=STALE) if each.due_at <= past else each for each in planned)


def pending(due_on: date, milestone: int, hour: int = ALERT_HOUR) -> Milestone:
    return Milestone(milestone, due_at(due_on, milestone, hour), PLANNED)


def passed_over(due_on: date, milestone: int, now: datetime, hour: int = ALERT_HOUR) -> tuple[Milestone, ...]:
    """The weekly milestones after a due one that came due up to `now` as well, without being planned."""
    if milestone < FIXED[-1]:
        return ()
    last = _newest_weekly(due_on, now, hour)
    return tuple(pending(due_on, each, hour) for each in range(milestone + WEEK, last + 1, WEEK))


def following(due_on: date, milestone: int, hour: int = ALERT_HOUR) -> Milestone | None:
    """The weekly milestone to be planned when one is raised; None where the next is planned already."""
    return None if milestone < FIXED[-1] else pending(due_on, milestone + WEEK, hour)


def _newest_weekly(due_on: date, at: datetime, hour: int) -> int:
    """The newest multiple of a week whose milestone is due at `at`."""
    weeks = (local_date(at) - due_on).days // WEEK * WEEK
    return weeks if due_at(due_on, weeks, hour) <= at else weeks - WEEK
