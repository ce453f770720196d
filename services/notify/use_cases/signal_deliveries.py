"""Deliveries of databases' and budgets' alerts that are no longer worth making.

A batch of events locks rows of the picture one by one, and from its first cancelling on has the turn (`take_turn`). So
what raises, and holds such rows, never waits for the turn: what it superseded is cancelled after it, by a transaction
that holds nothing else.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Tuple, case, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.notify.domain.retries import DeliveryReason, DeliveryStatus
from services.notify.domain.signals import (
    CONTRADICTION_KINDS,
    STATE_FAMILY,
    STATE_KINDS,
    SignalKind,
    SignalStatus,
    SubjectKind,
)
from services.notify.tables import Alert, Delivery, Signal
from services.notify.use_cases.deliveries import cancel_deliveries


async def cancel_superseded(session: AsyncSession, *, now: datetime) -> int:
    """Cancel what was tried in vain and waits to be tried again, where a newer alert of its family was raised.

    What was not tried yet goes out at once, and in order. Returns how many.
    """
    waits = Delivery.lease_token.is_(None) & (Delivery.attempts > 0)
    return await _cancel(session, waits, _newer_is_raised(), DeliveryReason.SUPERSEDED, now)


async def cancel_untrue(
    session: AsyncSession,
    subject_kind: SubjectKind,
    subject: str,
    kinds: Collection[SignalKind],
    now: datetime,
) -> int:
    """Cancel what is not delivered yet of what no longer holds of a subject whose row is locked; returns how many."""
    theirs = (Signal.subject_kind == subject_kind) & (Signal.subject == subject) & Signal.kind.in_(kinds)
    pending = Delivery.status == DeliveryStatus.PENDING
    return await _cancel(session, pending, theirs, DeliveryReason.NO_LONGER_TRUE, now)


async def _cancel(
    session: AsyncSession,
    which: ColumnElement[bool],
    of: ColumnElement[bool],
    reason: DeliveryReason,
    now: datetime,
) -> int:
    """Look before taking the turn, for mostly there is nothing: `which` deliveries `of` which signals."""
    found = (await session.scalars(_of_signals().where(which, of))).all()
    if not found:
        return 0
    return await cancel_deliveries(session, Delivery.id.in_(found) & which, reason, now)


def _of_signals() -> Select[UUID]:
    return (
        select(Delivery.id)
        .join(Alert, Alert.id == Delivery.alert_id)
        .join(Signal, Signal.id == Alert.signal_id)
        .where(Delivery.status == DeliveryStatus.PENDING)
    )


def _newer_is_raised() -> ColumnElement[bool]:
    newer = aliased(Signal)
    return (
        select(newer.id)
        .where(
            newer.status == SignalStatus.RAISED,
            newer.subject_kind == Signal.subject_kind,
            newer.subject == Signal.subject,
            _family(newer) == _family(Signal),
            _place(newer) > _place(Signal),
        )
        .exists()
    )


def _family(row: type[Signal]) -> ColumnElement[str]:
    """As the rule of the same name."""
    return case(
        (row.kind.in_(STATE_KINDS), STATE_FAMILY),
        (row.kind.in_(CONTRADICTION_KINDS), row.occasion),
        else_=row.kind,
    )


def _place(row: type[Signal]) -> Tuple:
    """As `Due.place`."""
    return tuple_(func.coalesce(row.facts["version"].as_integer(), 0), row.due_at)
