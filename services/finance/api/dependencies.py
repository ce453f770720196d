"""Dependencies of the routes: scopes, filters, `as_of` and `known_at`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.finance.domain import ledger
from services.finance.queries.visibility import hidden_fields, require_fields
from services.finance.schemas.fields import Day, YearText
from services.finance.tables import Agency
from shared.agencies import require_within
from shared.http.auth import Caller
from shared.http.routes import CurrentContext, with_scope
from shared.http.stable_reads import KnownAt, StableRead, stable_read
from shared.http.visibility import Visibility
from shared.keys.viewers import Viewer

READ = "finance.read"
Reader = Annotated[Caller, with_scope(READ, Visibility.CONCERNED)]
AnyReader = Annotated[Caller, with_scope(READ, Visibility.PUBLIC)]
Claimant = Annotated[Caller, with_scope("finance.claim", Visibility.OWN)]
EARLIEST = date(2000, 1, 1)


async def require_unbound(
    caller: Annotated[Caller, with_scope("finance.manage", Visibility.OFFICE)],
) -> Caller:
    """A key that may post to the ledger: bound to no agency, since decisions move the money of many."""
    caller.require_tenant(None)
    return caller


Manager = Annotated[Caller, Depends(require_unbound)]
DayParameter = Annotated[Day | None, Query(description="day that the figures are about; today by default")]
YearParameter = Annotated[YearText, Query(description="budget year")]
CodeParameter = Annotated[str | None, Query(max_length=64)]


async def read_stably(
    context: CurrentContext, as_of: DayParameter = None, known_at: KnownAt = None
) -> AsyncIterator[StableRead]:
    async with stable_read(context, as_of, known_at, EARLIEST) as stable:
        yield stable


Stable = Annotated[StableRead, Depends(read_stably, scope="function")]


def covered(viewer: Viewer) -> dict[str, Any]:
    """The coverage of an answer to the viewer, as `schemas.fields.Seen`."""
    return {"within": viewer.agency, "fields_excluded": hidden_fields(viewer)}


async def require_seen(
    connection: AsyncConnection, viewer: Viewer, agency: str | None, *fields: str | None
) -> None:
    """Refuse a question about an agency or a field of which the viewer sees nothing. Raises Forbidden."""
    require_fields(viewer, *fields)
    await require_within(connection, Agency, viewer, agency)


@dataclass(frozen=True, slots=True)
class GivenFilters:
    """The filters on dimensions."""

    level: ledger.Level | None
    agency: str | None
    nature: ledger.Nature | None
    field: ledger.Field | None

    def given(self) -> dict[str, str | None]:
        return {"level": self.level, "agency": self.agency, "nature": self.nature, "field": self.field}


async def given_filters(
    level: ledger.Level | None = None,
    agency: CodeParameter = None,
    nature: ledger.Nature | None = None,
    field: ledger.Field | None = None,
) -> GivenFilters:
    return GivenFilters(level, agency, nature, field)


Filters = Annotated[GivenFilters, Depends(given_filters)]
