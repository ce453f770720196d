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
from shared.agencies import within
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
    "viewer": Account.agency_code.in_(within(Agency)),
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
    """The figures of a key, and of how many agencies and dimensions (`rows`) they are made."""

    key: str
    figures: Figures
    agencies: int
    rows: int


def _sums(filtered: tuple[str, ...], *, later: bool) -> Subquery:
    """Per account id, the sum and number of postings known by then, or with `later` of the others."""
    known = and_(Posting.effective_on <= bindparam("as_of"), Posting.recorded_at <= bindparam("known_at"))
    unknown = or_(Posting.effective_on > bindparam("as_of"), Posting.recorded_at > bindparam("known_at"))
    sums = (
        select(
            Posting.account_id,
            func.sum(Posting.amount).label(
                "amount"
            ),  # numeric: of one day it may be more than a bigint holds
            func.count().label("number"),
        )
        .where(unknown if later else known)
        .group_by(Posting.account_id)
    )
    if filtered:
        accounts = select(Account.id).where(*(_CONDITIONS[name] for name in filtered))
        sums = sums.where(Posting.account_id.in_(accounts))
    return sums.subquery("sums")


@cache
def _statement(group_by: Dimension | None, filtered: tuple[str, ...], *, later: bool) -> AnySelect:
    """The balances by key, and all together.

    `later` subtracts postings not known yet from the current balances, which for recent instants are few. Agencies and
    dimensions are counted by accounts of authority: whatever moves was approved first.
    """
    sums = _sums(filtered, later=later)
    balance = Account.balance - func.coalesce(sums.c.amount, 0) if later else sums.c.amount
    authority = Account.stage == Stage.AUTHORITY.value
    figures_of = [
        *(
            func.coalesce(func.sum(balance).filter(Account.stage == stage.value), 0).label(stage.value)
            for stage in Stage
        ),
        func.count(distinct(Account.agency_code)).filter(authority).label("agencies"),
        func.count().filter(authority).label("rows"),
    ]
    key = null() if group_by is None else cast(_COLUMNS[group_by], Text)
    whole = select(key.label("key"), *figures_of).join_from(
        Account, sums, sums.c.account_id == Account.id, isouter=later
    )
    if later:
        conditions = (_CONDITIONS[name] for name in filtered)
        whole = whole.where(Account.posting_count > func.coalesce(sums.c.number, 0), *conditions)
    if group_by is None:
        return whole
    column = _COLUMNS[group_by]
    return whole.group_by(func.grouping_sets(tuple_(column), tuple_())).order_by(column.nulls_first())


_SPAN = select(func.min(Decision.recorded_at).label("first"), func.max(Decision.recorded_at).label("last"))


async def _is_in_later_half(connection: AsyncConnection, query: BalanceQuery) -> bool:
    """True if the query lies in the later half of the ledger: an estimate that only affects speed."""
    span = (await connection.execute(_SPAN)).one()
    if span.first is None:
        return True
    middle = span.first + (span.last - span.first) / 2
    return bool(query.known_at >= middle and query.as_of >= local_date(middle))


async def read_balances(
    connection: AsyncConnection, query: BalanceQuery, viewer: Viewer, group_by: Dimension | None = None
) -> tuple[Group, list[Group]]:
    """The figures of all that the viewer sees, and of every group with money, in order of key; the postings are read once for both."""
    given = {name: value for name, value in asdict(query).items() if value is not None}
    given |= viewer_value(viewer)
    if not viewer.defence_security:
        given["without_field"] = Field.DEFENCE_SECURITY
    filtered = tuple(name for name in given if name in _CONDITIONS)
    statement = _statement(group_by, filtered, later=await _is_in_later_half(connection, query))
    rows = await connection.execute(statement, given)
    whole, *groups = [
        Group(
            row.key or "",
            figures({stage: int(getattr(row, stage.value)) for stage in Stage}),
            row.agencies,
            row.rows,
        )
        for row in rows
    ]
    return whole, groups
