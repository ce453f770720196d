"""The moment that a question is about: a day, and up to when what was recorded is known."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, DateTime, bindparam

from shared.runtime.clock import local_instant

AS_OF = bindparam("as_of", type_=Date)
KNOWN_AT = bindparam("known_at", type_=DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class Moment:
    as_of: date
    known_at: datetime

    @property
    def instant(self) -> datetime:
        """The last instant of the day that is known of: what is seen is seen then."""
        last = local_instant(self.as_of + timedelta(days=1)) - timedelta(microseconds=1)
        return min(last, self.known_at)

    @property
    def values(self) -> dict[str, Any]:
        return {"as_of": self.as_of, "known_at": self.known_at}
