"""Deliveries of alerts that no longer hold or are superseded are cancelled."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.notify.domain.deliveries import DeliveryReason
from services.notify.domain.reminders import ReminderStatus
from services.notify.tables import Alert, Delivery, Reminder
from services.notify.use_cases.deliveries.cancel import cancel_deliveries
from services.notify.use_cases.reminders.plan import SubjectKey


async def cancel_undelivered(
    session: AsyncSession,
    subject: SubjectKey,
    condition: ColumnElement[bool],
    reason: DeliveryReason,
    now: datetime,
) -> int:
    """Cancel undelivered alerts of a subject whose copy is locked, by a condition on `Reminder`; returns how many."""
    alerts = _alerts().where(subject.matches, condition)
    return await cancel_deliveries(session, Delivery.alert_id.in_(alerts), reason, now)


async def cancel_superseded(session: AsyncSession, subject_kinds: Collection[str], now: datetime) -> int:
    """Cancel retries of alerts of which a newer one of the same series was raised; returns how many.

    The session holds no lock. First attempts are left: they go out at once, and in order.
    """
    retries = Delivery.lease_token.is_(None) & (Delivery.attempts > 0)
    older = _alerts().where(Reminder.subject_kind.in_(subject_kinds), _newer_is_raised())
    return await cancel_deliveries(
        session, retries & Delivery.alert_id.in_(older), DeliveryReason.SUPERSEDED, now
    )


def _alerts() -> Select[UUID]:
    return select(Alert.id).join(Reminder, Reminder.id == Alert.reminder_id)


def _newer_is_raised() -> ColumnElement[bool]:
    newer = aliased(Reminder)
    return (
        select(newer.id)
        .where(
            newer.status == ReminderStatus.RAISED,
            newer.subject_kind == Reminder.subject_kind,
            newer.subject == Reminder.subject,
            newer.series == Reminder.series,
            tuple_(newer.rank, newer.due_at) > tuple_(Reminder.rank, Reminder.due_at),
        )
        .exists()
    )
