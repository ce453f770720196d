"""Trials of subscriptions: messages on request, sent by the delivery worker as alerts are, and limited in number."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.deliveries import DeliveryStatus
from services.notify.domain.subscriptions import (
    TRIAL_PERIOD,
    TRIALS_OF_KEY,
    TRIALS_OF_SUBSCRIPTION,
    SubscriptionStatus,
    subscription_inactive,
    too_many_trials,
)
from services.notify.tables import Delivery
from services.notify.use_cases.subscriptions import lock_own
from shared.events.envelope import CloudEvent, wrap
from shared.events.notify import SubscriptionTested
from shared.http.auth import Caller
from shared.runtime.audit import Actor, add_audit


async def try_subscription(
    session: AsyncSession, subscription_id: UUID, *, caller: Caller, actor: Actor, now: datetime
) -> UUID:
    """Add a pending delivery of a trial message; returns the delivery's id.

    Raises:
        NotFound, Forbidden, Gone: as `lock_own`.
        Conflict: it is disabled.
        TooManyRequests: the subscription, or the key, has had as many as it may.
    """
    subscription = await lock_own(session, subscription_id, caller)
    if subscription.status != SubscriptionStatus.ACTIVE:
        raise subscription_inactive()
    await _check_rate(session, subscription_id, caller.prefix, now)
    delivery_id = uuid4()
    session.add(
        Delivery(
            id=delivery_id,
            subscription_id=subscription.id,
            key_prefix=caller.prefix,
            body=_trial(subscription.id, delivery_id, now).model_dump_json(),
            status=DeliveryStatus.PENDING,
            attempts=0,
            next_attempt_at=now,
            created_at=now,
        )
    )
    await session.flush()
    await add_audit(
        session, actor, "subscription.tested", "subscription", subscription.id, at=now,
        delivery=str(delivery_id),
    )  # fmt: skip
    return delivery_id


async def _check_rate(session: AsyncSession, subscription_id: UUID, key_prefix: str, now: datetime) -> None:
    """Count under locks, the subscription's and one of the key's own, so that two requests at once both count."""
    await session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"trials:{key_prefix}", 0)))
    )
    of_subscription = Delivery.subscription_id == subscription_id
    await _check_number(session, of_subscription, TRIALS_OF_SUBSCRIPTION, now)
    await _check_number(session, Delivery.key_prefix == key_prefix, TRIALS_OF_KEY, now)


async def _check_number(session: AsyncSession, which: ColumnElement[bool], limit: int, now: datetime) -> None:
    counted = select(func.count(), func.min(Delivery.created_at)).where(
        which, Delivery.key_prefix.is_not(None), Delivery.created_at > now - TRIAL_PERIOD
    )
    number, oldest = (await session.execute(counted)).one()
    if number >= limit:
        raise too_many_trials(limit, oldest + TRIAL_PERIOD - now)


def _trial(subscription_id: UUID, delivery_id: UUID, now: datetime) -> CloudEvent:
    data = SubscriptionTested(
        subscription_id=subscription_id,
        message_vi="Thông báo thử của Đôn đốc: nếu đọc được và chữ ký đúng, đăng ký này đã sẵn sàng nhận cảnh báo.",
        message_en="A trial message of Đôn đốc: if you can read it and its signature holds, this subscription is "
        "ready for alerts.",
        sent_at=now,
    )
    return wrap(
        data.event_type,
        data.model_dump(mode="json"),
        event_id=delivery_id,
        subject=data.subject(),
        version=0,  # a trial changes no aggregate
        time=now,
    )
