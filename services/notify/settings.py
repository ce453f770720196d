"""What the notify service reads from the environment besides the common settings, under the prefix DONDOC_."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from pydantic import Field, field_validator

from services.notify.domain.milestones import ALERT_HOUR
from services.notify.domain.signals import SignalRules
from shared.runtime.settings import Settings


class NotifySettings(Settings):
    alert_hour: int = Field(
        default=ALERT_HOUR, ge=0, le=23, description="hour at which alerts are raised, Asia/Ho_Chi_Minh"
    )
    delivery_concurrency: int = Field(
        default=48, ge=1, le=1_000, description="calls under way at once to endpoints that answer"
    )
    delivery_concurrency_failing: int = Field(
        default=16, ge=1, le=1_000, description="calls under way at once to endpoints whose last call failed"
    )
    delivery_concurrency_per_subscription: int = Field(
        default=4, ge=1, le=100, description="calls under way at once to one subscription"
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
    signal_stale_hours: int = Field(
        default=72,
        ge=1,
        le=8_784,
        description="what databases and budgets gave cause for longer ago than this when first heard of is not sent",
    )
    budget_behind_share: Decimal = Field(
        default=Decimal("0.20"),
        ge=0,
        le=1,
        max_digits=5,
        description="share of what is to be spent of a budget (disbursed, and what can still be) by which its "
        "disbursement may lie behind even spending",
    )
    budget_idle_months: int = Field(
        default=3,
        ge=1,
        le=12,
        description="months after a budget's first allocation until something is to be disbursed",
    )
    budget_unallocated_after: str = Field(
        default="06-30", description="MM-DD: day of the year after which a budget is to be allocated whole"
    )

    @field_validator("budget_unallocated_after")
    @classmethod
    def _is_a_day_of_every_year(cls, value: str) -> str:
        try:
            date.fromisoformat(f"2001-{value}")  # a year without 29 February
        except ValueError:
            raise ValueError("write a month and a day of every year, e.g. 06-30") from None
        return value

    @property
    def signal_rules(self) -> SignalRules:
        day = date.fromisoformat(f"2001-{self.budget_unallocated_after}")
        return SignalRules(
            stale_after=timedelta(hours=self.signal_stale_hours),
            behind_share=Fraction(self.budget_behind_share),
            idle_months=self.budget_idle_months,
            unallocated_after=(day.month, day.day),
        )
