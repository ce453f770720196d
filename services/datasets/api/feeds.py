"""Statistics, contradictions, and the feed of changes for other systems."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response

from services.datasets.api.answers import contradiction_answer
from services.datasets.api.common import (
    DEFAULT_PAGE,
    CodeInQuery,
    CurrentRules,
    Limit,
    PageCursor,
    Reader,
    SettledMoment,
)
from services.datasets.domain.statistics import grouped, measured
from services.datasets.queries.contradictions import list_contradictions as read_contradictions
from services.datasets.queries.statistics import load_standings
from services.datasets.schemas.reading import ContradictionPage, Statistics, StatisticsGroup
from shared.app import Reading, Snapshot, service_router
from shared.events.datasets import ContradictionKind
from shared.feeds import ChangePage, read_changes
from shared.pagination import cut_page, decode_cursor, encode_cursor, link_next

router = service_router("datasets")


@router.get("/statistics", tags=["statistics"])
async def get_statistics(
    _: Reader,
    moment: SettledMoment,  # before the snapshot, which must be taken after it
    connection: Snapshot,
    rules: CurrentRules,
    group_by: Literal["kind", "owner"] | None = None,
) -> Statistics:
    """Figures with the codes behind them. Ask again with the answer's `known_at` for the same answer."""
    standings = await load_standings(connection, moment, rules.watch.downtime)
    groups = grouped(standings, group_by) if group_by else []
    return Statistics(
        as_of=moment.as_of,
        known_at=moment.known_at,
        group_by=group_by,
        whole=StatisticsGroup.model_validate(measured("", standings)),
        groups=[StatisticsGroup.model_validate(group) for group in groups],
    )


@router.get("/contradictions", tags=["contradictions"])
async def list_contradictions(
    request: Request,
    response: Response,
    moment: SettledMoment,
    connection: Snapshot,
    _: Reader,
    is_open: Annotated[
        bool | None,
        Query(alias="open", description="true: those that hold then; false: those that had ended"),
    ] = None,
    database: CodeInQuery = None,
    owner: CodeInQuery = None,
    kind: ContradictionKind | None = None,
    limit: Limit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> ContradictionPage:
    """Where what is declared and what is seen do not agree, newest first."""
    keys = decode_cursor(cursor, datetime, UUID) if cursor else None
    wanted = {"database": database, "owner": owner, "kind": kind}
    rows = await read_contradictions(
        connection, moment, wanted, is_open=is_open, after=(keys[0], keys[1]) if keys else None, limit=limit
    )
    page, last = cut_page(rows, limit)
    next_cursor = encode_cursor(last.opened_at.isoformat(), last.id) if last else None
    link_next(request, response, next_cursor)
    items = [contradiction_answer(row, moment) for row in page]
    return ContradictionPage(
        as_of=moment.as_of, known_at=moment.known_at, items=items, next_cursor=next_cursor
    )


@router.get("/changes", tags=["changes"])
async def list_changes(
    request: Request,
    response: Response,
    connection: Reading,
    _: Reader,
    after: Annotated[
        str | None, Query(max_length=5000, description="next_cursor of the last page; none to start")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ChangePage:
    """Every change of this service as CloudEvents, in order. Keep `next_cursor` and ask again: nothing is missed."""
    return await read_changes(request, response, connection, after, limit)
