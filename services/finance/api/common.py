"""What the routes of finance share: scopes, and the moment that a question is about."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Query

from shared.app import CurrentContext, with_scope
from shared.auth import Caller
from shared.clock import LOCAL_ZONE, local_date
from shared.errors import InvalidInput
from shared.horizon import settled

Reader = Annotated[Caller, with_scope("finance.read")]
Claimant = Annotated[Caller, with_scope("finance.claim")]
EARLIEST = date(2000, 1, 1)


def office(caller: Annotated[Caller, with_scope("finance.manage")]) -> Caller:
    """Who may post to the ledger: a key that is bound to no agency, since decisions move the money of many."""
    caller.require_tenant(None)
    return caller


Manager = Annotated[Caller, Depends(office)]
AsOf = Annotated[
    date | None,
    Query(ge=EARLIEST, le=date(2200, 12, 31), description="the day asked about; today by default"),
]
KnownAt = Annotated[
    datetime | None, Query(description="by what was recorded up to this instant; now by default")
]
YearAsked = Annotated[int, Query(ge=2000, le=2200, description="budget year")]
CodeAsked = Annotated[str | None, Query(max_length=64)]


@dataclass(frozen=True, slots=True)
class Moment:
    as_of: date
    known_at: datetime


async def settled_moment(context: CurrentContext, as_of: AsOf = None, known_at: KnownAt = None) -> Moment:
    """The day, and the state of knowledge moved back before any change under way: figures come back the same for ever.

    A naive instant is local time. What will be recorded is not known: an instant to come is answered as now.
    """
    now = context.clock.now()
    known = known_at or now
    known = known if known.tzinfo else known.replace(tzinfo=LOCAL_ZONE)
    if known.year < EARLIEST.year:
        raise InvalidInput(
            "known_at_too_early",
            f"known_at phải từ năm {EARLIEST.year} trở đi.",
            f"known_at must not lie before {EARLIEST.year}.",
            field="known_at",
        )
    async with context.database.reading() as connection:
        return Moment(as_of or local_date(now), await settled(connection, min(known, now)))


SettledMoment = Annotated[Moment, Depends(settled_moment)]
