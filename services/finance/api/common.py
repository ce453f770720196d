"""What the routes of finance share: scopes, and the moment that a question is about."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Query

from services.finance.schemas.common import Day, YearText
from shared.http.app import CurrentContext, with_scope
from shared.http.auth import Caller
from shared.http.moments import KnownAt, known_instant, settled_instant
from shared.runtime.clock import local_date

Reader = Annotated[Caller, with_scope("finance.read")]
Claimant = Annotated[Caller, with_scope("finance.claim")]
EARLIEST = date(2000, 1, 1)


def office(caller: Annotated[Caller, with_scope("finance.manage")]) -> Caller:
    """Who may post to the ledger: a key that is bound to no agency, since decisions move the money of many."""
    caller.require_tenant(None)
    return caller


Manager = Annotated[Caller, Depends(office)]
AsOf = Annotated[Day | None, Query(description="the day asked about; today by default")]
YearAsked = Annotated[YearText, Query(description="budget year")]
CodeAsked = Annotated[str | None, Query(max_length=64)]


@dataclass(frozen=True, slots=True)
class Moment:
    as_of: date
    known_at: datetime


async def settled_moment(context: CurrentContext, as_of: AsOf = None, known_at: KnownAt = None) -> Moment:
    """The day, and the state of knowledge moved back before any change under way: figures come back the same for ever."""
    now = context.clock.now()
    known = await settled_instant(context, known_instant(known_at, now, EARLIEST))
    return Moment(as_of or local_date(now), known)


SettledMoment = Annotated[Moment, Depends(settled_moment)]
