"""Which deliveries of databases' and budgets' alerts are no longer worth making."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Tuple, case, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.notify.domain.deliveries import DeliveryReason
from services.notify.domain.signals import (
    CONTRADICTION_KINDS,
    STATE_FAMILY,
    STATE_KINDS,
    SignalKind,
    SignalStatus,
    SubjectKind,
)
from services.notify.tables import Alert, Delivery, Signal
from services.notify.use_cases.deliveries.cancel import cancel_deliveries


async def cancel_superseded(session: AsyncSession, *, now: datetime) -> int:
    """Cancel retries of what a newer alert of the same family supersedes; returns how many.

    What was not tried yet goes out at once, and in order.
    """
    retries = Delivery.lease_token.is_(None) & (Delivery.attempts > 0)
    of_older = Delivery.alert_id.in_(_alerts().where(_newer_is_raised()))
    return await cancel_deliveries(session, retries & of_older, DeliveryReason.SUPERSEDED, now)


async def cancel_untrue(
    session: AsyncSession,
    subject_kind: SubjectKind,
    subject: str,
    kinds: Collection[SignalKind],
    now: datetime,
) -> int:
    """Cancel what is not delivered yet of what no longer holds of a subject whose row is locked; returns how many."""
    theirs = (Signal.subject_kind == subject_kind) & (Signal.subject == subject) & Signal.kind.in_(kinds)
    untrue = Delivery.alert_id.in_(_alerts().where(theirs))
    return await cancel_deliveries(session, untrue, DeliveryReason.NO_LONGER_TRUE, now)


def _alerts() -> Select[UUID]:
    return select(Alert.id).join(Signal, Signal.id == Alert.signal_id)


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
