"""Balances as of any day, by what was recorded up to any instant, worked out from the postings."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Subquery,
    Text,
    and_,
    bindparam,
    cast,
    distinct,
    func,
    null,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.finance.domain.balances import Figures, figures
from services.finance.domain.ledger import Field, Stage
from services.finance.queries.visibility import viewer_value
from services.finance.tables import Account, Agency, Decision, Posting
from shared.agencies import is_within
from shared.keys.viewers import Viewer
from shared.runtime.clock import local_date
from shared.runtime.database import AnySelect

Dimension = Literal["year", "level", "agency", "nature", "field", "source"]
_COLUMNS: Mapping[str, Any] = {
    "year": Account.year,
    "level": Account.level,
    "agency": Account.agency_code,
    "nature": Account.nature,
    "field": Account.field,
    "source": Account.source,
}
_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    **{name: column == bindparam(name) for name, column in _COLUMNS.items()},
    "without_field": Account.field != bindparam("without_field"),
    "viewer": is_within(Account.agency_code, Agency),
}


@dataclass(frozen=True, slots=True)
class BalanceQuery:
    """A query of balances: its day, the instant up to which records count, and its filters; None: not filtered."""

    as_of: date
    known_at: datetime
    year: int | None = None
    level: str | None = None
    agency: str | None = None
    nature: str | None = None
    field: str | None = None
    source: str | None = None
    without_field: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of a key."""

    key: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Counts:
    """Of how many agencies and of how many dimensions (`rows`) figures are made."""

    agencies: int
    rows: int


def _sums(filtered: tuple[str, ...], *, later: bool) -> Subquery:
    """Per account id, the sum and number of postings known by then, or with `later` of the others."""
    known = and_(Posting.effective_on <= bindparam("as_of"), Posting.recorded_at <= bindparam("known_at"))
    unknown = or_(Posting.effective_on > bindparam("as_of"), Posting.recorded_at > bindparam("known_at"))
    sums = (
        select(
            Posting.account_id,
            # numeric: of one day it may be more than a bigint holds
            func.sum(Posting.amount).label("amount"),
            func.count().label("number"),
        )
        .where(unknown if later else known)
        .group_by(Posting.account_id)
    )
    if filtered:
        accounts = select(Account.id).where(*(_CONDITIONS[name] for name in filtered))
        sums = sums.where(Posting.account_id.in_(accounts))
    return sums.subquery("sums")


def _parts(key: ColumnElement[str], filtered: tuple[str, ...], *, later: bool) -> Subquery:
    """The sum and number of postings by key and stage; with `later` the present ones and, negative, those not known yet.

    Each part is added up before they are put together, so that the present costs one reading of the accounts.
    """
    sums = _sums(filtered, later=later)
    names = (key.label("key"), Account.stage)
    sign = -1 if later else 1
    of_postings = select(
        *names,
        (sign * func.sum(sums.c.amount)).label("amount"),
        (sign * func.sum(sums.c.number)).label("number"),
    ).join_from(Account, sums, sums.c.account_id == Account.id)
    of_postings = of_postings.group_by("key", Account.stage)
    if not later:
        return of_postings.subquery("parts")
    present = select(
        *names,
        func.sum(Account.balance).label("amount"),
        func.sum(Account.posting_count).label("number"),
    ).where(*(_CONDITIONS[name] for name in filtered))
    return present.group_by("key", Account.stage).union_all(of_postings).subquery("parts")


@cache
def _statement(group_by: Dimension | None, filtered: tuple[str, ...], *, later: bool) -> AnySelect:
    """The balances by key, and all together; keys without a posting that is known are left out.

    `later` subtracts postings not known yet from the current balances, which for recent instants are few.
    """
    column = null() if group_by is None else _COLUMNS[group_by]
    parts = _parts(cast(column, Text), filtered, later=later)
    key = parts.c.key
    balances = (
        func.coalesce(func.sum(parts.c.amount).filter(parts.c.stage == stage.value), 0).label(stage.value)
        for stage in Stage
    )
    if group_by is None:
        return select(null().label("key"), *balances)
    is_whole = func.grouping(key) == 1
    grouped = select(key, *balances).group_by(func.grouping_sets(tuple_(key), tuple_()))
    return grouped.having(is_whole | (func.sum(parts.c.number) > 0)).order_by(is_whole.desc(), key)


@cache
def _counting(filtered: tuple[str, ...], *, later: bool) -> AnySelect:
    """The accounts of authority with a posting that is known: whatever moves was approved first."""
    sums = _sums(filtered, later=later)
    counted = select(
        func.count(distinct(Account.agency_code)).label("agencies"), func.count().label("rows")
    ).join_from(Account, sums, sums.c.account_id == Account.id, isouter=later)
    counted = counted.where(Account.stage == Stage.AUTHORITY.value, *(_CONDITIONS[name] for name in filtered))
    return counted.where(Account.posting_count > func.coalesce(sums.c.number, 0)) if later else counted


_SPAN = select(func.min(Decision.recorded_at).label("first"), func.max(Decision.recorded_at).label("last"))


async def _is_in_later_half(connection: AsyncConnection, query: BalanceQuery) -> bool:
    """True if the query lies in the later half of the ledger: an estimate that only affects speed."""
    span = (await connection.execute(_SPAN)).one()
    if span.first is None:
        return True
    middle = span.first + (span.last - span.first) / 2
    return bool(query.known_at >= middle and query.as_of >= local_date(middle))


def _given(query: BalanceQuery, viewer: Viewer) -> dict[str, Any]:
    """The parameters of a query, as the viewer sees it."""
    given = {name: value for name, value in asdict(query).items() if value is not None}
    given |= viewer_value(viewer)
    if not viewer.defence_security:
        given["without_field"] = Field.DEFENCE_SECURITY
    return given


def _filtered(given: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in given if name in _CONDITIONS)


async def read_balances(
    connection: AsyncConnection, query: BalanceQuery, viewer: Viewer, group_by: Dimension | None = None
) -> tuple[Group, list[Group]]:
    """The figures of all that the viewer sees, and of every group with money, in order of key; the postings are read once for both."""
    given = _given(query, viewer)
    statement = _statement(group_by, _filtered(given), later=await _is_in_later_half(connection, query))
    whole, *groups = [
        Group(row.key or "", figures({stage: int(getattr(row, stage.value)) for stage in Stage}))
        for row in await connection.execute(statement, given)
    ]
    return whole, groups


async def count_money(connection: AsyncConnection, query: BalanceQuery, viewer: Viewer) -> Counts:
    """Of how many agencies and dimensions the figures of the whole are made."""
    given = _given(query, viewer)
    statement = _counting(_filtered(given), later=await _is_in_later_half(connection, query))
    row = (await connection.execute(statement, given)).one()
    return Counts(row.agencies, row.rows)
