"""Reminders: one is planned ahead or caused by an event, comes due, and is then raised as an alert or ended.

Reminders of one subject and `series` follow one another by their rank, then by when they come due: of those that are
due at once only the newest is raised.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

ALERT_HOUR = 8  # of the day in Asia/Ho_Chi_Minh, where the operator sets no other
STALE_AFTER = timedelta(hours=72)


class ReminderStatus(StrEnum):
    PENDING = "pending"
    RAISED = "raised"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    OBSOLETE = "obsolete"


class ReminderReason(StrEnum):
    """The reason for a reminder's status; subjects add reasons of their own."""

    PLANNED = "planned"
    CAUSED_BY_EVENT = "caused_by_event"
    CAME_DUE = "came_due"
    NEWER_CAME_DUE = "newer_came_due"
    PAST_WHEN_HEARD_OF = "past_when_heard_of"
    NO_LONGER_TRUE = "no_longer_true"


REASONS: Mapping[str, str] = {
    ReminderReason.PLANNED: "planned ahead, not yet due",
    ReminderReason.CAUSED_BY_EVENT: "caused by an event, not yet raised",
    ReminderReason.CAME_DUE: "came due and was raised as an alert",
    ReminderReason.NEWER_CAME_DUE: "a newer reminder of its series came due as well",
    ReminderReason.PAST_WHEN_HEARD_OF: "was past when the event that it follows from was consumed",
    ReminderReason.NO_LONGER_TRUE: "no longer held, by a later event or when it came due",
}


@dataclass(frozen=True, slots=True)
class ReminderState:
    """The status of a reminder, and the reason for it: one of ReminderReason or of its subject's own."""

    status: ReminderStatus
    reason: StrEnum


PLANNED = ReminderState(ReminderStatus.PENDING, ReminderReason.PLANNED)
CAUSED = ReminderState(ReminderStatus.PENDING, ReminderReason.CAUSED_BY_EVENT)
RAISED = ReminderState(ReminderStatus.RAISED, ReminderReason.CAME_DUE)
SUPERSEDED = ReminderState(ReminderStatus.SUPERSEDED, ReminderReason.NEWER_CAME_DUE)
STALE = ReminderState(ReminderStatus.OBSOLETE, ReminderReason.PAST_WHEN_HEARD_OF)
UNTRUE = ReminderState(ReminderStatus.CANCELLED, ReminderReason.NO_LONGER_TRUE)


def is_stale(instant: datetime, now: datetime, stale_after: timedelta) -> bool:
    """True for an instant that is too long ago at `now` for an alert."""
    return instant < now - stale_after
