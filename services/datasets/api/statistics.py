"""Route of figures of databases."""

from typing import Literal

from services.datasets.api.dependencies import (
    CurrentRules,
    Reader,
    Stable,
)
from services.datasets.domain.statistics import figures_of, grouped
from services.datasets.queries.statistics import load_database_facts
from services.datasets.schemas.statistics import Statistics, StatisticsGroup
from shared.http.routes import service_router

router = service_router("datasets")


@router.get("/statistics", tags=["statistics"])
async def get_statistics(
    _: Reader,
    stable: Stable,
    rules: CurrentRules,
    group_by: Literal["kind", "owner"] | None = None,
) -> Statistics:
    """Số liệu cơ sở dữ liệu kèm mã đứng sau từng số. / Figures of databases, each with the codes counted.

    Hỏi lại với `known_at` của câu trả lời thì luôn nhận cùng số liệu.

    The answer's `known_at` gives the same figures again.
    """
    databases = await load_database_facts(stable.connection, stable.asked, rules.watch.downtime)
    groups = grouped(databases, group_by) if group_by else []
    return Statistics(
        as_of=stable.asked.as_of,
        known_at=stable.asked.known_at,
        group_by=group_by,
        whole=StatisticsGroup.model_validate(figures_of("", databases)),
        groups=[StatisticsGroup.model_validate(group) for group in groups],
    )
