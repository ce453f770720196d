"""Bind parameters that statements share: the day of a figure, and the last instant of recording."""

from sqlalchemy import Date, DateTime, bindparam

AS_OF = bindparam("as_of", type_=Date)
KNOWN_AT = bindparam("known_at", type_=DateTime(timezone=True))
