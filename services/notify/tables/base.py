"""The declarative base of the service's tables, and that of the copies of subjects."""

from sqlalchemy.orm import DeclarativeBase, Mapped

from shared.runtime.database import own_registry


class Base(DeclarativeBase):
    registry = own_registry()


class SubjectCopy(Base):
    """A subject as another service last reported it: its key is text, `version` that of the event.

    A subject's reminders are changed only under the lock of this row.
    """

    __abstract__ = True

    version: Mapped[int]
