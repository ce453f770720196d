"""Route of figures of databases."""

from dataclasses import asdict
from typing import Literal

from fastapi import Response
from pydantic_core import to_json

from services.datasets.api.dependencies import (
    CurrentRules,
    Reader,
    Stable,
)
from services.datasets.domain.statistics import figures_of, grouped
from services.datasets.queries.statistics import load_database_facts
from services.datasets.schemas.statistics import Statistics
from shared.http.routes import service_router

router = service_router("datasets")


@router.get("/statistics", tags=["statistics"], response_model=Statistics)
async def get_statistics(
    _: Reader,
    stable: Stable,
    rules: CurrentRules,
    group_by: Literal["kind", "owner"] | None = None,
) -> Response:
    """Số liệu cơ sở dữ liệu kèm mã đứng sau từng số. / Figures of databases, each with the codes counted.

    Hỏi lại với `known_at` của câu trả lời thì luôn nhận cùng số liệu.

    The answer's `known_at` gives the same figures again.
    """
    asked = stable.asked
    databases = await load_database_facts(stable.connection, asked, rules.watch.downtime)
    answer = {
        **asdict(asked),
        "group_by": group_by,
        "whole": figures_of("", databases),
        "groups": grouped(databases, group_by) if group_by else [],
    }
    # not validated: the codes of a database stand in a dozen members
    return Response(to_json(answer), media_type="application/json")
