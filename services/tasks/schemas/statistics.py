"""Figures of tasks."""

from datetime import date, datetime
from typing import Literal

from services.tasks.domain.status import Status
from shared.http.answers import Answer


class StatisticsGroup(Answer):
    key: str
    total: int
    by_status: dict[Status, int]


class Statistics(Answer):
    """Figures as of a day by records up to an instant: the same `as_of` and `known_at` always give the same figures.

    `total` counts each unit once; a task led by two agencies counts under both of their keys.
    """

    as_of: date
    known_at: datetime
    count: Literal["task", "assignment"]
    group_by: str | None
    total: int
    by_status: dict[Status, int]
    groups: list[StatisticsGroup]
