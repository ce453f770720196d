"""Statistics of databases."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.events.datasets import ObservedState
from shared.http.answers import Answer


class Measure(Answer):
    """A count, and the codes of the databases counted."""

    count: int
    codes: list[str]


class StatisticsGroup(Answer):
    """`key` is a kind, or an owner's code; empty for the whole. `undeclared` counts databases without a declaration."""

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
    """Figures as of a day by records up to an instant: the same `as_of` and `known_at` always give the same figures."""

    as_of: date
    known_at: datetime
    group_by: Literal["kind", "owner"] | None
    whole: StatisticsGroup
    groups: list[StatisticsGroup]
