"""Rows of the tasks service. What was recorded stays: deadlines, assignments and decisions are added, not changed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from shared.database import NAMING


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True), list[str]: ARRAY(Text), date: Date}  # noqa: RUF012 - SQLAlchemy reads it so


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
    """A body that is no more, with its last day, kept so that its name leads to its successors, lowest position first.

    `unit`: it lives on within the first of them.
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
    """What is known by a number as it was typed; look-alike ones are one (`shared.document_numbers`)."""

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


class Task(Base):
    """`state`, `due_on` and `completed_on` say how the task stands by all that is recorded; its status on a day comes from the facts.

    A task given to a group is a parent: its members' tasks carry the assignments, and it is done when they are.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("kind IN ('dated', 'standing')", name="kind"),
        CheckConstraint("state IN ('open', 'completed', 'cancelled', 'merged')", name="state"),
        CheckConstraint("priority IN ('normal', 'high', 'urgent')", name="priority"),
        Index(None, "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index(None, "programme_code"),
        Index("ix_tasks_order", text("coalesce(due_on, 'infinity')"), "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    search_text: Mapped[str]
    programme_code: Mapped[str] = mapped_column(ForeignKey("programmes.code"))
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    deliverable: Mapped[str | None]
    priority: Mapped[str] = mapped_column(default="normal")
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id"))
    children_count: Mapped[int] = mapped_column(default=0)
    lead_text: Mapped[str | None]
    coordinate_text: Mapped[str | None]
    assigned_on: Mapped[date]
    due_on: Mapped[date | None]
    completed_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    deadlines: Mapped[list["Deadline"]] = relationship(order_by="Deadline.revision", lazy="raise")
    assignments: Mapped[list["Assignment"]] = relationship(order_by="Assignment.id", lazy="raise")
    citations: Mapped[list["Citation"]] = relationship(order_by="Citation.position", lazy="raise")


class Origin(Base):
    """Where in a document an import read the task, and in which words: what its row is recognised by next time."""

    __tablename__ = "origins"
    __table_args__ = (Index(None, "document_code"),)

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    document_code: Mapped[str] = mapped_column(ForeignKey("documents.code"), primary_key=True)
    annex: Mapped[str]
    section: Mapped[list[str]]
    number: Mapped[str]
    ref: Mapped[str | None]
    title: Mapped[str]
    digest: Mapped[str]
    recorded_at: Mapped[datetime]


class Deadline(Base):
    """One revision of a deadline: its words, their reading, since when it holds and when we learned it."""

    __tablename__ = "deadlines"

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    kind: Mapped[str]
    start_on: Mapped[date | None]
    due_on: Mapped[date | None]
    recurs_every: Mapped[str | None]
    recurs_due_day: Mapped[int | None]
    recurs_due_month: Mapped[int | None]
    flags: Mapped[list[str]]
    unread_words: Mapped[list[str]]
    reason: Mapped[str | None]
    document_code: Mapped[str | None] = mapped_column(ForeignKey("documents.code"))
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime]


class Assignment(Base):
    """`position`: the title of the agency's head, where the head is named; `unit`: the part of it that is."""

    __tablename__ = "assignments"
    __table_args__ = (
        CheckConstraint("role IN ('lead', 'co_lead', 'coordinate', 'direct', 'accountable')", name="role"),
        Index("ix_assignments_task_id", "task_id"),
        Index("ix_assignments_agency_code", "agency_code", "role"),
        Index(
            "uq_assignments_in_force",
            "task_id",
            "agency_code",
            "role",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"))
    agency_code: Mapped[str] = mapped_column(ForeignKey("agencies.code"))
    role: Mapped[str]
    position: Mapped[str | None]
    unit: Mapped[str | None]
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime]
    ended_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]


class Citation(Base):
    __tablename__ = "citations"
    __table_args__ = (Index(None, "document_code"),)

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    document_code: Mapped[str] = mapped_column(ForeignKey("documents.code"))
    clause: Mapped[str | None]
    recorded_at: Mapped[datetime]


class Submission(Base):
    """An agency's word that the task is done on `completed_on`, and the office's decision on it."""

    __tablename__ = "submissions"
    __table_args__ = (
        CheckConstraint("decision IN ('accept', 'return')", name="decision"),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided"),
        Index("uq_submissions_awaiting", "task_id", unique=True, postgresql_where=text("decision IS NULL")),
        Index(
            "uq_submissions_accepted", "task_id", unique=True, postgresql_where=text("decision = 'accept'")
        ),
        Index("ix_submissions_task_id", "task_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"))
    agency_code: Mapped[str | None] = mapped_column(ForeignKey("agencies.code"))
    completed_on: Mapped[date]
    summary: Mapped[str]
    submitted_at: Mapped[datetime]
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]

    evidence: Mapped[list["Evidence"]] = relationship(order_by="Evidence.position", lazy="raise")


class Evidence(Base):
    __tablename__ = "evidence"
    __table_args__ = (CheckConstraint("kind IN ('document', 'url', 'file')", name="kind"),)

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    reference: Mapped[str]
    title: Mapped[str]


class Ending(Base):
    """Why a task is no longer to be done, since when, and when we learned it."""

    __tablename__ = "endings"
    __table_args__ = (CheckConstraint("kind IN ('cancelled', 'merged')", name="kind"),)

    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    kind: Mapped[str]
    reason: Mapped[str]
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime]
