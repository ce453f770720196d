"""The milestones of a deadline: which are planned, and which of those that came due is raised.

A milestone is a number of days from the last in-time day: -7 is written T-7. Each comes due at a set hour of its day,
on the wall clock of Asia/Ho_Chi_Minh.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from shared.runtime.clock import local_date, local_instant

FIXED = (-30, -14, -7, -3, -1, 0, 1, 7)
WEEK = (
    7  # after the last fixed milestone one follows each week, planned one ahead, as long as the task is open
)
ALERT_HOUR = 8


class TimerStatus(StrEnum):
    PENDING = "pending"
    RAISED = "raised"
    SUPERSEDED = "superseded"
    MOOT = "moot"
    CANCELLED = "cancelled"


class TimerReason(StrEnum):
    """Why a timer stands as it stands."""

    PLANNED = "planned"
    CAME_DUE = "came_due"
    NEWER_CAME_DUE = "newer_came_due"
    PAST_WHEN_HEARD_OF = "past_when_heard_of"
    REPLANNED = "replanned"
    ASSIGNMENT_ENDED = "assignment_ended"
    TASK_ENDED = "task_ended"
    NO_DEADLINE = "no_deadline"
    REPORTED_BY_CHILDREN = "reported_by_children"


@dataclass(frozen=True, slots=True)
class PlannedTimer:
    milestone: int
    due_at: datetime
    status: TimerStatus
    reason: TimerReason


@dataclass(frozen=True, slots=True)
class Firing:
    """What becomes of the due milestones of one task and agency; `planned` is the next weekly one."""

    raised: int
    superseded: tuple[int, ...]
    planned: int | None


def name_of(milestone: int) -> str:
    return f"T{milestone:+d}" if milestone else "T0"


def due_at(due_on: date, milestone: int, hour: int = ALERT_HOUR) -> datetime:
    return local_instant(due_on + timedelta(days=milestone), hour)


def plan(due_on: date, now: datetime, hour: int = ALERT_HOUR) -> tuple[PlannedTimer, ...]:
    """The timers of a deadline first heard of at `now`: past milestones moot, the others pending.

    `now` is when notify hears of it, not when it was recorded, so that a log read anew sends nothing long past.
    Of the weekly milestones only the newest past one is recorded and the next one planned.
    """
    past = now - timedelta.resolution  # what is due this very moment is not past
    milestones = list(FIXED)
    if due_at(due_on, FIXED[-1], hour) <= past:
        newest = _newest_weekly(due_on, past, hour)
        milestones += [newest] * (newest > FIXED[-1]) + [newest + WEEK]
    return tuple(_planned(milestone, due_at(due_on, milestone, hour), past) for milestone in milestones)


def fire(due_on: date, due: Collection[int], now: datetime, hour: int = ALERT_HOUR) -> Firing:
    """Raise the newest milestone that is due at `now`; those before it are superseded.

    `due` are the pending timers that came due. Weekly milestones passed over while nobody looked, which were never
    planned, count among them.
    """
    newest = max(due)
    if newest < FIXED[-1]:
        return Firing(newest, tuple(sorted(set(due) - {newest})), None)
    raised = max(newest, _newest_weekly(due_on, now, hour))
    passed = {*due, *range(newest, raised, WEEK)} - {raised}
    return Firing(raised, tuple(sorted(passed)), raised + WEEK)


def _planned(milestone: int, instant: datetime, past: datetime) -> PlannedTimer:
    if instant <= past:
        return PlannedTimer(milestone, instant, TimerStatus.MOOT, TimerReason.PAST_WHEN_HEARD_OF)
    return PlannedTimer(milestone, instant, TimerStatus.PENDING, TimerReason.PLANNED)


def _newest_weekly(due_on: date, at: datetime, hour: int) -> int:
    """The newest multiple of a week whose milestone is due at `at`."""
    weeks = (local_date(at) - due_on).days // WEEK * WEEK
    return weeks if due_at(due_on, weeks, hour) <= at else weeks - WEEK
