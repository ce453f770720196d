"""Heartbeats of a database."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.http.answers import Answer, example
from shared.http.requests import Code, Line, RequestModel
from shared.http.scalars import Instant, Integer

LARGEST_COUNT = 10**15  # records: more than any database of a country holds


class HeartbeatIn(RequestModel):
    model_config = example(
        observed_at="2026-03-10T08:00:00+07:00",
        record_count=104235678,
        last_sync_at="2026-03-10T07:55:00+07:00",
        run_id="2026-03-10T08:00",
    )

    observed_at: Instant
    record_count: Annotated[Integer, Field(ge=0, le=LARGEST_COUNT)]
    last_sync_at: Instant | None = Field(
        description="last synchronisation with the NDC; null for none so far"
    )
    run_id: Annotated[Code, Field(description="identifies this heartbeat; a repetition counts once")]
    note: Line | None = None


class HeartbeatOut(Answer):
    """`counted` is false for a repetition."""

    database_code: str
    run_id: str
    observed_at: datetime
    counted: bool
