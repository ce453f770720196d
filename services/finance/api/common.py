"""What the routes of finance share: scopes, and the moment that a question is about."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated

from fastapi import Depends, Query

from services.finance.schemas.common import Day, YearText
from shared.http.app import CurrentContext, with_scope
from shared.http.auth import Caller
from shared.http.stable_reads import KnownAt, StableRead, stable_read

Reader = Annotated[Caller, with_scope("finance.read")]
Claimant = Annotated[Caller, with_scope("finance.claim")]
EARLIEST = date(2000, 1, 1)


def office(caller: Annotated[Caller, with_scope("finance.manage")]) -> Caller:
    """Who may post to the ledger: a key that is bound to no agency, since decisions move the money of many."""
    caller.require_tenant(None)
    return caller


Manager = Annotated[Caller, Depends(office)]
DayAsked = Annotated[Day | None, Query(description="the day asked about; today by default")]
YearAsked = Annotated[YearText, Query(description="budget year")]
CodeAsked = Annotated[str | None, Query(max_length=64)]


async def read_stably(
    context: CurrentContext, as_of: DayAsked = None, known_at: KnownAt = None
) -> AsyncIterator[StableRead]:
    async with stable_read(context, as_of, known_at, EARLIEST) as stable:
        yield stable


Stable = Annotated[StableRead, Depends(read_stably, scope="function")]
