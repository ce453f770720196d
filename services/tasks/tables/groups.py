"""Groups of agencies with their members, and the phrases by which documents name them."""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.tasks.tables.base import Base


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
