"""Which changes of a database are told to its owner, and which of them still hold when they are heard of."""

from collections.abc import Collection
from datetime import UTC, datetime

from services.notify.domain.signals import (
    ENDED,
    PASSED,
    STALE,
    SignalKind,
    SignalReason,
    SignalRules,
    SignalStatus,
    Standing,
    is_stale,
)

TROUBLES = frozenset({SignalKind.LATE, SignalKind.DOWN})
CALM = frozenset({"maintenance", "unknown"})  # states in which nobody is asked to do anything
TOLD = Standing(SignalStatus.PENDING, SignalReason.TOLD)
_TROUBLE_OF = {"late": SignalKind.LATE, "down": SignalKind.DOWN}


def transition(before: str, after: str, *, trouble_told: bool = False) -> SignalKind | None:
    """What a change of the observed state is told as; None when it is not.

    `trouble_told`: the last that was raised of it was a trouble, so that its end is owed, whatever lay between.
    """
    if after == "up" and (before in _TROUBLE_OF or trouble_told):
        return SignalKind.RECOVERED
    return _TROUBLE_OF.get(after)


def state_standing(
    kind: SignalKind,
    told_at: datetime,
    now: datetime,
    rules: SignalRules,
    *,
    holds: bool,
    observed: str,
    trouble_told: bool,
) -> Standing:
    """How a change of state stands when it is heard of.

    Args:
        kind: what it is told as.
        told_at: when the datasets service recorded it; that it became true before is no reason not to tell.
        now: when it is heard of.
        rules: the operator's.
        holds: whether the newest picture shows that very state, and it was not told yet.
        observed: the state which that picture shows.
        trouble_told: as of `transition`; the end of such a trouble is told however long ago it was.
    """
    is_owed = kind is SignalKind.RECOVERED and trouble_told and holds
    if is_stale(told_at, now, rules) and not is_owed:
        return STALE
    if holds:
        return TOLD
    return ENDED if observed in CALM and kind in TROUBLES else PASSED


def contradiction_standing(
    kind: SignalKind,
    told_at: datetime,
    now: datetime,
    rules: SignalRules,
    *,
    id_: str,
    still_open: Collection[str],
) -> Standing:
    """How the opening or closing of a contradiction stands when it is heard of, by the newest picture."""
    if is_stale(told_at, now, rules):
        return STALE
    return TOLD if kind is SignalKind.CLOSED or id_ in still_open else PASSED


def written(instant: datetime) -> str:
    """An instant as it stands in facts: 2026-03-10T02:00:00Z."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
