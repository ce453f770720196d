"""What calls came to: attempts, deliveries and subscriptions after the call."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.deliveries import AttemptOutcome, DeliveryReason, DeliveryStatus
from services.notify.domain.retries import GONE, Verdict, fault_of, judge
from services.notify.domain.subscriptions import SubscriptionReason, SubscriptionStatus
from services.notify.tables import Delivery, Subscription
from services.notify.use_cases.claims import Claim
from services.notify.use_cases.deliveries.cancel import cancel_deliveries
from services.notify.use_cases.deliveries.locks import lock_deliveries
from shared.runtime.audit import SYSTEM, add_audit


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


@dataclass(slots=True)
class _Row:
    """A delivery as it is locked, then as it is written back."""

    id: UUID
    status: str
    reason: str | None
    attempts: int
    next_attempt_at: datetime
    lease_token: UUID | None
    lease_until: datetime | None
    ended_at: datetime | None


async def record_results(
    session: AsyncSession, results: Sequence[Result], *, now: datetime
) -> list[Recorded]:
    """Write down how calls went, and what follows for their deliveries and subscriptions."""
    gone = {
        result.claim.message.subscription_id
        for result in results
        if not result.accepted and result.status_code == GONE
    }
    await _count_failures(session, results)
    disabled = await _disable(session, gone, now)
    await lock_deliveries(session, shared=not disabled)
    found = await _lock(session, results)
    recorded, attempts = [], []
    for result in results:
        row, due_at = found[result.claim.delivery_id]
        verdict = _judge(row, result, now)
        ended = _apply(row, result, verdict, now)
        attempts.append(_attempt_row(result, verdict))
        lag = (now - due_at).total_seconds() if due_at and ended and result.accepted else None
        recorded.append(Recorded(verdict.outcome, DeliveryStatus(row.status), ended, lag))
    await _write(session, [row for row, _ in found.values()], attempts)
    for subscription_id in disabled:
        await _cancel_waiting(session, subscription_id, now)
    return recorded


async def _lock(session: AsyncSession, results: Sequence[Result]) -> dict[UUID, tuple[_Row, datetime | None]]:
    """The deliveries of the results, with the instant at which their alert came due."""
    rows = await session.execute(_LOCK, {"ids": [result.claim.delivery_id for result in results]})
    return {row.id: (_Row(*row[:-1]), row.alert_due_at) for row in rows}


def _judge(row: _Row, result: Result, now: datetime) -> Verdict:
    return judge(
        accepted=result.accepted,
        status_code=result.status_code,
        attempts_made=row.attempts,
        now=now,
        jitter=result.jitter,
        retry_after=result.retry_after,
    )


def _apply(row: _Row, result: Result, verdict: Verdict, now: datetime) -> bool:
    """Bring a delivery in line with a result; true when that ended it.

    Success always counts, even where the lease was lost or the task ended meanwhile: the message is there. A failure
    counts only while the lease is its own.
    """
    own = row.lease_token == result.claim.token
    if own or result.accepted:
        row.lease_token = row.lease_until = None
    if result.accepted and row.status != DeliveryStatus.DELIVERED:
        row.status, row.reason, row.ended_at = DeliveryStatus.DELIVERED, None, now
        return True
    if not own or row.status != DeliveryStatus.PENDING or verdict.outcome is AttemptOutcome.GONE:
        return False
    if verdict.retry_at is not None:
        row.next_attempt_at = verdict.retry_at
        return False
    row.status, row.reason = DeliveryStatus.FAILED, DeliveryReason.RETRIES_EXHAUSTED
    row.ended_at = now
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


async def _write(session: AsyncSession, rows: Sequence[_Row], attempts: Sequence[dict[str, Any]]) -> None:
    """Two statements for however many: a round trip for each row would cost more than the calls themselves."""
    columns = {name: [getattr(row, name) for row in rows] for name in _Row.__slots__}
    await session.execute(_WRITE_DELIVERIES, columns)
    await session.execute(_WRITE_ATTEMPTS, _columns(attempts))


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


async def _count_failures(session: AsyncSession, results: Sequence[Result]) -> None:
    """A failure moves a subscription to the lane of the failing, a success in the same round back again."""
    failed: set[UUID] = set()
    answered: set[UUID] = set()
    for result in results:
        (answered if result.accepted else failed).add(result.claim.message.subscription_id)
    await session.execute(_COUNT_FAILURES, {"failed": list(failed), "answered": list(answered)})


async def _disable(session: AsyncSession, gone: Collection[UUID], now: datetime) -> list[UUID]:
    """Disable subscriptions whose endpoint answered 410; those that were active until now."""
    if not gone:
        return []
    disabled = await session.scalars(
        update(Subscription)
        .where(Subscription.id.in_(gone), Subscription.status == SubscriptionStatus.ACTIVE)
        .values(
            status=SubscriptionStatus.DISABLED,
            status_reason=SubscriptionReason.ENDPOINT_GONE,
            version=Subscription.version + 1,
            updated_at=now,
        )
        .returning(Subscription.id)
        .execution_options(synchronize_session=False)
    )
    return list(disabled)


async def _cancel_waiting(session: AsyncSession, subscription_id: UUID, now: datetime) -> None:
    reason = DeliveryReason.ENDPOINT_GONE
    theirs = Delivery.subscription_id == subscription_id
    cancelled = await cancel_deliveries(session, theirs, reason, now)
    await add_audit(
        session, SYSTEM, "subscription.disabled", "subscription", subscription_id, at=now,
        reason=reason, deliveries_cancelled=cancelled,
    )  # fmt: skip


# Locks in order of id all whose row may change here: those that failed, and those that answer after they failed.
_COUNT_FAILURES = text(
    """
    WITH counted AS MATERIALIZED (
        SELECT id, id = ANY(CAST(:answered AS uuid[])) AS answered FROM subscriptions
        WHERE id = ANY(CAST(:failed AS uuid[])) OR (id = ANY(CAST(:answered AS uuid[])) AND consecutive_failures > 0)
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE subscriptions SET consecutive_failures = CASE WHEN answered THEN 0 ELSE consecutive_failures + 1 END
    FROM counted WHERE subscriptions.id = counted.id
    """
)
_LOCK = text(
    """
    SELECT deliveries.id, status, reason, attempts, next_attempt_at, lease_token, lease_until, ended_at,
           alerts.due_at AS alert_due_at
    FROM deliveries LEFT JOIN alerts ON alerts.id = deliveries.alert_id
    WHERE deliveries.id = ANY(CAST(:ids AS uuid[]))
    ORDER BY deliveries.id FOR UPDATE OF deliveries
    """
)
_WRITE_DELIVERIES = text(
    """
    UPDATE deliveries
    SET status = written.status, reason = written.reason, next_attempt_at = written.next_attempt_at,
        lease_token = written.lease_token, lease_until = written.lease_until, ended_at = written.ended_at
    FROM unnest(
        CAST(:id AS uuid[]), CAST(:status AS text[]), CAST(:reason AS text[]), CAST(:next_attempt_at AS timestamptz[]),
        CAST(:lease_token AS uuid[]), CAST(:lease_until AS timestamptz[]), CAST(:ended_at AS timestamptz[])
    ) AS written (id, status, reason, next_attempt_at, lease_token, lease_until, ended_at)
    WHERE deliveries.id = written.id
    """
)
_WRITE_ATTEMPTS = text(
    """
    UPDATE attempts
    SET outcome = written.outcome, status_code = written.status_code, error = written.error,
        excerpt = written.excerpt, address = written.address, duration_ms = written.duration_ms
    FROM unnest(
        CAST(:id AS uuid[]), CAST(:outcome AS text[]), CAST(:status_code AS integer[]), CAST(:error AS text[]),
        CAST(:excerpt AS text[]), CAST(:address AS text[]), CAST(:duration_ms AS integer[])
    ) AS written (id, outcome, status_code, error, excerpt, address, duration_ms)
    WHERE attempts.id = written.id
    """
)
