"""Queries of claims: those in force as of a day, or every version."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, case, distinct, func, not_, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.finance.queries.visibility import seen_by, viewer_value
from services.finance.tables import Claim, ClaimInForce
from shared.keys.viewers import Viewer
from shared.runtime.database import AnyRow, AnySelect

_KEY = ("stage", "year", "level", "agency_code", "nature", "field")
_VALUES = ("id", "version", "amount", "stated_on", "recorded_at")


def _columns(row: Any, *names: str) -> list[Any]:
    return [getattr(row, name) for name in names]


def _asked(row: Any, filters: Mapping[str, Any], viewer: Viewer) -> list[Any]:
    """The conditions on what the viewer sees and the filters name."""
    named = [getattr(row, name) == value for name, value in filters.items() if value is not None]
    return [*seen_by(viewer, row), *named]


def _stated(filters: Mapping[str, Any], viewer: Viewer, as_of: date, known_at: datetime) -> AnySelect:
    """Every statement of a claim."""
    known = (Claim.stated_on <= as_of, Claim.recorded_at <= known_at)
    return select(*_columns(Claim, *_KEY, *_VALUES)).where(*known, *_asked(Claim, filters, viewer))


def _in_force(filters: Mapping[str, Any], viewer: Viewer, as_of: date, known_at: datetime) -> AnySelect:
    """Of each claim the statement of the latest day, of that day the last.

    It is the one that holds by all that is recorded, unless that is of a later day or was recorded later: then it is
    looked up among the claim's statements.
    """
    latest = ClaimInForce
    holds = and_(latest.stated_on <= as_of, latest.recorded_at <= known_at)
    earlier = (
        select(*_columns(Claim, *_VALUES))
        .where(not_(holds), Claim.stated_on <= as_of, Claim.recorded_at <= known_at)
        .where(*(getattr(Claim, name) == getattr(latest, name) for name in _KEY))
        .order_by(Claim.stated_on.desc(), Claim.version.desc())
        .limit(1)
        .lateral("earlier")
    )
    values = [case((holds, getattr(latest, name)), else_=earlier.c[name]).label(name) for name in _VALUES]
    found = select(*_columns(latest, *_KEY), *values).join_from(latest, earlier, true(), isouter=True)
    return found.where(or_(holds, earlier.c.id.is_not(None)), *_asked(latest, filters, viewer))


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
    """Claims by key, with `superseded` every statement by key and version; at most `limit + 1`."""
    row, found = (Claim, _stated) if superseded else (ClaimInForce, _in_force)
    order = _columns(row, *_KEY, "version") if superseded else _columns(row, *_KEY)
    statement = found(filters, viewer, as_of, known_at).order_by(*order).limit(limit + 1)
    if after is not None:
        statement = statement.where(tuple_(*order) > tuple(after[: len(order)]))
    return (await connection.execute(statement, viewer_value(viewer))).all()


def page_key(row: AnyRow) -> tuple[Any, ...]:
    """The sort key of a claim in the list."""
    return tuple(_columns(row, *_KEY, "version"))


async def sum_claims(
    connection: AsyncConnection,
    filters: Mapping[str, Any],
    viewer: Viewer,
    *,
    as_of: date,
    known_at: datetime,
) -> AnyRow:
    """The sum in đồng of the claims in force that the viewer sees, and how many agencies claim it."""
    found = _in_force(filters, viewer, as_of, known_at).subquery("found")
    whole = select(
        func.coalesce(func.sum(found.c.amount), 0).label("amount"),
        func.count(distinct(found.c.agency_code)).filter(found.c.amount > 0).label("agencies"),
    )
    return (await connection.execute(whole, viewer_value(viewer))).one()
