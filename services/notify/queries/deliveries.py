"""Queries of deliveries and attempts, of the next retry and of the backlog."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.queries.pages import in_order, page_of_keys
from services.notify.tables import Attempt, Delivery, Subscription
from shared.runtime.database import AnyRow

_DELIVERIES = select(
    Delivery.id,
    Delivery.alert_id,
    Delivery.subscription_id,
    Subscription.url,
    Delivery.status,
    Delivery.reason,
    Delivery.attempts.label("attempts_made"),
    Delivery.next_attempt_at,
    Delivery.created_at,
    Delivery.ended_at,
).join(Subscription, Subscription.id == Delivery.subscription_id)
_ATTEMPTS = select(
    Attempt.delivery_id,
    Attempt.number,
    Attempt.started_at,
    Attempt.outcome,
    Attempt.status_code,
    Attempt.error,
    Attempt.excerpt,
    Attempt.address,
    Attempt.duration_ms,
).order_by(Attempt.delivery_id, Attempt.number)
_NEXT_RETRY = text(
    "SELECT min(next_attempt_at) FROM deliveries"
    " WHERE status = 'pending' AND lease_token IS NULL AND attempts > 0"
    " AND next_attempt_at > CAST(:now AS timestamptz)"
)
_BACKLOG = text(
    """
    SELECT (SELECT count(*) FROM deliveries WHERE status = 'pending' AND lease_token IS NULL) AS pending,
           (SELECT count(*) FROM deliveries WHERE lease_token IS NOT NULL) AS in_flight,
           (SELECT count(*) FROM deliveries WHERE status = 'failed') AS failed
    """
)


async def list_deliveries(
    connection: AsyncConnection,
    *,
    tenant: str | None,
    subscription: UUID | None,
    status: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Newest first, one more than `limit` where there are more; of a bound key, those of its own subscriptions."""
    rows = select(Delivery.created_at, Delivery.id)
    if status is not None:
        rows = rows.where(Delivery.status == status)
    if after is not None:
        rows = rows.where(tuple_(Delivery.created_at, Delivery.id) < after)
    if tenant is None and subscription is None:
        ids = rows.with_only_columns(Delivery.id)
        page = in_order(ids, Delivery.created_at, Delivery.id, newest_first=True).limit(limit + 1)
    else:
        named = select(Subscription.id)
        if tenant is not None:
            named = named.where(Subscription.agency_code == tenant)
        if subscription is not None:
            named = named.where(Subscription.id == subscription)
        page = page_of_keys(named, rows, Delivery.subscription_id, newest_first=True, limit=limit + 1)
    query = _DELIVERIES.where(Delivery.id == any_(func.array(page.scalar_subquery(), type_=ARRAY(Uuid))))
    query = in_order(query, Delivery.created_at, Delivery.id, newest_first=True)
    return (await connection.execute(query)).all()


async def deliveries_of_alert(
    connection: AsyncConnection, alert_id: UUID, tenant: str | None
) -> Sequence[AnyRow]:
    query = _DELIVERIES.where(Delivery.alert_id == alert_id).order_by(Delivery.id)
    if tenant is not None:
        query = query.where(Subscription.agency_code == tenant)
    return (await connection.execute(query)).all()


async def get_delivery(connection: AsyncConnection, delivery_id: UUID) -> AnyRow | None:
    """A delivery, with the agency whose subscription it belongs to."""
    query = _DELIVERIES.add_columns(Subscription.agency_code).where(Delivery.id == delivery_id)
    return (await connection.execute(query)).one_or_none()


async def attempts_of(connection: AsyncConnection, delivery_ids: Sequence[UUID]) -> Sequence[AnyRow]:
    """In order of delivery and number."""
    return (await connection.execute(_ATTEMPTS.where(Attempt.delivery_id.in_(delivery_ids)))).all()


async def next_retry_instant(connection: AsyncConnection, now: datetime) -> datetime | None:
    """The instant at which the next retry comes due after `now`; None where none does. First attempts are due at once."""
    due: datetime | None = (await connection.execute(_NEXT_RETRY, {"now": now})).scalar_one()
    return due


async def delivery_backlog(connection: AsyncConnection) -> AnyRow:
    """Deliveries pending, in flight and failed, counted from partial indexes alone."""
    return (await connection.execute(_BACKLOG)).one()
