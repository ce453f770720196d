"""What becomes of deliveries besides being sent: cancelled, or sent once more."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.refusals import delivery_ended, delivery_unknown
from services.notify.domain.retries import DeliveryReason, DeliveryStatus
from services.notify.domain.subscriptions import SubscriptionStatus, subscription_inactive
from services.notify.tables import Delivery, Subscription
from services.notify.use_cases.authority import require_authority
from shared.audit import Actor, add_audit
from shared.auth import Caller

_TURN = 0x6E6F7469  # any number that nothing else locks


async def take_turn(session: AsyncSession, *, shared: bool = False) -> None:
    """Wait until many deliveries may be locked; held to the end of the transaction.

    Everyone locks tasks or subscriptions first, in order of id, then takes this turn, then locks deliveries in order of
    id. A batch of events ends its tasks one by one, so that its deliveries are in no order: what cancels has the turn
    alone, what keeps to the order shares it.
    """
    lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    await session.execute(select(lock(_TURN)))


async def cancel_deliveries(
    session: AsyncSession, which: ColumnElement[bool], reason: DeliveryReason, now: datetime
) -> int:
    """Cancel those of `which` that are not delivered yet; returns how many."""
    await take_turn(session)
    waiting = (
        select(Delivery.id)
        .where(Delivery.status == DeliveryStatus.PENDING, which)
        .order_by(Delivery.id)
        .with_for_update()
    )
    cancelled = await session.execute(
        update(Delivery)
        .where(Delivery.id.in_(waiting))
        .values(status=DeliveryStatus.CANCELLED, reason=reason, ended_at=now)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(cancelled.all())


async def retry_delivery(
    session: AsyncSession, delivery_id: UUID, *, caller: Caller, actor: Actor, now: datetime
) -> None:
    """Send a pending or failed delivery again at once; its attempts are kept.

    Raises:
        NotFound: no such delivery.
        Forbidden: it is another agency's.
        Conflict: it was delivered or cancelled, or its subscription is not active.
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
    await add_audit(
        session, actor, "delivery.retried", "delivery", delivery_id, at=now,
        status=delivery.status, attempts=delivery.attempts,
    )  # fmt: skip
    delivery.status = DeliveryStatus.PENDING
    delivery.reason = None
    delivery.ended_at = None
    delivery.next_attempt_at = now
