"""Observed states over a window of time."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.events.datasets import ObservedState
from shared.http.answers import Answer


class IntervalOut(Answer):
    state: ObservedState
    start: Annotated[datetime, Field(serialization_alias="from")]
    until: datetime


class Intervals(Answer):
    """Observed states that cover the requested window exactly; time after `known_at` is unknown."""

    database_code: str
    start: Annotated[datetime, Field(serialization_alias="from")]
    until: Annotated[datetime, Field(serialization_alias="to")]
    known_at: datetime
    items: list[IntervalOut]
