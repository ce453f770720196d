"""Rows of the finance service.

Decisions, postings, claims and vouchers are append-only, which triggers and grants enforce.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.finance.domain.ledger import Field, Kind, Level, Nature, Stage
from shared.agencies import AgencyCopy
from shared.runtime.database import one_of, own_registry


class Base(DeclarativeBase):
    registry = own_registry()


class Agency(AgencyCopy, Base):
    """The service's copy of agencies, from the events of tasks."""

    __tablename__ = "agencies"


class Decision(Base):
    """A transaction of the ledger. `entry` counts how often its document was entered: again only after a reversal.

    `number` is as typed; look-alike ones are one by `normal_form` (`shared.document_numbers`).
    """

    __tablename__ = "decisions"
    __table_args__ = (
        one_of("kind", Kind),
        CheckConstraint("line_count > 0", name="line_count"),
        CheckConstraint("(reverses_id IS NULL) = (reason IS NULL)", name="reversal"),
        Index(
            "uq_decisions_document",
            "normal_form",
            "kind",
            "issued_on",
            "entry",
            unique=True,
            postgresql_where=text("reverses_id IS NULL"),
        ),
        Index("ix_decisions_recorded_at", "recorded_at", "id"),
        Index(None, "kind", "recorded_at", "id"),
        Index(None, "normal_form"),
        Index(None, "similar_form"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    number: Mapped[str]
    normal_form: Mapped[str]
    similar_form: Mapped[str]
    issued_on: Mapped[date]
    entry: Mapped[int]
    effective_on: Mapped[date]
    reverses_id: Mapped[UUID | None] = mapped_column(unique=True)
    reason: Mapped[str | None]
    line_count: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str]
    recorded_at: Mapped[datetime]


class Account(Base):
    """Money of one dimension at one stage, with its balance by all that is recorded.

    The row of its budget is locked before it changes, so that accounts need no order of their own.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        one_of("level", Level),
        one_of("nature", Nature),
        one_of("field", Field),
        one_of("stage", Stage),
        CheckConstraint("balance >= 0 OR stage = 'authority'", name="never_negative"),
        UniqueConstraint(
            "year", "level", "agency_code", "nature", "field", "source", "stage", name="uq_accounts_dimension"
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    year: Mapped[int]
    level: Mapped[str]
    agency_code: Mapped[str] = mapped_column(ForeignKey("agencies.code"))
    nature: Mapped[str]
    field: Mapped[str]
    source: Mapped[str]
    stage: Mapped[str]
    balance: Mapped[int] = mapped_column(BigInteger)
    latest_effective_on: Mapped[date]
    posting_count: Mapped[int]


class Posting(Base):
    """One side of a line: line n is positions 2n-1 (taken from) and 2n (given to). Both days are the decision's.

    No foreign keys: one to decisions would need the right to UPDATE them, which nobody has; one to accounts costs as much
    as the posting. A trigger checks each statement instead, and accounts are kept for ever as well.
    """

    __tablename__ = "postings"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        Index(
            "ix_postings_account",
            "account_id",
            "effective_on",
            postgresql_include=["recorded_at", "amount"],
        ),
        Index(None, "effective_on", postgresql_using="brin"),  # rows are roughly in the order of both
        Index(None, "recorded_at", postgresql_using="brin"),
    )

    decision_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime]


class Budget(Base):
    """An agency's money of one year and level by all that is recorded, as its events report it: without defence and security.

    Its row lock orders its changes, those of defence and security too.
    """

    __tablename__ = "budgets"
    __table_args__ = (UniqueConstraint("year", "level", "agency_code", name="uq_budgets_key"),)

    year: Mapped[int]
    level: Mapped[str]
    agency_code: Mapped[str]
    version: Mapped[int]
    authority: Mapped[int] = mapped_column(BigInteger)
    unallocated: Mapped[int] = mapped_column(BigInteger)
    remaining: Mapped[int] = mapped_column(BigInteger)
    disbursed: Mapped[int] = mapped_column(BigInteger)
    settled: Mapped[int] = mapped_column(BigInteger)
    carried_over: Mapped[int] = mapped_column(BigInteger)
    cancelled: Mapped[int] = mapped_column(BigInteger)
    first_allocated_on: Mapped[date | None]
    last_disbursed_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))


class Claim(Base):
    """A statement of the money that an agency needs, in versions; the one in force depends on the day."""

    __tablename__ = "claims"
    __table_args__ = (
        CheckConstraint("stage IN ('registered', 'proposed')", name="stage"),
        one_of("level", Level),
        one_of("nature", Nature),
        one_of("field", Field),
        CheckConstraint("amount >= 0", name="amount"),
        UniqueConstraint(
            "stage", "year", "level", "agency_code", "nature", "field", "version", name="uq_claims_version"
        ),
        Index(None, "agency_code"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    stage: Mapped[str]
    year: Mapped[int]
    level: Mapped[str]
    agency_code: Mapped[str] = mapped_column(ForeignKey("agencies.code"))
    nature: Mapped[str]
    field: Mapped[str]
    version: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)
    stated_on: Mapped[date]
    actor: Mapped[str]
    recorded_at: Mapped[datetime]


class ClaimInForce(Base):
    """Of each claim the statement that holds by all that is recorded; a trigger on claims keeps it."""

    __tablename__ = "claims_in_force"
    __table_args__ = (Index(None, "agency_code"),)

    stage: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[str] = mapped_column(primary_key=True)
    agency_code: Mapped[str] = mapped_column(primary_key=True)
    nature: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    version: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)
    stated_on: Mapped[date]
    recorded_at: Mapped[datetime]


class VoucherLine(Base):
    """A posted row of a Treasury file, by which a repeated import is recognised."""

    __tablename__ = "voucher_lines"
    __table_args__ = (Index("ix_voucher_lines_voucher", "year", "agency_code", "normal_form"),)

    decision_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    agency_code: Mapped[str]
    reference: Mapped[str]
    normal_form: Mapped[str]
    fingerprint: Mapped[str]
