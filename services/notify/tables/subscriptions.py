"""Subscriptions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, false, text
from sqlalchemy.orm import Mapped, mapped_column

from services.notify.domain.subscriptions import SubscriptionStatus
from services.notify.tables.base import Base
from shared.runtime.database import one_of


class Subscription(Base):
    """An endpoint that receives alerts. `agency_code` None means every agency; `sealed_secret` is encrypted.

    `is_slow`: its last answer took longer than SLOW_SECONDS.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        one_of("status", SubscriptionStatus),
        Index("ix_subscriptions_active", "agency_code", postgresql_where=text("status = 'active'")),
        Index(None, "agency_code", "created_at", "id"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    url: Mapped[str]
    agency_code: Mapped[str | None]
    include_descendants: Mapped[bool]
    event_types: Mapped[list[str]]
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str]
    status_reason: Mapped[str | None]
    consecutive_failures: Mapped[int]
    is_slow: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
