"""Decisions and their lines."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from services.finance.domain.ledger import Field, Level, Line, Nature
from services.finance.queries.visibility import defence_refused, seen_by, viewer_value
from services.finance.tables import Account, Decision, Posting
from shared.errors import NotFound
from shared.keys.viewers import Viewer
from shared.runtime.database import AnyRow, AnySelect

_reversal = aliased(Decision)
_COLUMNS = [
    column for column in Decision.__table__.columns if column.name not in {"normal_form", "similar_form"}
]
_BY_LINES = {"line_count", "amount", "reason"}  # what depends on the lines that the viewer sees


def _decisions(viewer: Viewer) -> AnySelect:
    """Decisions as the viewer sees them, also those of which it sees no line; `in_part`: it sees some only.

    Of one that it sees in part `line_count` and `amount` are of what it sees, and `reason`, about the whole, is null.
    """
    columns: list[Any] = [column for column in _COLUMNS if column.name not in _BY_LINES]
    columns.append(_reversal.id.label("reversed_by_id"))
    if not (conditions := seen_by(viewer, Account)):
        columns += [Decision.line_count, Decision.amount, Decision.reason, false().label("in_part")]
        return select(*columns).outerjoin_from(Decision, _reversal, _reversal.reverses_id == Decision.id)
    seen = _lines_seen(conditions)
    in_part = seen.c.line_count < Decision.line_count
    reason = case((~in_part, Decision.reason)).label("reason")
    columns += [seen.c.line_count, seen.c.amount, reason, in_part.label("in_part")]
    part = select(*columns).join_from(Decision, seen, true())
    return part.outerjoin(_reversal, _reversal.reverses_id == Decision.id)


def _lines_seen(conditions: Sequence[ColumnElement[bool]]) -> Any:
    """Number and sum of the lines of a decision that meet the conditions."""
    return (
        select(
            func.count().label("line_count"),
            cast(func.coalesce(func.sum(Posting.amount), 0), BigInteger).label("amount"),
        )
        .join(Account, Account.id == Posting.account_id)
        .where(Posting.decision_id == Decision.id, Posting.position % 2 == 0, *conditions)
        .correlate(Decision)
        .lateral("seen")
    )


def _visible(viewer: Viewer) -> list[ColumnElement[bool]]:
    """The condition on decisions of which an unbound viewer sees a line: most have one, so that looking into each ends early."""
    if not (conditions := seen_by(viewer, Account)):
        return []
    lines = select(Posting.decision_id).join(Account, Account.id == Posting.account_id).where(*conditions)
    return [lines.where(Posting.decision_id == Decision.id).correlate(Decision).exists()]


def _page_by_accounts(
    viewer: Viewer, filters: Mapping[str, Any], after: tuple[datetime, UUID] | None, limit: int
) -> AnySelect:
    """Ids of a page of decisions of which a bound viewer sees a line.

    By keys, whatever the planner expects: its accounts, their postings, which have the instant of their decision, and
    of each decision the values that are filtered.
    """
    accounts = select(Account.id).where(*seen_by(viewer, Account)).scalar_subquery()
    postings = select(Posting.recorded_at, Posting.decision_id).distinct()
    postings = postings.where(Posting.account_id == any_(func.array(accounts, type_=ARRAY(Integer))))
    if after is not None:
        postings = postings.where(tuple_(Posting.recorded_at, Posting.decision_id) > after)
    found = postings.subquery("found").c
    page = select(found.decision_id).order_by(found.recorded_at, found.decision_id).limit(limit + 1)
    for name, value in filters.items():
        given = select(getattr(Decision, name)).where(Decision.id == found.decision_id).scalar_subquery()
        page = page.where(given == value)
    return page


_LINES = (
    select(
        func.row_number().over(order_by=Posting.position).label("line"),
        Account.year,
        Account.level,
        Account.agency_code,
        Account.nature,
        Account.field,
        Account.source,
        Posting.amount,
    )
    .join(Account, Account.id == Posting.account_id)
    .where(Posting.decision_id == bindparam("id"), Posting.position % 2 == 0)
    .order_by(Posting.position)
)


async def require_decision(connection: AsyncConnection, decision_id: UUID, viewer: Viewer) -> AnyRow:
    """The decision as the viewer sees it, with `reversed_by_id`.

    Raises NotFound decision_unknown; Forbidden where the viewer sees none of its lines.
    """
    asked = {"id": decision_id, **viewer_value(viewer)}
    statement = _decisions(viewer).where(Decision.id == bindparam("id"))
    found = (await connection.execute(statement, asked)).one_or_none()
    if found is None:
        raise NotFound(
            "decision_unknown",
            f"Không có quyết định {decision_id} trong sổ: kiểm tra mã.",
            f"There is no decision {decision_id} in the ledger: check the id.",
        )
    if not found.line_count:
        raise viewer.refusal() if viewer.is_bound else defence_refused()
    return found


async def list_decisions(
    connection: AsyncConnection,
    filters: Mapping[str, Any],
    viewer: Viewer,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Decisions of which the viewer sees a line, by the instant they were recorded; at most `limit + 1`."""
    given = {name: value for name, value in filters.items() if value is not None}
    statement = _decisions(viewer).order_by(Decision.recorded_at, Decision.id).limit(limit + 1)
    if viewer.is_bound:
        statement = statement.where(Decision.id.in_(_page_by_accounts(viewer, given, after, limit)))
        return (await connection.execute(statement, viewer_value(viewer))).all()
    statement = statement.where(
        *_visible(viewer), *(getattr(Decision, name) == given[name] for name in given)
    )
    if after is not None:
        statement = statement.where(tuple_(Decision.recorded_at, Decision.id) > after)
    return (await connection.execute(statement)).all()


async def list_lines(
    connection: AsyncConnection, decision_id: UUID, viewer: Viewer, *, after: int, limit: int
) -> Sequence[AnyRow]:
    """A decision's lines that the viewer sees, in the order in which they were posted; at most `limit + 1`.

    They are numbered from 1, so that no number tells of lines that are not seen; `after` is such a number.
    """
    statement = _LINES.where(*seen_by(viewer, Account)).offset(max(after, 0)).limit(limit + 1)
    return (await connection.execute(statement, {"id": decision_id, **viewer_value(viewer)})).all()


async def all_lines(connection: AsyncConnection, decision_id: UUID) -> list[Line]:
    rows = await connection.execute(_LINES, {"id": decision_id})
    return [
        Line(
            row.year,
            Level(row.level),
            row.agency_code,
            Nature(row.nature),
            Field(row.field),
            row.source,
            row.amount,
        )
        for row in rows
    ]
