"""What calls came to: attempts, deliveries and subscriptions after the call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.retries import (
    AttemptOutcome,
    DeliveryReason,
    DeliveryStatus,
    Verdict,
    fault_of,
    judge,
)
from services.notify.domain.subscriptions import SubscriptionReason, SubscriptionStatus
from services.notify.tables import Alert, Attempt, Delivery, Subscription
from services.notify.use_cases.claims import Claim
from services.notify.use_cases.deliveries import cancel_deliveries
from shared.audit import SYSTEM, add_audit


@dataclass(frozen=True, slots=True)
class Result:
    """How a claimed call went. `error` is the transport's word; `jitter` from -1 to 1 is for the next delay."""

    claim: Claim
    jitter: float
    accepted: bool = False
    status_code: int | None = None
    error: str | None = None
    retry_after: int | None = None
    excerpt: str = ""
    address: str | None = None
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a result came to; `ended` when it ended its delivery.

    `lag_seconds`: from the milestone to a delivered alert, by the suite's clock.
    """

    outcome: AttemptOutcome
    status: DeliveryStatus
    ended: bool
    lag_seconds: float | None


async def record_results(
    session: AsyncSession, results: Sequence[Result], *, now: datetime
) -> list[Recorded]:
    """Write down how calls went, and what follows for their deliveries and subscriptions."""
    rows = await session.execute(
        select(Delivery, Alert.due_at)
        .outerjoin(Alert, Alert.id == Delivery.alert_id)
        .where(Delivery.id.in_([result.claim.delivery_id for result in results]))
        .order_by(Delivery.id)  # everyone who locks deliveries locks them in this order
        .with_for_update(of=Delivery)
    )
    found = {delivery.id: (delivery, due_at) for delivery, due_at in rows}
    recorded, attempts, gone = [], [], set()
    for result in results:
        delivery, due_at = found[result.claim.delivery_id]
        verdict = _judge(delivery, result, now)
        ended = _apply(delivery, result, verdict, now)
        attempts.append(_attempt_row(result, verdict))
        lag = (now - due_at).total_seconds() if due_at and ended and result.accepted else None
        recorded.append(Recorded(verdict.outcome, DeliveryStatus(delivery.status), ended, lag))
        if verdict.outcome is AttemptOutcome.GONE:
            gone.add(result.claim.message.subscription_id)
    await session.flush()
    await session.execute(update(Attempt), attempts)
    await _count_failures(session, results)
    for subscription_id in sorted(gone):
        await _disable_gone(session, subscription_id, now)
    return recorded


def _judge(delivery: Delivery, result: Result, now: datetime) -> Verdict:
    return judge(
        accepted=result.accepted,
        status_code=result.status_code,
        attempts_made=delivery.attempts,
        now=now,
        jitter=result.jitter,
        retry_after=result.retry_after,
    )


def _apply(delivery: Delivery, result: Result, verdict: Verdict, now: datetime) -> bool:
    """Bring a delivery in line with a result; true when that ended it.

    Success always counts, even where the lease was lost or the task ended meanwhile: the message is there. A failure
    counts only while the lease is its own.
    """
    own = delivery.lease_token == result.claim.token
    if own or result.accepted:
        delivery.lease_token = delivery.lease_until = None
    if result.accepted and delivery.status != DeliveryStatus.DELIVERED:
        delivery.status, delivery.reason, delivery.ended_at = DeliveryStatus.DELIVERED, None, now
        return True
    if not own or delivery.status != DeliveryStatus.PENDING or verdict.outcome is AttemptOutcome.GONE:
        return False
    if verdict.retry_at is not None:
        delivery.next_attempt_at = verdict.retry_at
        return False
    delivery.status, delivery.reason = DeliveryStatus.FAILED, DeliveryReason.RETRIES_EXHAUSTED
    delivery.ended_at = now
    return True


def _attempt_row(result: Result, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": result.claim.token,
        "outcome": verdict.outcome,
        "status_code": result.status_code,
        "error": fault_of(accepted=result.accepted, status_code=result.status_code, fault=result.error),
        "excerpt": result.excerpt or None,
        "address": result.address,
        "duration_ms": result.duration_ms,
    }


async def _count_failures(session: AsyncSession, results: Sequence[Result]) -> None:
    """A failure moves a subscription to the lane of the failing, a success in the same round back again."""
    failed: set[UUID] = set()
    answered: set[UUID] = set()
    for result in results:
        (answered if result.accepted else failed).add(result.claim.message.subscription_id)
    if silent := failed - answered:
        await session.execute(
            update(Subscription)
            .where(Subscription.id.in_(silent))
            .values(consecutive_failures=Subscription.consecutive_failures + 1)
            .execution_options(synchronize_session=False)
        )
    if answered:
        await session.execute(
            update(Subscription)
            .where(Subscription.id.in_(answered), Subscription.consecutive_failures > 0)
            .values(consecutive_failures=0)
            .execution_options(synchronize_session=False)
        )


async def _disable_gone(session: AsyncSession, subscription_id: UUID, now: datetime) -> None:
    """The endpoint answered 410: it wants no more."""
    disabled = await session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id, Subscription.status == SubscriptionStatus.ACTIVE)
        .values(
            status=SubscriptionStatus.DISABLED,
            status_reason=SubscriptionReason.ENDPOINT_GONE,
            version=Subscription.version + 1,
            updated_at=now,
        )
        .returning(Subscription.id)
        .execution_options(synchronize_session=False)
    )
    if disabled.one_or_none():
        reason = DeliveryReason.ENDPOINT_GONE
        theirs = Delivery.subscription_id == subscription_id
        cancelled = await cancel_deliveries(session, theirs, reason, now)
        await add_audit(
            session, SYSTEM, "subscription.disabled", "subscription", subscription_id, at=now,
            reason=reason, deliveries_cancelled=cancelled,
        )  # fmt: skip
