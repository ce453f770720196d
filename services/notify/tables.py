"""Rows of the notify service: its picture of what others tell, its timers, signals, alerts, subscriptions, deliveries.

Instants are of the suite's clock, save `lease_until`, which belongs to the network and is the database's own time.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.notify.domain.deliveries import AttemptOutcome, DeliveryStatus
from services.notify.domain.milestones import TimerStatus
from services.notify.domain.signals import SignalKind, SignalStatus, SubjectKind
from services.notify.domain.subscriptions import SubscriptionStatus
from shared.agencies import AgencyCopy
from shared.runtime.database import one_of, own_registry


class Base(DeclarativeBase):
    registry = own_registry()


class Agency(AgencyCopy, Base):
    __tablename__ = "agencies"


class Task(Base):
    """A task as the tasks service last told of it. Whoever touches its timers holds this row's lock."""

    __tablename__ = "tasks"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    title: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    revision: Mapped[int]
    deadline_text: Mapped[str]
    due_on: Mapped[date | None]
    deliverable: Mapped[str | None]
    children: Mapped[int]
    responsible: Mapped[list[str]]


class Database(Base):
    """A database as the datasets service last told of it. Whoever touches its signals holds this row's lock."""

    __tablename__ = "databases"

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    name: Mapped[str]
    kind: Mapped[str]
    owner_code: Mapped[str]
    observed: Mapped[str]
    observed_since: Mapped[datetime]
    heard_until: Mapped[datetime | None]
    contradictions: Mapped[list[str]]


class Budget(Base):
    """A budget as the finance service last told of it, in đồng. Whoever touches its signals holds this row's lock."""

    __tablename__ = "budgets"

    id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    year: Mapped[int]
    level: Mapped[str]
    agency_code: Mapped[str]
    approved: Mapped[int] = mapped_column(BigInteger)
    allocated: Mapped[int] = mapped_column(BigInteger)
    unallocated: Mapped[int] = mapped_column(BigInteger)
    disbursed: Mapped[int] = mapped_column(BigInteger)
    remaining: Mapped[int] = mapped_column(BigInteger)
    first_allocated_on: Mapped[date | None]


class Timer(Base):
    """A milestone of a deadline for one agency. While its task is followed, one is always pending."""

    __tablename__ = "timers"
    __table_args__ = (
        UniqueConstraint("task_id", "agency_code", "revision", "due_on", "milestone", name="uq_timers_key"),
        one_of("status", TimerStatus),
        Index("ix_timers_pending", "due_at", postgresql_where=text("status = 'pending'")),
        Index(None, "due_at", "id"),
        Index(None, "agency_code", "due_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"))
    agency_code: Mapped[str]
    revision: Mapped[int]
    due_on: Mapped[date]
    milestone: Mapped[int]
    due_at: Mapped[datetime]
    status: Mapped[str]
    reason: Mapped[str]
    changed_at: Mapped[datetime]


class Signal(Base):
    """What is told of a database or a budget, once; `subject` is its code or id.

    `occasion` makes it one of its kind, `occurred_at` is when it became true, `due_at` when it is to be told, and
    `facts` are what was told with it, or what a budget was judged by.
    """

    __tablename__ = "signals"
    __table_args__ = (
        UniqueConstraint("kind", "subject", "occasion", name="uq_signals_key"),
        one_of("kind", SignalKind),
        one_of("subject_kind", SubjectKind),
        one_of("status", SignalStatus),
        Index("ix_signals_pending", "due_at", postgresql_where=text("status = 'pending'")),
        Index(None, "due_at", "id"),
        Index(None, "agency_code", "due_at", "id"),
        Index(None, "subject_kind", "subject", "due_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject_kind: Mapped[str]
    subject: Mapped[str]
    agency_code: Mapped[str]
    occasion: Mapped[str]
    due_at: Mapped[datetime]
    occurred_at: Mapped[datetime]
    status: Mapped[str]
    reason: Mapped[str]
    changed_at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]


class Alert(Base):
    """A timer or a signal that was raised. `body` is the CloudEvent as it is sent, the same bytes at each try."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("timer_id"),
        UniqueConstraint("signal_id"),
        CheckConstraint("num_nonnulls(timer_id, signal_id) = 1", name="timer_or_signal"),
        CheckConstraint(
            "num_nulls(timer_id, task_id, revision, due_on, milestone) IN (0, 5)", name="timer_whole"
        ),
        Index(None, "raised_at", "id"),
        Index(None, "agency_code", "raised_at", "id"),
        Index(None, "task_id", "raised_at", "id"),
        Index(None, "kind", "raised_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    timer_id: Mapped[UUID | None] = mapped_column(ForeignKey("timers.id"))
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id"))
    agency_code: Mapped[str]
    kind: Mapped[str]
    revision: Mapped[int | None]
    due_on: Mapped[date | None]
    milestone: Mapped[int | None]
    due_at: Mapped[datetime]
    raised_at: Mapped[datetime]
    body: Mapped[str]
    signal_id: Mapped[UUID | None] = mapped_column(ForeignKey("signals.id"))


class Subscription(Base):
    """Where alerts go. `agency_code` None means every agency; `sealed_secret` is encrypted."""

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
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Delivery(Base):
    """One message for one subscription: an alert, or a trial, which carries its own `body`.

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
        Index("ix_deliveries_failed", "id", postgresql_where=text("status = 'failed'")),
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


class Attempt(Base):
    """One call, written down before it is made. `duration_ms` is real time, also under a simulated clock."""

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
