"""Our copy of databases."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from services.notify.tables.base import SubjectCopy


class Database(SubjectCopy):
    """A database as the datasets service last reported it."""

    __tablename__ = "databases"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    owner_code: Mapped[str]
    observed: Mapped[str]
    observed_since: Mapped[datetime]
    heard_until: Mapped[datetime | None]
    contradictions: Mapped[list[str]]
