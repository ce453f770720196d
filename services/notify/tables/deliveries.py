"""Deliveries of alerts to subscriptions, and their attempts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.notify.domain.deliveries import AttemptOutcome, DeliveryStatus
from services.notify.tables.base import Base
from shared.runtime.database import one_of


class Delivery(Base):
    """One message for one subscription: an alert, or a trial, which carries its own `body` and the key that asked for it.

    `lease_token` is the id of the attempt under way; the lease ends by the database's clock.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("alert_id", "subscription_id"),
        CheckConstraint("num_nonnulls(alert_id, body) = 1", name="alert_or_trial"),
        CheckConstraint("num_nulls(lease_token, lease_until) IN (0, 2)", name="lease_whole"),
        one_of("status", DeliveryStatus),
        Index(
            "ix_deliveries_claimable",
            "subscription_id",
            "next_attempt_at",
            postgresql_where=text("status = 'pending' AND lease_token IS NULL"),
        ),
        # Retries alone: with first attempts in it the planner would claim by this index, reading through all others'.
        Index(
            "ix_deliveries_retries",
            "next_attempt_at",
            postgresql_where=text("status = 'pending' AND lease_token IS NULL AND attempts > 0"),
        ),
        Index("ix_deliveries_leased", "subscription_id", postgresql_where=text("lease_token IS NOT NULL")),
        Index(None, "status", "created_at", "alert_id"),
        Index(
            "ix_deliveries_trials",
            "key_prefix",
            "created_at",
            postgresql_where=text("key_prefix IS NOT NULL"),
        ),
        Index(None, "created_at", "id"),
        Index(None, "subscription_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID | None] = mapped_column(ForeignKey("alerts.id"))
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("subscriptions.id"))
    body: Mapped[str | None]
    status: Mapped[str]
    reason: Mapped[str | None]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    key_prefix: Mapped[str | None]


class Attempt(Base):
    """One call; its row is inserted before the call is made. `duration_ms` is real time, also under a simulated clock."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("delivery_id", "number"), one_of("outcome", AttemptOutcome))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"))
    number: Mapped[int]
    started_at: Mapped[datetime]
    outcome: Mapped[str]
    status_code: Mapped[int | None]
    error: Mapped[str | None]
    excerpt: Mapped[str | None]
    address: Mapped[str | None]
    duration_ms: Mapped[int | None]
