"""Balances as of a day, by what was recorded up to an instant."""

from typing import Annotated

from fastapi import Query

from services.finance.api.dependencies import CodeParameter, Filters, Reader, Stable, covered, require_seen
from services.finance.queries.balances import BalanceQuery, Dimension, read_balances
from services.finance.schemas.balances import BalanceOut, Balances, FiguresOut
from services.finance.schemas.fields import Seen, YearText
from shared.http.routes import service_router

router = service_router("finance")


@router.get("/balances", tags=["figures"])
async def get_balances(
    caller: Reader,
    stable: Stable,
    filters: Filters,
    year: Annotated[YearText | None, Query(description="budget year; all by default")] = None,
    source: CodeParameter = None,
    group_by: Dimension | None = None,
) -> Balances:
    """Số dư từng giai đoạn tại một ngày. / Balances of every stage as of a day.

    Theo điều đã biết: toàn bộ và, nếu hỏi, từng nhóm.

    By what was recorded up to `known_at`: the total and, with `group_by`, each group.
    A bound key gets those of its agency and of those below it.
    """
    viewer = caller.viewer
    await require_seen(stable.connection, viewer, filters.agency, filters.field)
    query = BalanceQuery(
        stable.asked.as_of, stable.asked.known_at, year=year, source=source, **filters.given()
    )
    whole, groups = await read_balances(stable.connection, query, viewer, group_by)
    return Balances(
        as_of=query.as_of,
        known_at=query.known_at,
        group_by=group_by,
        coverage=Seen(**covered(viewer)),
        total=FiguresOut.model_validate(whole.figures),
        items=[BalanceOut.of(group.key, group.figures) for group in groups],
    )
