"""Leases on deliveries: taken for a call to be made, and ended where no one came back.

An attempt is written down when it is claimed. If no one tells how it went before its lease ends, it is recorded as
lost and the delivery is due again, under the same webhook id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.gateways import Message


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery to be made now. `token` is the lease and the id of its attempt."""

    delivery_id: UUID
    token: UUID
    failing: bool
    message: Message


@dataclass(frozen=True, slots=True)
class Lane:
    """Room for calls: in all, and of one subscription."""

    slots: int
    per_subscription: int


# For each active subscription its oldest due deliveries, no more than its calls under way leave room for; of these the
# oldest of each lane, as many as it has slots, and only these are locked. Subscriptions whose last call failed have a
# lane of their own. Two workers that claim at once may exceed a subscription's room for a moment, or one of them find
# little left; no delivery is claimed twice.
_CLAIM = text(
    """
    WITH ranked AS MATERIALIZED (
        SELECT due.id, failing, row_number() OVER (PARTITION BY failing ORDER BY due.next_attempt_at) AS place
        FROM (
            SELECT id, consecutive_failures > 0 AS failing FROM subscriptions WHERE status = 'active'
        ) AS subscribed
        CROSS JOIN LATERAL (
            SELECT id, next_attempt_at
            FROM deliveries
            WHERE subscription_id = subscribed.id AND status = 'pending' AND lease_token IS NULL
              AND next_attempt_at <= CAST(:now AS timestamptz)
            ORDER BY next_attempt_at
            LIMIT GREATEST(0, CASE WHEN failing THEN CAST(:room_failing AS bigint) ELSE CAST(:room AS bigint) END - (
                SELECT count(*) FROM deliveries AS flying
                WHERE flying.subscription_id = subscribed.id AND flying.lease_token IS NOT NULL
                  AND flying.lease_until > clock_timestamp()
            ))
        ) AS due
    ), picked AS MATERIALIZED (
        SELECT deliveries.id, failing
        FROM ranked JOIN deliveries ON deliveries.id = ranked.id
        WHERE place <= CASE WHEN failing THEN CAST(:slots_failing AS bigint) ELSE CAST(:slots AS bigint) END
          AND status = 'pending' AND lease_token IS NULL AND next_attempt_at <= CAST(:now AS timestamptz)
        FOR UPDATE OF deliveries SKIP LOCKED
    ), claimed AS (
        UPDATE deliveries
        SET lease_token = gen_random_uuid(), attempts = attempts + 1,
            lease_until = clock_timestamp() + make_interval(secs => CAST(:lease_seconds AS double precision))
        FROM picked
        WHERE deliveries.id = picked.id
        RETURNING deliveries.id, lease_token, attempts, alert_id, subscription_id, body, failing
    ), started AS (
        INSERT INTO attempts (id, delivery_id, number, started_at, outcome)
        SELECT lease_token, id, attempts, CAST(:now AS timestamptz), 'in_flight' FROM claimed
    )
    SELECT claimed.id, claimed.lease_token, claimed.failing, claimed.alert_id, claimed.subscription_id,
           COALESCE(alerts.body, claimed.body) AS body, subscriptions.url, subscriptions.sealed_secret
    FROM claimed
    JOIN subscriptions ON subscriptions.id = claimed.subscription_id
    LEFT JOIN alerts ON alerts.id = claimed.alert_id
    """
)


async def claim_due(
    connection: AsyncConnection, *, now: datetime, lane: Lane, failing_lane: Lane, lease_seconds: float
) -> list[Claim]:
    """Lease due deliveries for as many calls as the lanes have room for.

    One statement, so it needs no transaction around it: on an autocommit connection the lease holds at once.
    """
    rows = await connection.execute(
        _CLAIM,
        {
            "now": now,
            "slots": lane.slots,
            "room": lane.per_subscription,
            "slots_failing": failing_lane.slots,
            "room_failing": failing_lane.per_subscription,
            "lease_seconds": lease_seconds,
        },
    )
    return [
        Claim(
            row.id,
            row.lease_token,
            row.failing,
            Message(row.alert_id or row.id, row.body, row.url, row.subscription_id, bytes(row.sealed_secret)),
        )
        for row in rows
    ]


_GIVE_BACK = text(
    """
    WITH unmade AS (
        DELETE FROM attempts WHERE id = ANY(CAST(:tokens AS uuid[])) AND outcome = 'in_flight'
        RETURNING id, delivery_id
    )
    UPDATE deliveries SET lease_token = NULL, lease_until = NULL, attempts = attempts - 1
    FROM unmade WHERE deliveries.id = unmade.delivery_id AND lease_token = unmade.id
    """
)


async def give_back(connection: AsyncConnection, claims: Sequence[Claim]) -> None:
    """End the leases of calls that were never begun, as if they had not been claimed; one statement, as `claim_due`."""
    if claims:
        await connection.execute(_GIVE_BACK, {"tokens": [claim.token for claim in claims]})


_RELEASE = text(
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

# An alert may be raised in the very moment in which its subscription ends, each transaction unseen by the other.
_CANCEL_STRAYS = text(
    """
    WITH strays AS MATERIALIZED (
        SELECT deliveries.id, 'subscription_' || subscriptions.status AS reason
        FROM deliveries JOIN subscriptions ON subscriptions.id = deliveries.subscription_id
        WHERE subscriptions.status <> 'active' AND deliveries.status = 'pending' AND deliveries.lease_token IS NULL
        FOR UPDATE OF deliveries SKIP LOCKED
    )
    UPDATE deliveries SET status = 'cancelled', reason = strays.reason, ended_at = CAST(:now AS timestamptz)
    FROM strays WHERE deliveries.id = strays.id
    """
)


async def release_lost(connection: AsyncConnection, *, now: datetime) -> int:
    """End leases that ran out: their attempts are lost, their deliveries due again. Returns how many.

    Two statements that stand by themselves, as in `claim_due`.
    """
    released = (await connection.execute(_RELEASE)).all()
    await connection.execute(_CANCEL_STRAYS, {"now": now})
    return len(released)
