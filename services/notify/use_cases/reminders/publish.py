"""Alerts of raised reminders, with their deliveries, events and audit entries, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.tables import Base, Reminder
from services.notify.use_cases.reminders.subject import AnyContext, AnySubject, Due
from shared.events import notify
from shared.events.envelope import wrap
from shared.log.outbox import add_events
from shared.runtime.audit import SYSTEM, add_audits


@dataclass(frozen=True, slots=True)
class Raised:
    """A reminder that was raised, and the event that is sent of it."""

    reminder: Reminder
    event: notify.Alert


def alert_of(subject: AnySubject, due: Due[Any], facts: Mapping[str, Any], context: AnyContext) -> Raised:
    """The alert of a reminder that is raised now, rendered by its subject."""
    reminder = due.reminder
    content = {
        "alert_id": uuid4(),
        "kind": reminder.kind,
        "agency": {"code": reminder.agency_code, "name": due.agency},
        "raised_at": context.now,
        **subject.render(due, facts, context),
    }
    return Raised(reminder, subject.alert.model_validate(content))


# Of the table: rows of a mapped class cost SQLAlchemy as much as PostgreSQL.
_ADD_ALERTS = insert(Base.metadata.tables["alerts"])


async def publish(session: AsyncSession, raised: Sequence[Raised], *, now: datetime) -> None:
    """Write alerts that were raised at `now`, and a delivery for each subscription that asks for them."""
    if not raised:
        return
    await session.execute(_ADD_ALERTS, [_row(alert) for alert in raised])
    await session.execute(
        _ADD_DELIVERIES, {"alert_ids": [alert.event.alert_id for alert in raised], "now": now}
    )
    await add_events(session, [(alert.event, 1) for alert in raised], at=now)
    await add_audits(session, SYSTEM, [_audit_entry(alert) for alert in raised], at=now)


def _row(raised: Raised) -> dict[str, object]:
    reminder, data = raised.reminder, raised.event
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
        "reminder_id": reminder.id,
        "subject_kind": reminder.subject_kind,
        "subject": reminder.subject,
        "agency_code": reminder.agency_code,
        "kind": reminder.kind,
        "due_at": reminder.due_at,
        "raised_at": data.raised_at,
        "body": event.model_dump_json(),
    }


def _audit_entry(raised: Raised) -> tuple[str, str, object, dict[str, Any]]:
    reminder = raised.reminder
    detail = {
        "agency": reminder.agency_code,
        "kind": reminder.kind,
        "reminder": str(reminder.id),
        reminder.subject_kind: reminder.subject,
    }
    return "alert.raised", "alert", raised.event.alert_id, detail


# One delivery for each active subscription that asks for the alert's kind and its agency, for an agency above it with
# all its descendants, or for everything. UNION makes the walk upward end even where the tree has a circle.
_ADD_DELIVERIES = text(
    """
    WITH RECURSIVE above AS (
        SELECT id AS alert_id, kind, agency_code AS alerted, agency_code AS code
        FROM alerts WHERE id = ANY(CAST(:alert_ids AS uuid[]))
        UNION
        SELECT above.alert_id, above.kind, above.alerted, agencies.parent_code
        FROM above JOIN agencies ON agencies.code = above.code
        WHERE agencies.parent_code IS NOT NULL
    ), matching AS (
        SELECT above.alert_id, subscriptions.id AS subscription_id
        FROM above JOIN subscriptions ON subscriptions.agency_code = above.code
        WHERE subscriptions.status = 'active' AND above.kind = ANY(subscriptions.event_types)
          AND (subscriptions.include_descendants OR above.code = above.alerted)
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
