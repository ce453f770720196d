"""The only way to cancel deliveries."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.deliveries import DeliveryReason, DeliveryStatus
from services.notify.tables import Delivery
from services.notify.use_cases.deliveries.locks import lock_deliveries


async def cancel_deliveries(
    session: AsyncSession,
    condition: ColumnElement[bool],
    reason: DeliveryReason,
    now: datetime,
    *,
    limit: int | None = None,
) -> int:
    """Cancel the pending deliveries that meet a condition, those under way as well; returns how many.

    A call under way is not stopped: if it succeeds, its delivery counts as delivered. Mostly there is nothing to
    cancel, so they are counted before the exclusive lock is taken.

    Args:
        session: its transaction holds the rows of subjects or subscriptions that the condition depends on.
        condition: on `Delivery`; other tables by subqueries.
        reason: kept with each delivery.
        now: the instant at which they end.
        limit: of deliveries, for conditions that very many may meet: no result is recorded while they are cancelled.
    """
    pending = (Delivery.status == DeliveryStatus.PENDING) & condition
    if not await session.scalar(select(func.count()).select_from(Delivery).where(pending)):
        return 0
    await lock_deliveries(session)
    locked = select(Delivery.id).where(pending).order_by(Delivery.id).limit(limit).with_for_update()
    cancelled = await session.execute(
        update(Delivery)
        .where(Delivery.id.in_(locked))
        .values(status=DeliveryStatus.CANCELLED, reason=reason, ended_at=now)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(cancelled.all())
