"""What every table of the service stands in."""

from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    Date,
    DateTime,
    MetaData,
    Text,
)
from sqlalchemy.orm import DeclarativeBase

from shared.runtime.database import NAMING


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True), list[str]: ARRAY(Text), date: Date}  # noqa: RUF012 - SQLAlchemy reads it so
