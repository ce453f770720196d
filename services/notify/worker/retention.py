"""The retention of ended rows: attempts of deliveries, and reminders that raised no alert."""

from collections.abc import Mapping
from datetime import timedelta

from services.notify.settings import NotifySettings
from shared.platform.retention import Retention

ATTEMPTS = Retention("attempts", "started_at", "outcome", "outcome <> 'in_flight'")
# Those that raised an alert belong to it, and alerts are kept.
ENDED_REMINDERS = Retention(
    "reminders", "changed_at", "status", "status IN ('superseded', 'cancelled', 'obsolete')"
)


def retention(settings: NotifySettings) -> Mapping[Retention, timedelta]:
    return {
        ATTEMPTS: timedelta(days=settings.attempt_retention_days),
        ENDED_REMINDERS: timedelta(days=settings.reminder_retention_days),
    }
