"""The status of a task on a day, by what was recorded up to an instant.

The same rule is SQL in `queries/status.py`, where it counts thousands of tasks at once; a property test compares
the two.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class Status(StrEnum):
    COMPLETED_ON_TIME = "completed_on_time"
    COMPLETED_LATE = "completed_late"
    IN_PROGRESS = "in_progress"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    STANDING = "standing"
    CANCELLED = "cancelled"
    MERGED = "merged"


COMBINED = (  # of several parts the first that one of them has
    Status.OVERDUE,
    Status.DUE_SOON,
    Status.IN_PROGRESS,
    Status.STANDING,
    Status.COMPLETED_LATE,
    Status.COMPLETED_ON_TIME,
    Status.MERGED,
    Status.CANCELLED,
)


@dataclass(frozen=True, slots=True)
class DeadlineFact:
    revision: int
    due_on: date | None
    effective_on: date
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An accepted submission: done on `completed_on`, known from `decided_at` on."""

    completed_on: date
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class EndingFact:
    kind: Status
    effective_on: date
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that decide a task's status, each with its day and the instant of its recording."""

    standing: bool
    assigned_on: date
    recorded_at: datetime
    deadlines: tuple[DeadlineFact, ...]
    acceptance: Acceptance | None = None
    ending: EndingFact | None = None


def status_on(facts: Facts, day: date, known_at: datetime, due_soon_days: int) -> Status | None:
    """The status on `day` by what was recorded up to `known_at`; None before the task was assigned or recorded."""
    if facts.recorded_at > known_at or facts.assigned_on > day:
        return None
    ending = facts.ending
    if ending and ending.recorded_at <= known_at and ending.effective_on <= day:
        return ending.kind
    due_on = due_date(facts.deadlines, day, known_at)
    accepted = facts.acceptance
    if accepted and accepted.decided_at <= known_at and accepted.completed_on <= day:
        late = due_on is not None and accepted.completed_on > due_on and not facts.standing
        return Status.COMPLETED_LATE if late else Status.COMPLETED_ON_TIME
    return open_status(facts.standing, due_on, day, due_soon_days)


def due_date(deadlines: Iterable[DeadlineFact], day: date, known_at: datetime) -> date | None:
    """The last in-time day by the latest revision that holds on `day` and was known.

    Latest is the one approved last, not the one recorded last.
    """
    in_force = [fact for fact in deadlines if fact.effective_on <= day and fact.recorded_at <= known_at]
    return max(in_force, key=lambda fact: (fact.effective_on, fact.revision)).due_on if in_force else None


def open_status(standing: bool, due_on: date | None, day: date, due_soon_days: int) -> Status:
    """The status of a task that is still to be done. Without a date nothing can be late."""
    if standing:
        return Status.STANDING
    if due_on is None:
        return Status.IN_PROGRESS
    if due_on < day:
        return Status.OVERDUE
    return Status.DUE_SOON if due_on <= day + timedelta(days=due_soon_days) else Status.IN_PROGRESS


def combined(parts: Iterable[Status], ending: Status | None = None) -> Status | None:
    """The status of a task given to several: done when all are done, late when one is late.

    Members whose part was ended no longer count, unless there are no others. `ending` is the whole task's own, and
    takes precedence: a task cancelled as a whole is not done because one member had finished its part. None without any
    part: the status then follows from the task's own facts.
    """
    if ending is not None:
        return ending
    found = set(parts)
    return next((status for status in COMBINED if status in found), None)
