"""Retries of deliveries on request."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.deliveries import (
    RETRY_PAUSE,
    DeliveryStatus,
    delivery_ended,
    delivery_unknown,
    retried_too_soon,
)
from services.notify.domain.subscriptions import SubscriptionStatus, subscription_inactive
from services.notify.tables import Attempt, Delivery, Subscription
from services.notify.use_cases.authority import require_authority
from shared.http.auth import Caller
from shared.runtime.audit import Actor, add_audit


async def retry_delivery(
    session: AsyncSession, delivery_id: UUID, *, caller: Caller, actor: Actor, now: datetime
) -> None:
    """Send a pending or failed delivery again at once; its attempts are kept.

    Raises:
        NotFound: no such delivery.
        Forbidden: it is another agency's.
        Conflict: it was delivered or cancelled, or its subscription is not active.
        TooManyRequests: an attempt began less than RETRY_PAUSE ago.
    """
    found = (
        await session.execute(
            select(Delivery, Subscription)
            .join(Subscription, Subscription.id == Delivery.subscription_id)
            .where(Delivery.id == delivery_id)
            .with_for_update(of=Delivery)
        )
    ).one_or_none()
    if found is None:
        raise delivery_unknown()
    delivery, subscription = found
    require_authority(caller, subscription.agency_code)
    if subscription.status != SubscriptionStatus.ACTIVE:
        raise subscription_inactive()
    if delivery.status not in {DeliveryStatus.PENDING, DeliveryStatus.FAILED}:
        raise delivery_ended(DeliveryStatus(delivery.status))
    last = await session.scalar(
        select(func.max(Attempt.started_at)).where(Attempt.delivery_id == delivery_id)
    )
    if last is not None and now < last + RETRY_PAUSE:
        raise retried_too_soon(last + RETRY_PAUSE - now)
    await add_audit(
        session, actor, "delivery.retried", "delivery", delivery_id, at=now,
        status=delivery.status, attempts=delivery.attempts,
    )  # fmt: skip
    delivery.status = DeliveryStatus.PENDING
    delivery.reason = None
    delivery.ended_at = None
    delivery.next_attempt_at = now
