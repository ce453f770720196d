"""Subscriptions: created, changed and deleted by their owners. Their rows are never removed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.deliveries import DeliveryReason
from services.notify.domain.subscriptions import (
    SubscriptionReason,
    SubscriptionStatus,
    subscription_deleted,
    subscription_unknown,
    too_many_subscriptions,
)
from services.notify.gateways import SecretCipher, encode_secret, generate_secret
from services.notify.tables import Agency, Delivery, Subscription
from services.notify.use_cases.authority import require_authority
from services.notify.use_cases.deliveries.cancel import cancel_deliveries
from shared.agencies import require_agencies
from shared.errors import Versions, check_version
from shared.http.auth import Caller
from shared.http.outgoing import OutgoingPolicy, check_url
from shared.runtime.audit import Actor, add_audit

# Of deliveries to a subscription that ends, in its transaction; the rest is cancelled later, and not sent meanwhile.
MOST_CANCELLED = 1_000
_DELIVERY_REASONS = {
    SubscriptionReason.PAUSED: DeliveryReason.SUBSCRIPTION_DISABLED,
    SubscriptionReason.DELETED: DeliveryReason.SUBSCRIPTION_DELETED,
    SubscriptionReason.ENDPOINT_GONE: DeliveryReason.ENDPOINT_GONE,
}


@dataclass(frozen=True)
class SubscriptionRules:
    """The operator's settings: allowed targets, cipher of secrets, subscriptions per agency."""

    policy: OutgoingPolicy
    cipher: SecretCipher
    per_agency: int


async def create_subscription(
    session: AsyncSession,
    rules: SubscriptionRules,
    *,
    url: str,
    agency_code: str | None,
    include_descendants: bool,
    event_types: Sequence[str],
    caller: Caller,
    actor: Actor,
    now: datetime,
) -> tuple[Subscription, str]:
    """Create a subscription; returns it and its secret, which is never returned again.

    Raises:
        Forbidden: the key may not act for that agency.
        InvalidInput: unknown agency, or an address that may not be called.
        Conflict: the agency has as many as it may.
    """
    require_authority(caller, agency_code)
    check_url(url, rules.policy)
    await _check_limit(session, agency_code, rules.per_agency)
    secret, subscription_id = generate_secret(), uuid4()
    subscription = Subscription(
        id=subscription_id,
        version=1,
        url=url,
        agency_code=agency_code,
        include_descendants=include_descendants,
        event_types=list(event_types),
        sealed_secret=rules.cipher.seal(secret, subscription_id),
        status=SubscriptionStatus.ACTIVE,
        consecutive_failures=0,
        is_slow=False,
        created_at=now,
        updated_at=now,
    )
    session.add(subscription)
    detail = {"url": url, "agency": agency_code, "event_types": list(event_types)}
    await add_audit(session, actor, "subscription.created", "subscription", subscription_id, at=now, **detail)
    return subscription, encode_secret(secret)


async def _check_limit(session: AsyncSession, agency_code: str | None, limit: int) -> None:
    """Count under an advisory lock of the agency, so that concurrent requests together stay within the limit."""
    if agency_code is not None:
        await require_agencies(session, Agency, [agency_code], "agency_code")
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"subscriptions:{agency_code or ''}", 0))
    await session.execute(select(lock))
    count = await session.scalar(
        select(func.count()).where(
            Subscription.agency_code.is_not_distinct_from(agency_code),
            Subscription.status != SubscriptionStatus.DELETED,
        )
    )
    if (count or 0) >= limit:
        raise too_many_subscriptions(limit)


async def change_subscription(
    session: AsyncSession,
    rules: SubscriptionRules,
    subscription_id: UUID,
    changes: Mapping[str, Any],
    *,
    expected_version: Versions,
    caller: Caller,
    actor: Actor,
    now: datetime,
) -> Subscription:
    """Change url, include_descendants, event_types or active; pausing cancels pending deliveries.

    A value that is set already is no change: no new version, no audit entry.

    Raises:
        NotFound, Forbidden, Gone: as `lock_own`.
        StaleVersion: it has changed since it was read.
        InvalidInput: the new address may not be called.
    """
    subscription = await lock_own(session, subscription_id, caller)
    check_version(expected_version, subscription.version)
    if "url" in changes:
        check_url(changes["url"], rules.policy)
    values = _changed_values(subscription, changes)
    before = {name: getattr(subscription, name) for name in values} | {"status": subscription.status}
    for name, value in values.items():
        setattr(subscription, name, value)
    switched = await _switch(session, subscription, changes.get("active"), now)
    if not values and not switched:
        return subscription
    _raise_version(subscription, now)
    await session.flush()
    await add_audit(
        session, actor, "subscription.changed", "subscription", subscription.id, at=now,
        before=before, after=values | {"status": subscription.status},
    )  # fmt: skip
    return subscription


def _changed_values(subscription: Subscription, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values that differ from the current ones."""
    wanted = {
        name: list(value) if name == "event_types" else value
        for name, value in changes.items()
        if name != "active"
    }
    return {name: value for name, value in wanted.items() if getattr(subscription, name) != value}


async def _switch(
    session: AsyncSession, subscription: Subscription, active: bool | None, now: datetime
) -> bool:
    """Enable or pause; returns whether that changed anything. Only an answer ends the count of failures."""
    is_active = subscription.status == SubscriptionStatus.ACTIVE
    if active is True and not is_active:
        subscription.status, subscription.status_reason = SubscriptionStatus.ACTIVE, None
        return True
    if active is False and is_active:
        await _deactivate(session, subscription, SubscriptionStatus.DISABLED, SubscriptionReason.PAUSED, now)
        return True
    return False


async def delete_subscription(
    session: AsyncSession, subscription_id: UUID, *, caller: Caller, actor: Actor, now: datetime
) -> None:
    """End a subscription for good; its row and its deliveries stay. Raises as `lock_own`."""
    subscription = await lock_own(session, subscription_id, caller)
    await _deactivate(session, subscription, SubscriptionStatus.DELETED, SubscriptionReason.DELETED, now)
    _raise_version(subscription, now)
    await add_audit(session, actor, "subscription.deleted", "subscription", subscription.id, at=now)


async def lock_own(session: AsyncSession, subscription_id: UUID, caller: Caller) -> Subscription:
    """Lock a subscription that the caller may change.

    Raises:
        NotFound: no such subscription.
        Forbidden: it is another agency's.
        Gone: it was deleted.
    """
    subscription = await session.get(
        Subscription, subscription_id, with_for_update={"key_share": True}
    )  # FOR NO KEY UPDATE: alerts can still be addressed
    if subscription is None:
        raise subscription_unknown()
    require_authority(caller, subscription.agency_code)
    if subscription.status == SubscriptionStatus.DELETED:
        raise subscription_deleted()
    return subscription


async def _deactivate(
    session: AsyncSession,
    subscription: Subscription,
    status: SubscriptionStatus,
    reason: SubscriptionReason,
    now: datetime,
) -> None:
    subscription.status, subscription.status_reason = status, reason
    await session.flush()
    await cancel_of_subscriptions(session, Subscription.id == subscription.id, reason, now)


async def cancel_of_subscriptions(
    session: AsyncSession, condition: ColumnElement[bool], reason: SubscriptionReason, now: datetime
) -> int:
    """Cancel pending deliveries to subscriptions that ended for a reason, at most MOST_CANCELLED; returns how many."""
    ended = select(Subscription.id).where(Subscription.status_reason == reason, condition)
    return await cancel_deliveries(
        session, Delivery.subscription_id.in_(ended), _DELIVERY_REASONS[reason], now, limit=MOST_CANCELLED
    )


async def cancel_unsubscribed(session: AsyncSession, now: datetime) -> int:
    """Cancel deliveries to subscriptions that are not active, some of them at a time; returns how many, 0 when none is left.

    A subscription may end with more than its own transaction cancels; and a concurrent one, unseen by that, may have
    added deliveries to it.
    """
    return sum([await cancel_of_subscriptions(session, true(), reason, now) for reason in SubscriptionReason])


def _raise_version(subscription: Subscription, now: datetime) -> None:
    subscription.version += 1
    subscription.updated_at = now


async def reseal_secrets(session: AsyncSession, cipher: SecretCipher) -> int:
    """Encrypt every secret again, under the secret key in force; returns how many. It may be repeated.

    Raises cryptography's InvalidTag for one that neither this key nor the previous one sealed; nothing is changed then.
    """
    rows = await session.execute(
        select(Subscription.id, Subscription.sealed_secret).order_by(Subscription.id).with_for_update()
    )
    resealed = [
        {"id": row.id, "sealed_secret": cipher.seal(cipher.open(bytes(row.sealed_secret), row.id), row.id)}
        for row in rows
    ]
    if resealed:
        await session.execute(update(Subscription), resealed)
    return len(resealed)
