"""Signals: what is told of databases and budgets, each once.

A signal is news (a database fell silent) or an examination planned ahead (is this budget behind on 1 July?). One is
known by its kind, subject and occasion: what makes it one of a kind, a version, a day, a month or an id.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from services.notify.domain.milestones import TimerStatus

SignalStatus = TimerStatus  # a signal lives as a timer does


class SubjectKind(StrEnum):
    DATABASE = "database"
    BUDGET = "budget"


class SignalKind(StrEnum):
    LATE = "dataset.late"
    DOWN = "dataset.down"
    RECOVERED = "dataset.recovered"
    OPENED = "dataset.contradiction.opened"
    CLOSED = "dataset.contradiction.closed"
    BEHIND = "budget.behind"
    IDLE = "budget.idle"
    UNALLOCATED = "budget.unallocated"


STATE_KINDS = frozenset({SignalKind.LATE, SignalKind.DOWN, SignalKind.RECOVERED})
STATE_FAMILY = "state"
CONTRADICTION_KINDS = frozenset({SignalKind.OPENED, SignalKind.CLOSED})
BUDGET_KINDS = frozenset({SignalKind.BEHIND, SignalKind.IDLE, SignalKind.UNALLOCATED})


class SignalReason(StrEnum):
    """Why a signal stands as it stands."""

    TOLD = "told"
    PLANNED = "planned"
    CAME_DUE = "came_due"
    NEWER_CAME_DUE = "newer_came_due"
    PAST_WHEN_HEARD_OF = "past_when_heard_of"
    NO_LONGER_TRUE = "no_longer_true"


@dataclass(frozen=True, slots=True)
class SignalRules:
    """What an operator may set.

    Attributes:
        stale_after: what was told, or came due, longer ago than this when first heard of is not sent.
        behind_share: share of what is to be spent (disbursed, and what can still be) by which disbursement may lie
            behind the even-spending line.
        idle_months: after the first allocation, by when something is to be disbursed.
        unallocated_after: month and day after which all is to be allocated.
    """

    stale_after: timedelta = timedelta(hours=72)
    behind_share: Fraction = Fraction(1, 5)
    idle_months: int = 3
    unallocated_after: tuple[int, int] = (6, 30)


@dataclass(frozen=True, slots=True)
class Standing:
    status: SignalStatus
    reason: SignalReason


@dataclass(frozen=True, slots=True)
class PlannedSignal:
    """An examination of a subject, by its kind and occasion."""

    kind: SignalKind
    occasion: str
    due_at: datetime
    standing: Standing


STALE = Standing(SignalStatus.MOOT, SignalReason.PAST_WHEN_HEARD_OF)
PASSED = Standing(SignalStatus.SUPERSEDED, SignalReason.NEWER_CAME_DUE)
ENDED = Standing(SignalStatus.CANCELLED, SignalReason.NO_LONGER_TRUE)
RAISED = Standing(SignalStatus.RAISED, SignalReason.CAME_DUE)


def is_stale(instant: datetime, now: datetime, rules: SignalRules) -> bool:
    return instant < now - rules.stale_after


def family(kind: SignalKind, occasion: str) -> str:
    """Within a subject, signals of one family follow one another: only the newest due one is worth telling."""
    if kind in STATE_KINDS:
        return STATE_FAMILY
    if kind in CONTRADICTION_KINDS:
        return occasion  # of one contradiction
    return kind
