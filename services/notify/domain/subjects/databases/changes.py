"""The changes of a database of which its owner is alerted, and which still hold when their events are consumed."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.notify.domain.reminders import CAUSED, STALE, SUPERSEDED, UNTRUE, ReminderState, is_stale

KIND: Final = "database"


class DatabaseKind(StrEnum):
    LATE = "dataset.late"
    DOWN = "dataset.down"
    RECOVERED = "dataset.recovered"
    OPENED = "dataset.contradiction.opened"
    CLOSED = "dataset.contradiction.closed"


STATE_KINDS = frozenset({DatabaseKind.LATE, DatabaseKind.DOWN, DatabaseKind.RECOVERED})
STATE_SERIES = "state"
TROUBLES = frozenset({DatabaseKind.LATE, DatabaseKind.DOWN})
NO_ACTION_STATES = frozenset({"maintenance", "unknown"})  # states that call for no action of the owner
# Contradictions of a kind on one database that are told in a day; a further one is told when a day has passed, if it still
# holds: a record count that goes to and fro would else be an alert for each heartbeat.
MOST_A_DAY = 5
_TROUBLE_OF = {"late": DatabaseKind.LATE, "down": DatabaseKind.DOWN}


def transition(before: str, after: str, *, trouble_raised: bool = False) -> DatabaseKind | None:
    """The kind of alert that a change of the observed state calls for; None for no alert.

    `trouble_raised`: the last alert of its state was of a trouble, so that its end is reported, whatever lay between.
    """
    if after == "up" and (before in _TROUBLE_OF or trouble_raised):
        return DatabaseKind.RECOVERED
    return _TROUBLE_OF.get(after)


def state_of_change(
    kind: DatabaseKind,
    recorded_at: datetime,
    now: datetime,
    stale_after: timedelta,
    *,
    holds: bool,
    observed: str,
    trouble_raised: bool,
) -> ReminderState:
    """The state of the reminder of a change of the observed state, when its event is consumed.

    Args:
        kind: as of `transition`.
        recorded_at: when the datasets service recorded it; `stale_after` counts from here.
        now: when the event is consumed.
        stale_after: set by the operator.
        holds: whether our copy shows that very state, and no alert of it was raised yet.
        observed: the state in our copy, which may be newer.
        trouble_raised: as of `transition`; an alert of the end of such a trouble is raised however long ago it was.
    """
    is_owed = kind is DatabaseKind.RECOVERED and trouble_raised and holds
    if is_stale(recorded_at, now, stale_after) and not is_owed:
        return STALE
    if holds:
        return CAUSED
    return UNTRUE if observed in NO_ACTION_STATES and kind in TROUBLES else SUPERSEDED


def state_of_contradiction(
    kind: DatabaseKind,
    recorded_at: datetime,
    now: datetime,
    stale_after: timedelta,
    *,
    id_: str,
    still_open: Collection[str],
) -> ReminderState:
    """The state of the reminder of a contradiction's opening or closing, by those open in our copy."""
    if is_stale(recorded_at, now, stale_after):
        return STALE
    return CAUSED if kind is DatabaseKind.CLOSED or id_ in still_open else SUPERSEDED
