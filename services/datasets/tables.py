"""Rows of the datasets service.

Registrations, amendments and the four kinds of fact are append-only, which triggers enforce.
A watch is the latest recorded state of a database, worked out from those facts; its row lock guards each change.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    desc,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.datasets.domain.contradictions import ContradictionKind
from services.datasets.domain.databases import Kind
from services.datasets.domain.declarations import Connection, Phase
from services.datasets.domain.downtime import Component
from services.datasets.domain.observation import Observed
from services.datasets.domain.quality import Criterion
from shared.agencies import AgencyCopy
from shared.runtime.database import one_of, own_registry


class Base(DeclarativeBase):
    registry = own_registry()


class Agency(AgencyCopy, Base):
    __tablename__ = "agencies"


class Database(Base):
    """A registered database, shared platform or procedure system, and its expected heartbeats.

    Name, owner and expectation are the current ones; all values with the instants from which they hold are amendments.
    """

    __tablename__ = "databases"
    __table_args__ = (
        one_of("kind", Kind),
        CheckConstraint("num_nulls(period_seconds, grace_seconds) IN (0, 2)", name="expectation_whole"),
        Index(None, "owner_code"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    search_text: Mapped[str]
    kind: Mapped[str]
    owner_code: Mapped[str] = mapped_column(ForeignKey("agencies.code"))
    legal_basis: Mapped[str | None]
    period_seconds: Mapped[int | None]
    grace_seconds: Mapped[int | None]
    registered_by: Mapped[str]
    recorded_at: Mapped[datetime]


class Amendment(Base):
    """Values agreed from an instant on, first those of the registration; null leaves a value as it was.

    For one instant the later recorded holds. `sets_heartbeat`: it sets the period, where null means no heartbeats.
    """

    __tablename__ = "amendments"
    __table_args__ = (
        CheckConstraint("num_nulls(period_seconds, grace_seconds) IN (0, 2)", name="expectation_whole"),
        CheckConstraint("sets_heartbeat OR period_seconds IS NULL", name="sets_heartbeat"),
        Index(None, "database_code", "holds_from", "id"),
        Index("ix_amendments_owner_code", "owner_code", postgresql_where=text("owner_code IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    database_code: Mapped[str] = mapped_column(ForeignKey("databases.code"))
    name: Mapped[str | None]
    owner_code: Mapped[str | None] = mapped_column(ForeignKey("agencies.code"))
    sets_heartbeat: Mapped[bool]
    period_seconds: Mapped[int | None]
    grace_seconds: Mapped[int | None]
    holds_from: Mapped[datetime]
    said_by: Mapped[str]
    recorded_at: Mapped[datetime]


class Declaration(Base):
    """A declared phase, connection, or both; of two for one day the later recorded holds."""

    __tablename__ = "declarations"
    __table_args__ = (
        one_of("phase", Phase),
        one_of("ndc_connection", Connection),
        CheckConstraint("num_nonnulls(phase, ndc_connection) > 0", name="says_something"),
        Index(None, "database_code", "effective_on", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    database_code: Mapped[str] = mapped_column(ForeignKey("databases.code"))
    phase: Mapped[str | None]
    ndc_connection: Mapped[str | None]
    effective_on: Mapped[date]
    evidence: Mapped[list[dict[str, Any]]]
    said_by: Mapped[str]
    recorded_at: Mapped[datetime]


class QualityResult(Base):
    """A result for one criterion; the one with the latest `as_of` holds."""

    __tablename__ = "quality_results"
    __table_args__ = (
        one_of("criterion", Criterion),
        Index(None, "database_code", "criterion", "as_of", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    database_code: Mapped[str] = mapped_column(ForeignKey("databases.code"))
    criterion: Mapped[str]
    measured: Mapped[Decimal]
    denominator: Mapped[Decimal | None]
    threshold: Mapped[Decimal]
    passed: Mapped[bool]
    as_of: Mapped[date]
    method: Mapped[str]
    evidence: Mapped[list[dict[str, Any]]]
    said_by: Mapped[str]
    recorded_at: Mapped[datetime]


class Heartbeat(Base):
    """One heartbeat, identified by the sender's run."""

    __tablename__ = "heartbeats"
    __table_args__ = (
        CheckConstraint("record_count >= 0", name="record_count"),
        # covers every column that states need
        Index(None, "database_code", "observed_at", postgresql_include=["record_count", "recorded_at"]),
    )

    database_code: Mapped[str] = mapped_column(ForeignKey("databases.code"), primary_key=True)
    run_id: Mapped[str] = mapped_column(primary_key=True)
    observed_at: Mapped[datetime]
    record_count: Mapped[int] = mapped_column(BigInteger)
    last_sync_at: Mapped[datetime | None]
    note: Mapped[str | None]
    recorded_at: Mapped[datetime]


class Maintenance(Base):
    """A maintenance window that the owner announced."""

    __tablename__ = "maintenances"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index(None, "database_code", "starts_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    database_code: Mapped[str] = mapped_column(ForeignKey("databases.code"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str]
    said_by: Mapped[str]
    recorded_at: Mapped[datetime]


class Watch(Base):
    """The latest recorded state of a database. `version` counts its changes; heartbeats alone are none.

    Instants are of the suite's clock. `in_time` is period + grace, `heard_until` that long after the newest heartbeat.
    It is to be examined at `next_check_at`: the earlier of the instant at which silence would change its state, which
    each heartbeat postpones, and of any other at which something may change. While it `is_steady`, a further heartbeat
    in order updates it without reading older ones. `fails`: the latest result of some criterion failed.

    It answers for every instant from `checked_at` until `next_check_at` (`queries/statistics.py`).
    """

    __tablename__ = "watches"
    __table_args__ = (
        one_of("observed", Observed),
        Index(
            "ix_watches_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")
        ),
    )

    database_code: Mapped[str] = mapped_column(ForeignKey("databases.code"), primary_key=True)
    version: Mapped[int]
    phase: Mapped[str | None]
    ndc_connection: Mapped[str | None]
    observed: Mapped[str]
    observed_since: Mapped[datetime]
    next_check_at: Mapped[datetime | None]
    silence_check_at: Mapped[datetime | None]
    other_check_at: Mapped[datetime | None]
    is_steady: Mapped[bool]
    checked_at: Mapped[datetime]
    in_time: Mapped[timedelta | None]
    last_heartbeat_at: Mapped[datetime | None]
    heard_until: Mapped[datetime | None]
    last_sync_at: Mapped[datetime | None]
    record_count: Mapped[int | None] = mapped_column(BigInteger)
    fails: Mapped[bool] = mapped_column(server_default=false())


class Contradiction(Base):
    """Two facts that disagree, with the instants of opening and closing, and of recording each."""

    __tablename__ = "contradictions"
    __table_args__ = (
        one_of("kind", ContradictionKind),
        CheckConstraint("num_nulls(closed_at, closing_recorded_at) IN (0, 2)", name="closed_whole"),
        Index(
            "uq_contradictions_open",
            "database_code",
            "kind",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(None, desc("opened_at"), desc("id")),
        Index("ix_contradictions_kind", "kind", desc("opened_at"), desc("id")),
        Index(None, "database_code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    database_code: Mapped[str] = mapped_column(ForeignKey("databases.code"))
    kind: Mapped[str]
    ndc_connection: Mapped[str | None]
    basis: Mapped[datetime]
    never_synchronised: Mapped[bool]
    opened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closing_recorded_at: Mapped[datetime | None]


class Downtime(Base):
    """A span in which a component did not run; it counts for a `known_at` from `known_from` on."""

    __tablename__ = "downtimes"
    __table_args__ = (one_of("component", Component),)

    component: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime]
    known_from: Mapped[datetime]


class Liveness(Base):
    """The last report of a component that it runs: its instant by the suite's clock, and in the database's real time."""

    __tablename__ = "liveness"
    __table_args__ = (one_of("component", Component),)

    component: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    real_at: Mapped[datetime]
