"""Agencies and their groups; programmes and documents."""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    text,
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


class Group(Base):
    __tablename__ = "groups"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    recorded_at: Mapped[datetime]


class GroupMember(Base):
    """A member from a day until a day, both included; `ended_at` is when its last day was recorded."""

    __tablename__ = "group_members"
    __table_args__ = (
        CheckConstraint("(valid_to IS NULL) = (ended_at IS NULL)", name="ended"),
        Index(None, "agency_code"),
    )

    group_code: Mapped[str] = mapped_column(ForeignKey("groups.code"), primary_key=True)
    agency_code: Mapped[str] = mapped_column(ForeignKey("agencies.code"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True, server_default=text("'-infinity'::date"))
    valid_to: Mapped[date | None]
    recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class GroupAlias(Base):
    """A phrase of the documents, and the groups that it names together."""

    __tablename__ = "group_aliases"

    alias: Mapped[str] = mapped_column(primary_key=True)
    group_codes: Mapped[list[str]]


class Numbered:
    """Columns of a row with a number: `code` as typed, `normal_form` unique (`shared.document_numbers`)."""

    code: Mapped[str] = mapped_column(primary_key=True)
    normal_form: Mapped[str] = mapped_column(unique=True)
    similar_form: Mapped[str] = mapped_column(index=True)


class Programme(Numbered, Base):
    __tablename__ = "programmes"

    title: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    recorded_at: Mapped[datetime]


class Document(Numbered, Base):
    __tablename__ = "documents"

    type: Mapped[str]
    issuer_code: Mapped[str | None] = mapped_column(ForeignKey("agencies.code"))
    issued_on: Mapped[date]
    title: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    recorded_at: Mapped[datetime]
