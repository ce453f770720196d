"""Queries of claims: those in force as of a day, or every version."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import distinct, func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.finance.queries.visibility import seen_by, viewer_value
from services.finance.tables import Claim
from shared.keys.viewers import Viewer
from shared.runtime.database import AnyRow, AnySelect

_KEY = (Claim.year, Claim.stage, Claim.level, Claim.agency_code, Claim.nature, Claim.field)


def _claims(
    filters: Mapping[str, Any], viewer: Viewer, as_of: date, known_at: datetime, *, superseded: bool
) -> AnySelect:
    """Of what the viewer sees: of each key the statement of the latest day, of that day the last; with `superseded` every statement."""
    known = select(*Claim.__table__.columns).where(Claim.stated_on <= as_of, Claim.recorded_at <= known_at)
    known = known.where(*seen_by(viewer, Claim))
    for name, value in filters.items():
        if value is not None:
            known = known.where(getattr(Claim, name) == value)
    if superseded:
        return known
    return known.ext(distinct_on(*_KEY)).order_by(*_KEY, Claim.stated_on.desc(), Claim.version.desc())


async def list_claims(
    connection: AsyncConnection,
    filters: Mapping[str, Any],
    viewer: Viewer,
    *,
    as_of: date,
    known_at: datetime,
    superseded: bool,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Claims by key and version; at most `limit + 1`."""
    found = _claims(filters, viewer, as_of, known_at, superseded=superseded).subquery("found")
    order = [found.c[column.name] for column in (*_KEY, Claim.version)]
    statement = (
        select(*(column for column in found.c if column.name != "actor")).order_by(*order).limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(tuple_(*order) > tuple(after))
    return (await connection.execute(statement, viewer_value(viewer))).all()


def page_key(row: AnyRow) -> tuple[Any, ...]:
    """The sort key of a claim in the list."""
    return (*(getattr(row, column.name) for column in _KEY), row.version)


async def sum_claims(
    connection: AsyncConnection,
    filters: Mapping[str, Any],
    viewer: Viewer,
    *,
    as_of: date,
    known_at: datetime,
) -> AnyRow:
    """The sum in đồng of the claims in force that the viewer sees, and how many agencies claim it."""
    found = _claims(filters, viewer, as_of, known_at, superseded=False).subquery("found")
    whole = select(
        func.coalesce(func.sum(found.c.amount), 0).label("amount"),
        func.count(distinct(found.c.agency_code)).filter(found.c.amount > 0).label("agencies"),
    )
    return (await connection.execute(whole, viewer_value(viewer))).one()
