"""Programmes and documents, known by their numbers."""

from datetime import date, datetime

from sqlalchemy import (
    ForeignKey,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.tasks.tables.base import Base


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
