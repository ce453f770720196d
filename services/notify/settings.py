"""Settings of the notify service besides the common ones; environment variables with the prefix DONDOC_."""

from datetime import datetime, timedelta

from pydantic import Field

from services.notify.domain.reminders import ALERT_HOUR, STALE_AFTER
from services.notify.use_cases.reminders.subject import AnyContext, AnySubject, EvaluationContext
from services.notify.use_cases.subjects import SubjectSettings


class NotifySettings(SubjectSettings):
    alert_hour: int = Field(
        default=ALERT_HOUR, ge=0, le=23, description="hour at which alerts are raised, Asia/Ho_Chi_Minh"
    )
    delivery_concurrency: int = Field(
        default=48,
        ge=1,
        le=1_000,
        description="concurrent calls to endpoints that answer; an agency has half of them at most",
    )
    delivery_concurrency_failing: int = Field(
        default=16,
        ge=1,
        le=1_000,
        description="concurrent calls to endpoints whose last call failed or was slow",
    )
    delivery_concurrency_per_subscription: int = Field(
        default=4, ge=1, le=100, description="concurrent calls to one subscription"
    )
    webhook_connect_seconds: float = Field(
        default=5.0, gt=0, le=60, description="time-out of a connection to a subscriber, real time"
    )
    webhook_total_seconds: float = Field(
        default=15.0, gt=0, le=120, description="time-out of a whole call to a subscriber, real time"
    )
    subscriptions_per_agency: int = Field(
        default=20, ge=1, le=100_000, description="subscriptions not deleted that one agency may have"
    )
    attempt_retention_days: int = Field(
        default=365, ge=1, le=36_500, description="days that attempts of deliveries are kept"
    )
    reminder_retention_days: int = Field(
        default=730,
        ge=30,
        le=36_500,
        description="days that reminders are kept that ended without an alert; alerts and their reminders stay",
    )
    reminder_stale_hours: int = Field(
        default=STALE_AFTER // timedelta(hours=1),
        ge=1,
        le=8_784,
        description="a change recorded longer ago than this when its event is first consumed raises no alert; deadlines "
        "follow their milestones",
    )

    def context(self, subject: AnySubject, now: datetime) -> AnyContext:
        """The context in which reminders of a subject are planned, evaluated and rendered at an instant."""
        return EvaluationContext(
            now=now,
            alert_hour=self.alert_hour,
            stale_after=timedelta(hours=self.reminder_stale_hours),
            public_url=self.public_url.rstrip("/"),
            rules=subject.rules(self),
        )
