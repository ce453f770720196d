"""Subscriptions, their deliveries and each attempt, as their owners see them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.tables import Attempt, Delivery, Subscription
from shared.runtime.database import AnyRow

Key = tuple[datetime, UUID]

_SUBSCRIPTIONS = select(
    Subscription.id,
    Subscription.url,
    Subscription.agency_code,
    Subscription.include_descendants,
    Subscription.event_types,
    Subscription.status,
    Subscription.status_reason,
    Subscription.consecutive_failures,
    Subscription.version,
    Subscription.created_at,
    Subscription.updated_at,
)
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


async def list_subscriptions(
    connection: AsyncConnection,
    *,
    agency: str | None,
    status: str | None,
    after: Key | None,
    limit: int,
) -> Sequence[AnyRow]:
    """In order of creation, one more than `limit` where there are more."""
    query = _SUBSCRIPTIONS
    if agency is not None:
        query = query.where(Subscription.agency_code == agency)
    if status is not None:
        query = query.where(Subscription.status == status)
    if after is not None:
        query = query.where(tuple_(Subscription.created_at, Subscription.id) > after)
    query = query.order_by(Subscription.created_at, Subscription.id).limit(limit + 1)
    return (await connection.execute(query)).all()


async def get_subscription(connection: AsyncConnection, subscription_id: UUID) -> AnyRow | None:
    return (await connection.execute(_SUBSCRIPTIONS.where(Subscription.id == subscription_id))).one_or_none()


async def list_deliveries(
    connection: AsyncConnection,
    *,
    tenant: str | None,
    subscription: UUID | None,
    status: str | None,
    after: Key | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Newest first, one more than `limit` where there are more; of a bound key, those of its own subscriptions."""
    query = _DELIVERIES
    if tenant is not None:
        query = query.where(Subscription.agency_code == tenant)
    if subscription is not None:
        query = query.where(Delivery.subscription_id == subscription)
    if status is not None:
        query = query.where(Delivery.status == status)
    if after is not None:
        query = query.where(tuple_(Delivery.created_at, Delivery.id) < after)
    query = query.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(limit + 1)
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
