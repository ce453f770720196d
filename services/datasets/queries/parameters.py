"""Parameters that statements share: the day asked about, and up to when what was recorded is known."""

from sqlalchemy import Date, DateTime, bindparam

AS_OF = bindparam("as_of", type_=Date)
KNOWN_AT = bindparam("known_at", type_=DateTime(timezone=True))
