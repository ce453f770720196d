"""Alerts of raised reminders, with their deliveries, events and audit entries, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.tables import Reminder
from services.notify.use_cases.reminders.subject import AnyContext, AnySubject, Due
from shared.events import notify
from shared.events.envelope import wrap
from shared.log.outbox import event_json
from shared.runtime.audit import SYSTEM


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


# Of all alerts at once: a statement for each row and each table costs more than the rows.
_ADD_ALERTS = text(
    """
    WITH given AS MATERIALIZED (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:reminder_ids AS uuid[]), CAST(:subject_kinds AS text[]), CAST(:subjects AS text[]),
            CAST(:agency_codes AS text[]), CAST(:kinds AS text[]), CAST(:due_at AS timestamptz[]),
            CAST(:bodies AS text[]), CAST(:data AS text[]))
        AS given (id, reminder_id, subject_kind, subject, agency_code, kind, due_at, body, data)
    ), told AS (
        INSERT INTO outbox (event_id, type, subject, version, time, data, agency_code)
        SELECT gen_random_uuid(), :event_type, CAST(id AS text), 1, CAST(:now AS timestamptz), CAST(data AS jsonb), agency_code
        FROM given
    ), audited AS (
        INSERT INTO audit (at, actor, action, entity, entity_id, detail)
        SELECT CAST(:now AS timestamptz), :actor, 'alert.raised', 'alert', CAST(id AS text),
               jsonb_build_object('agency', agency_code, 'kind', kind, 'reminder', reminder_id, subject_kind, subject)
        FROM given
    )
    INSERT INTO alerts (id, reminder_id, subject_kind, subject, agency_code, kind, due_at, raised_at, body)
    SELECT id, reminder_id, subject_kind, subject, agency_code, kind, due_at, CAST(:now AS timestamptz), body FROM given
    """
)


async def publish(session: AsyncSession, raised: Sequence[Raised], *, now: datetime) -> None:
    """Write alerts of one subject that were raised at `now`, and a delivery for each subscription that asks for them."""
    if not raised:
        return
    await session.execute(_ADD_ALERTS, _values(raised, now))
    ids = [alert.event.alert_id for alert in raised]
    await session.execute(_ADD_DELIVERIES, {"alert_ids": ids, "now": now})


def _values(raised: Sequence[Raised], now: datetime) -> dict[str, object]:
    """Parameters of `_ADD_ALERTS`. The JSON of an alert is made once, for the log and for the body."""
    reminders, events = [alert.reminder for alert in raised], [alert.event for alert in raised]
    data = [event_json(event) for event in events]
    return {
        "ids": [event.alert_id for event in events],
        "reminder_ids": [reminder.id for reminder in reminders],
        "subject_kinds": [reminder.subject_kind for reminder in reminders],
        "subjects": [reminder.subject for reminder in reminders],
        "agency_codes": [reminder.agency_code for reminder in reminders],
        "kinds": [reminder.kind for reminder in reminders],
        "due_at": [reminder.due_at for reminder in reminders],
        "bodies": _bodies(raised, data, now),
        "data": data,
        "event_type": events[0].event_type,
        "actor": SYSTEM.name,
        "now": now,
    }


_ANY = UUID(int=0)


def _bodies(raised: Sequence[Raised], data: Sequence[str], now: datetime) -> list[str]:
    """The CloudEvents around alerts of one type, which are alike but for the id and the data, both JSON already."""
    event_type = raised[0].event.event_type
    like = wrap(event_type, {}, event_id=_ANY, subject=str(_ANY), version=1, time=now).model_dump_json()
    head = like.removesuffix("{}}")
    return [
        f"{head.replace(str(_ANY), alert.event.subject())}{json}}}"
        for alert, json in zip(raised, data, strict=True)
    ]


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
