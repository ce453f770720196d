"""Leases on deliveries: acquired for calls to be made, returned, and expired.

The row of an attempt is inserted with its lease. If no result is recorded before the lease ends, the attempt is lost and
the delivery due again, under the same webhook id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.gateways import Message


@dataclass(frozen=True, slots=True)
class Lease:
    """A delivery to be made now. `token` is the id of its attempt; `apart`: the last call to its endpoint failed or was slow.

    `agency_code`: of its subscription; None for one of all agencies.
    """

    delivery_id: UUID
    token: UUID
    apart: bool
    message: Message
    agency_code: str | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """The number of leases that may be acquired: in all, and of one subscription, those that it has included."""

    slots: int
    per_subscription: int


# For each active subscription its oldest due deliveries, up to its limit less its leases; of these the oldest, as many
# as there are slots, and only these are locked. Subscriptions whose last call failed or was slow have slots of their own. Two
# workers that lease at once may exceed a subscription's limit for a moment, or one of them lease few; no delivery is
# leased twice.
_LEASE = text(
    """
    WITH ranked AS MATERIALIZED (
        SELECT due.id, apart, row_number() OVER (PARTITION BY apart ORDER BY due.next_attempt_at) AS place
        FROM (
            SELECT id, consecutive_failures > 0 OR is_slow AS apart FROM subscriptions WHERE status = 'active'
        ) AS subscribed
        CROSS JOIN LATERAL (
            SELECT id, next_attempt_at
            FROM deliveries
            WHERE subscription_id = subscribed.id AND status = 'pending' AND lease_token IS NULL
              AND next_attempt_at <= CAST(:now AS timestamptz)
            ORDER BY next_attempt_at
            LIMIT GREATEST(0, CASE WHEN apart THEN CAST(:room_apart AS bigint) ELSE CAST(:room AS bigint) END - (
                SELECT count(*) FROM deliveries AS in_flight
                WHERE in_flight.subscription_id = subscribed.id AND in_flight.lease_token IS NOT NULL
                  AND in_flight.lease_until > clock_timestamp()
            ))
        ) AS due
    ), picked AS MATERIALIZED (
        SELECT deliveries.id, apart
        FROM ranked JOIN deliveries ON deliveries.id = ranked.id
        WHERE place <= CASE WHEN apart THEN CAST(:slots_apart AS bigint) ELSE CAST(:slots AS bigint) END
          AND status = 'pending' AND lease_token IS NULL AND next_attempt_at <= CAST(:now AS timestamptz)
        FOR UPDATE OF deliveries SKIP LOCKED
    ), leased AS (
        UPDATE deliveries
        SET lease_token = gen_random_uuid(), attempts = attempts + 1,
            lease_until = clock_timestamp() + make_interval(secs => CAST(:lease_seconds AS double precision))
        FROM picked
        WHERE deliveries.id = picked.id
        RETURNING deliveries.id, lease_token, attempts, alert_id, subscription_id, body, apart
    ), started AS (
        INSERT INTO attempts (id, delivery_id, number, started_at, outcome)
        SELECT lease_token, id, attempts, CAST(:now AS timestamptz), 'in_flight' FROM leased
    )
    SELECT leased.id, leased.lease_token, leased.apart, leased.alert_id, leased.subscription_id,
           COALESCE(alerts.body, leased.body) AS body, subscriptions.url, subscriptions.sealed_secret, subscriptions.agency_code
    FROM leased
    JOIN subscriptions ON subscriptions.id = leased.subscription_id
    LEFT JOIN alerts ON alerts.id = leased.alert_id
    """
)


async def lease_due(
    session: AsyncSession,
    *,
    now: datetime,
    answering: Capacity,
    apart: Capacity,
    lease_seconds: float,
) -> list[Lease]:
    """Lease deliveries that are due: to endpoints that answer, and to those whose last call failed or was slow.

    They hold once the caller has committed: no call may be made before.
    """
    rows = await session.execute(
        _LEASE,
        {
            "now": now,
            "slots": answering.slots,
            "room": answering.per_subscription,
            "slots_apart": apart.slots,
            "room_apart": apart.per_subscription,
            "lease_seconds": lease_seconds,
        },
    )
    return [
        Lease(
            row.id,
            row.lease_token,
            row.apart,
            Message(row.alert_id or row.id, row.body, row.url, row.subscription_id, bytes(row.sealed_secret)),
            row.agency_code,
        )
        for row in rows
    ]


_RETURN = text(
    """
    WITH returned AS (
        DELETE FROM attempts WHERE id = ANY(CAST(:tokens AS uuid[])) AND outcome = 'in_flight'
        RETURNING id, delivery_id
    )
    UPDATE deliveries SET lease_token = NULL, lease_until = NULL, attempts = attempts - 1
    FROM returned WHERE deliveries.id = returned.delivery_id AND lease_token = returned.id
    """
)


async def return_leases(session: AsyncSession, leases: Sequence[Lease]) -> None:
    """End the leases of calls that were never begun, and delete their attempts."""
    if leases:
        await session.execute(_RETURN, {"tokens": [lease.token for lease in leases]})


_EXPIRE = text(
    """
    WITH expired AS MATERIALIZED (
        SELECT id, lease_token FROM deliveries
        WHERE lease_token IS NOT NULL AND lease_until < clock_timestamp()
        ORDER BY id FOR UPDATE SKIP LOCKED
    ), lost AS (
        UPDATE attempts SET outcome = 'lost'
        FROM expired WHERE attempts.id = expired.lease_token AND attempts.outcome = 'in_flight'
    )
    UPDATE deliveries SET lease_token = NULL, lease_until = NULL
    FROM expired WHERE deliveries.id = expired.id
    RETURNING deliveries.id
    """
)


async def expire_leases(session: AsyncSession) -> int:
    """End expired leases: their attempts are lost, their deliveries due again. Returns how many."""
    return len((await session.execute(_EXPIRE)).all())
