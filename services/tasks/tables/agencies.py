"""Agencies with their identifiers, aliases and predecessors."""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.tasks.tables.base import Base


class Agency(Base):
    __tablename__ = "agencies"
    __table_args__ = (
        CheckConstraint("level IN ('central', 'province', 'commune')", name="level"),
        Index(None, "parent_code"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    short_name: Mapped[str | None]
    bloc: Mapped[str]
    level: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("agencies.code"))
    version: Mapped[int] = mapped_column(default=1)
    recorded_at: Mapped[datetime]


class AgencyIdentifier(Base):
    """A code that another scheme gives the agency, for a time. One value of a scheme names one agency at a time."""

    __tablename__ = "agency_identifiers"
    __table_args__ = (
        Index("ix_agency_identifiers_scheme_value", "scheme", "value"),
        Index(None, "agency_code"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    agency_code: Mapped[str] = mapped_column(ForeignKey("agencies.code"))
    scheme: Mapped[str]
    value: Mapped[str]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class AgencyAlias(Base):
    """Another way of writing an agency's name in running text."""

    __tablename__ = "agency_aliases"

    agency_code: Mapped[str] = mapped_column(ForeignKey("agencies.code"), primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)


class AgencyPredecessor(Base):
    """A former body with its last day; its name is resolved to its successors, lowest position first.

    `unit`: it is now a unit of the first of them.
    """

    __tablename__ = "agency_predecessors"

    name: Mapped[str] = mapped_column(primary_key=True)
    successor_code: Mapped[str] = mapped_column(ForeignKey("agencies.code"), primary_key=True)
    position: Mapped[int]
    short_name: Mapped[str | None]
    valid_to: Mapped[date | None]
    unit: Mapped[bool] = mapped_column(default=False)
