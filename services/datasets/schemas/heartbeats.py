"""Heartbeats of a database."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from services.datasets.domain.heartbeats import NewHeartbeat
from services.datasets.use_cases.heartbeats import Counted, SentHeartbeat
from shared.errors import Forbidden, Refusal
from shared.http.answers import Answer, RowProblem, example
from shared.http.requests import Code, Line, RequestModel
from shared.http.scalars import Instant, Integer

MOST_HEARTBEATS = 1_000  # of one request: one transaction
LARGEST_COUNT = 10**15  # records: more than any database of a country holds


_EXAMPLE = {
    "observed_at": "2026-03-10T08:00:00+07:00",
    "record_count": 104235678,
    "last_sync_at": "2026-03-10T07:55:00+07:00",
    "run_id": "2026-03-10T08:00",
}


class HeartbeatIn(RequestModel):
    model_config = example(**_EXAMPLE)

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


class HeartbeatOfDatabase(HeartbeatIn):
    model_config = example(**_EXAMPLE, database_code="DB")

    database_code: Code

    def sent(self, tenant: str | None) -> SentHeartbeat:
        return SentHeartbeat(
            self.database_code, NewHeartbeat(**self.model_dump(exclude={"database_code"})), tenant
        )


class HeartbeatsIn(RequestModel):
    model_config = example(heartbeats=[{"database_code": "DB", **_EXAMPLE}])

    heartbeats: Annotated[list[HeartbeatOfDatabase], Field(min_length=1, max_length=MOST_HEARTBEATS)]


class HeartbeatOutcome(Answer):
    """`repeated`: it was sent before, with the same content. `problem`: of one that was refused."""

    database_code: str
    run_id: str
    outcome: Literal["counted", "repeated", "refused"]
    problem: RowProblem | None


class HeartbeatsOut(Answer):
    counted: int
    repeated: int
    refused: int
    heartbeats: list[HeartbeatOutcome] = Field(description="in the order of the request")


def heartbeats_answer(sent: Sequence[SentHeartbeat], outcomes: Sequence[Counted | Refusal]) -> HeartbeatsOut:
    """Raises Forbidden where all are for databases of others."""
    foreign = [outcome for outcome in outcomes if isinstance(outcome, Forbidden)]
    if len(foreign) == len(sent):
        raise foreign[0]
    rows = [_outcome(each, outcome) for each, outcome in zip(sent, outcomes, strict=True)]
    counts = Counter(row.outcome for row in rows)
    return HeartbeatsOut(
        counted=counts["counted"], repeated=counts["repeated"], refused=counts["refused"], heartbeats=rows
    )


def _outcome(sent: SentHeartbeat, outcome: Counted | Refusal) -> HeartbeatOutcome:
    problem, word = None, "counted" if outcome is True else "repeated"
    if isinstance(outcome, Refusal):
        word = "refused"
        problem = RowProblem(
            field=outcome.field or "database_code", code=outcome.code, detail=outcome.vi, detail_en=outcome.en
        )
    return HeartbeatOutcome(database_code=sent.code, run_id=sent.new.run_id, outcome=word, problem=problem)
