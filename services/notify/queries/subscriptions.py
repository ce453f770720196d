"""Queries of subscriptions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.tables import Subscription
from shared.runtime.database import AnyRow

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


async def list_subscriptions(
    connection: AsyncConnection,
    *,
    agency: str | None,
    status: str | None,
    after: tuple[datetime, UUID] | None,
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
