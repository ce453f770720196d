"""The results of attempts, recorded for many calls at once: attempts, deliveries and subscriptions."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.deliveries import (
    AttemptOutcome,
    DeliveryReason,
    DeliveryState,
    DeliveryStatus,
    SubscriptionEffect,
    after_attempt,
    after_attempts,
    error_code,
    outcome_of,
)
from services.notify.domain.retries import next_attempt_at
from services.notify.domain.subscriptions import SLOW_SECONDS, SubscriptionReason, SubscriptionStatus
from services.notify.tables import Subscription
from services.notify.use_cases.deliveries.leases import Lease
from services.notify.use_cases.deliveries.locks import lock_deliveries
from services.notify.use_cases.subscriptions import cancel_of_subscriptions
from shared.runtime.audit import SYSTEM, add_audit


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The result of a leased call. `error` is the transport's; `jitter` from -1 to 1 is for the next delay."""

    lease: Lease
    jitter: float
    accepted: bool = False
    status_code: int | None = None
    error: str | None = None
    retry_after: int | None = None
    excerpt: str = ""
    address: str | None = None
    duration_ms: int = 0

    @property
    def outcome(self) -> AttemptOutcome:
        return outcome_of(accepted=self.accepted, status_code=self.status_code)


@dataclass(frozen=True, slots=True)
class RecordedAttempt:
    """An attempt as it was recorded; `ended`: it ended its delivery.

    `lag_seconds`: from the instant at which a delivered alert came due, by the suite's clock.
    """

    outcome: AttemptOutcome
    status: DeliveryStatus
    ended: bool
    lag_seconds: float | None


@dataclass(slots=True)
class _Row:
    """A locked delivery: its state, which the results change one after the other; `due_at` is of its alert."""

    state: DeliveryState
    attempts: int
    due_at: datetime | None


async def record_results(
    session: AsyncSession, results: Sequence[AttemptResult], *, now: datetime
) -> list[RecordedAttempt]:
    """Record attempts, and their effects on deliveries and subscriptions."""
    effects = _effects(results)
    await _count_failures(session, effects, _slow(results))
    gone = [subscription_id for subscription_id, effect in effects.items() if effect.is_gone]
    disabled = await _disable(session, gone, now)
    await lock_deliveries(session, shared=not disabled)
    rows = await _lock(session, results)
    recorded = [_apply(rows[result.lease.delivery_id], result, now) for result in results]
    await _write(session, rows, results)
    for subscription_id in disabled:
        await _cancel_pending(session, subscription_id, now)
    return recorded


def _effects(results: Sequence[AttemptResult]) -> dict[UUID, SubscriptionEffect]:
    outcomes: dict[UUID, set[AttemptOutcome]] = defaultdict(set)
    for result in results:
        outcomes[result.lease.message.subscription_id].add(result.outcome)
    return {subscription_id: after_attempts(of_one) for subscription_id, of_one in outcomes.items()}


async def _lock(session: AsyncSession, results: Sequence[AttemptResult]) -> dict[UUID, _Row]:
    rows = await session.execute(_LOCK, {"ids": [result.lease.delivery_id for result in results]})
    return {
        row.id: _Row(
            DeliveryState(
                status=DeliveryStatus(row.status),
                reason=row.reason and DeliveryReason(row.reason),
                next_attempt_at=row.next_attempt_at,
                lease_token=row.lease_token,
                ended_at=row.ended_at,
            ),
            row.attempts,
            row.due_at,
        )
        for row in rows
    }


def _apply(row: _Row, result: AttemptResult, now: datetime) -> RecordedAttempt:
    """Change a delivery's state by a result."""
    outcome, before = result.outcome, row.state
    retry_at = next_attempt_at(
        attempts_made=row.attempts, now=now, jitter=result.jitter, retry_after=result.retry_after
    )
    row.state = after_attempt(before, outcome, token=result.lease.token, retry_at=retry_at, now=now)
    ended = row.state.status is not before.status
    lag = (now - row.due_at).total_seconds() if row.due_at and ended and result.accepted else None
    return RecordedAttempt(outcome, row.state.status, ended, lag)


async def _write(session: AsyncSession, rows: Mapping[UUID, _Row], results: Sequence[AttemptResult]) -> None:
    """Two statements for however many: a round trip for each row would cost more than the calls themselves."""
    states = [row.state for row in rows.values()]
    columns = {name: [getattr(state, name) for state in states] for name in DeliveryState.__slots__}
    await session.execute(_WRITE_DELIVERIES, {"id": list(rows), **columns})
    await session.execute(_WRITE_ATTEMPTS, _columns([_attempt_row(result) for result in results]))


def _attempt_row(result: AttemptResult) -> dict[str, Any]:
    return {
        "id": result.lease.token,
        "outcome": result.outcome,
        "status_code": result.status_code,
        "error": error_code(
            accepted=result.accepted, status_code=result.status_code, transport_error=result.error
        ),
        "excerpt": result.excerpt or None,
        "address": result.address,
        "duration_ms": result.duration_ms,
    }


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _slow(results: Sequence[AttemptResult]) -> list[UUID]:
    """The subscriptions of which a call took longer than SLOW_SECONDS."""
    slow = (each.lease.message for each in results if each.duration_ms > SLOW_SECONDS * 1000)
    return list({message.subscription_id for message in slow})


async def _count_failures(
    session: AsyncSession, effects: Mapping[UUID, SubscriptionEffect], slow: Sequence[UUID]
) -> None:
    failed = [subscription_id for subscription_id, effect in effects.items() if not effect.is_answering]
    answered = [subscription_id for subscription_id, effect in effects.items() if effect.is_answering]
    await session.execute(_COUNT_FAILURES, {"failed": failed, "answered": answered, "slow": slow})


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


async def _cancel_pending(session: AsyncSession, subscription_id: UUID, now: datetime) -> None:
    reason = SubscriptionReason.ENDPOINT_GONE
    cancelled = await cancel_of_subscriptions(session, Subscription.id == subscription_id, reason, now)
    await add_audit(
        session, SYSTEM, "subscription.disabled", "subscription", subscription_id, at=now,
        reason=reason, deliveries_cancelled=cancelled,
    )  # fmt: skip


# Locks in order of id the rows that may change: those that failed, and those that answer after they failed, or faster or
# slower than before.
_COUNT_FAILURES = text(
    """
    WITH counted AS MATERIALIZED (
        SELECT id, id = ANY(CAST(:answered AS uuid[])) AS answered, id = ANY(CAST(:slow AS uuid[])) AS slow FROM subscriptions
        WHERE id = ANY(CAST(:failed AS uuid[]))
           OR (id = ANY(CAST(:answered AS uuid[]))
               AND (consecutive_failures > 0 OR is_slow <> (id = ANY(CAST(:slow AS uuid[])))))
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE subscriptions SET consecutive_failures = CASE WHEN answered THEN 0 ELSE consecutive_failures + 1 END, is_slow = slow
    FROM counted WHERE subscriptions.id = counted.id
    """
)
_LOCK = text(
    """
    SELECT deliveries.id, status, reason, next_attempt_at, lease_token, ended_at, attempts, alerts.due_at
    FROM deliveries LEFT JOIN alerts ON alerts.id = deliveries.alert_id
    WHERE deliveries.id = ANY(CAST(:ids AS uuid[]))
    ORDER BY deliveries.id FOR UPDATE OF deliveries
    """
)
_WRITE_DELIVERIES = text(
    """
    UPDATE deliveries
    SET status = written.status, reason = written.reason, next_attempt_at = written.next_attempt_at,
        lease_token = written.lease_token, ended_at = written.ended_at,
        lease_until = CASE WHEN written.lease_token IS NOT NULL THEN deliveries.lease_until END
    FROM unnest(
        CAST(:id AS uuid[]), CAST(:status AS text[]), CAST(:reason AS text[]), CAST(:next_attempt_at AS timestamptz[]),
        CAST(:lease_token AS uuid[]), CAST(:ended_at AS timestamptz[])
    ) AS written (id, status, reason, next_attempt_at, lease_token, ended_at)
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
