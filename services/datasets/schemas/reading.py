"""History, intervals, figures, contradictions."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from shared.events.datasets import ContradictionKind, ObservedState
from shared.http.answers import Answer


class HistoryEntry(Answer):
    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


class DatabaseHistory(Answer):
    """Every change, oldest first; a heartbeat stands here by what it changed."""

    items: list[HistoryEntry]
    next_cursor: str | None


class IntervalOut(Answer):
    state: ObservedState
    start: Annotated[datetime, Field(serialization_alias="from")]
    until: datetime


class Intervals(Answer):
    """Observed states that cover the window asked for exactly; what is still to come is unknown."""

    database_code: str
    start: Annotated[datetime, Field(serialization_alias="from")]
    until: Annotated[datetime, Field(serialization_alias="to")]
    known_at: datetime
    items: list[IntervalOut]


class Measure(Answer):
    """A figure and what stands behind it."""

    count: int
    codes: list[str]


class StatisticsGroup(Answer):
    """`key` is a kind, or an owner's code; empty for the whole. `undeclared` stands for what was never declared."""

    key: str
    total: Measure
    without_platform: Annotated[
        Measure, Field(description="declared phase below operating, or none declared")
    ]
    failing_criteria: Annotated[
        Measure, Field(description="operating, and the latest result of at least one criterion failed")
    ]
    incomplete_or_unconnected: Annotated[
        Measure, Field(description="not operating, or neither connected nor synchronised")
    ]
    connected: Annotated[Measure, Field(description="declared connected or synchronised")]
    planned: Annotated[Measure, Field(description="declared planned, building or operating")]
    by_phase: Mapping[str, Measure]
    by_ndc_connection: Mapping[str, Measure]
    by_observed: Mapping[ObservedState, Measure]


class Statistics(Answer):
    """Figures as of a day by what was recorded up to an instant: the same question has the same answer for ever."""

    as_of: date
    known_at: datetime
    group_by: Literal["kind", "owner"] | None
    whole: StatisticsGroup
    groups: list[StatisticsGroup]


class ContradictionOut(Answer):
    id: UUID
    database_code: str
    owner_code: str
    kind: ContradictionKind
    opened_at: datetime
    closed_at: datetime | None
    recorded_at: datetime
    words_vi: str
    words_en: str


class ContradictionPage(Answer):
    as_of: date
    known_at: datetime
    items: list[ContradictionOut]
    next_cursor: str | None
