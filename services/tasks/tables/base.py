"""The declarative base of the service's tables."""

from sqlalchemy.orm import DeclarativeBase

from shared.runtime.database import own_registry


class Base(DeclarativeBase):
    registry = own_registry()
