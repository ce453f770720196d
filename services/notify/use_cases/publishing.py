"""From what came due to what is sent: alerts with their deliveries, events and audit entries, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.tables import Alert
from shared.events.envelope import wrap
from shared.events.notify import AlertRaised, BudgetAlerted, DatabaseAlerted
from shared.log.outbox import add_events
from shared.runtime.audit import SYSTEM, add_audits


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert, and when what it tells came due.

    `origin` are the columns of its row that say what was raised, `audited` what its audit entry says of it.
    """

    data: AlertRaised | DatabaseAlerted | BudgetAlerted
    due_at: datetime
    origin: Mapping[str, object]
    audited: Mapping[str, object]


async def publish(session: AsyncSession, raised: Sequence[Raised], *, now: datetime) -> None:
    """Write alerts that were raised at `now`, all of timers or all of signals, and address them."""
    await session.execute(insert(Alert), [_row(alert) for alert in raised])
    await session.execute(_ADDRESS, {"alert_ids": [alert.data.alert_id for alert in raised], "now": now})
    await add_events(session, [(alert.data, 1) for alert in raised], at=now)
    await add_audits(session, SYSTEM, [_audit_entry(alert) for alert in raised], at=now)


def _row(raised: Raised) -> dict[str, object]:
    data = raised.data
    event = wrap(
        data.event_type,
        data.model_dump(mode="json"),
        event_id=data.alert_id,
        subject=data.subject(),
        version=1,
        time=data.raised_at,
    )
    return {
        "id": data.alert_id,
        **raised.origin,
        "agency_code": data.agency.code,
        "kind": data.kind,
        "due_at": raised.due_at,
        "raised_at": data.raised_at,
        "body": event.model_dump_json(),
    }


def _audit_entry(raised: Raised) -> tuple[str, str, object, dict[str, Any]]:
    data = raised.data
    detail = {"agency": data.agency.code, "kind": data.kind, **raised.audited}
    return "alert.raised", "alert", data.alert_id, detail


# One delivery for each active subscription that asks for the alert's kind and its agency, for an agency above it with
# all its descendants, or for everything. UNION makes the walk upward end even where the tree has a circle.
_ADDRESS = text(
    """
    WITH RECURSIVE above AS (
        SELECT id AS alert_id, kind, agency_code AS told, agency_code AS code
        FROM alerts WHERE id = ANY(CAST(:alert_ids AS uuid[]))
        UNION
        SELECT above.alert_id, above.kind, above.told, agencies.parent_code
        FROM above JOIN agencies ON agencies.code = above.code
        WHERE agencies.parent_code IS NOT NULL
    ), matching AS (
        SELECT above.alert_id, subscriptions.id AS subscription_id
        FROM above JOIN subscriptions ON subscriptions.agency_code = above.code
        WHERE subscriptions.status = 'active' AND above.kind = ANY(subscriptions.event_types)
          AND (subscriptions.include_descendants OR above.code = above.told)
        UNION ALL
        SELECT alerts.id, subscriptions.id
        FROM alerts CROSS JOIN subscriptions
        WHERE alerts.id = ANY(CAST(:alert_ids AS uuid[])) AND subscriptions.agency_code IS NULL
          AND subscriptions.status = 'active' AND alerts.kind = ANY(subscriptions.event_types)
    )
    INSERT INTO deliveries
        (id, alert_id, subscription_id, status, attempts, next_attempt_at, created_at)
    SELECT gen_random_uuid(), alert_id, subscription_id, 'pending', 0,
           CAST(:now AS timestamptz), CAST(:now AS timestamptz)
    FROM matching
    """
)
