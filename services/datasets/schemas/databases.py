"""Requests and responses of registered databases."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from services.datasets.domain.databases import CODE_RULE_EN, CODE_RULE_VI, is_code
from services.datasets.domain.observation import LONGEST_SECONDS, SHORTEST_PERIOD_SECONDS
from services.datasets.schemas.contradictions import ContradictionSummary
from services.datasets.schemas.declarations import DeclaredFact
from services.datasets.schemas.quality import QualityOut
from shared.errors import InvalidInput
from shared.events.datasets import Connection, Criterion, Kind, ObservedState, Phase
from shared.http.answers import Answer, example
from shared.http.requests import ChangeModel, Code, Line, RequestModel
from shared.http.scalars import Instant, Integer


def _addressable(code: str) -> str:
    if not is_code(code):
        raise InvalidInput("code_invalid", CODE_RULE_VI, CODE_RULE_EN, field="code")
    return code


class HeartbeatExpectation(RequestModel):
    """The database is late after period + grace without a heartbeat, and down after three periods.

    If period + grace already reaches three periods, it is down one period after it was late.
    """

    period_seconds: Annotated[Integer, Field(ge=SHORTEST_PERIOD_SECONDS, le=LONGEST_SECONDS)]
    grace_seconds: Annotated[Integer, Field(ge=0, le=LONGEST_SECONDS)]


class DatabaseIn(RequestModel):
    model_config = example(
        code="CSDLQG-DC",
        name="Cơ sở dữ liệu quốc gia về dân cư",
        kind="national",
        owner_code="G01",
        legal_basis="Luật Căn cước 2023",
        heartbeat={"period_seconds": 3600, "grace_seconds": 600},
    )

    code: Annotated[Code, AfterValidator(_addressable)]
    name: Line
    kind: Kind
    owner_code: Code
    legal_basis: Line | None = None
    heartbeat: HeartbeatExpectation | None = Field(
        default=None, description="without it the state is unknown, also with heartbeats"
    )


class DatabaseChange(ChangeModel):
    """The members of the body are changed from `holds_from` on; the time before is judged by the values agreed then."""

    model_config = example(
        owner_code="G02",
        heartbeat={"period_seconds": 86400, "grace_seconds": 7200},
        holds_from="2026-03-10T00:00:00+07:00",
    )
    nullable = frozenset({"heartbeat"})
    beside = frozenset({"holds_from"})

    name: Line | None = None
    owner_code: Code | None = None
    heartbeat: HeartbeatExpectation | None = Field(
        default=None, description="null: no heartbeats are agreed from then on, the state is unknown"
    )
    holds_from: Instant | None = Field(default=None, description="now by default; it may not lie ahead")


class Registration(Answer):
    code: str
    name: str
    kind: Kind
    owner_code: str
    legal_basis: str | None
    heartbeat: HeartbeatExpectation | None
    registered_by: str
    recorded_at: datetime


class ObservedFact(Answer):
    """The observed state; counts and instants are those of the last heartbeat."""

    state: ObservedState
    since: datetime
    last_heartbeat_at: datetime | None
    last_sync_at: datetime | None
    record_count: int | None


class DatabaseOut(Registration):
    """Four facts side by side; none is worked out from another. Null where nothing was declared or measured."""

    as_of: date
    known_at: datetime
    phase: DeclaredFact | None
    ndc_connection: DeclaredFact | None
    observed: ObservedFact
    quality: dict[Criterion, QualityOut | None]
    contradictions: list[ContradictionSummary]


class DatabaseRow(Answer):
    """A database by its latest recorded state."""

    code: str
    name: str
    kind: Kind
    owner_code: str
    legal_basis: str | None
    phase: Phase | None
    ndc_connection: Connection | None
    observed: ObservedState
    observed_since: datetime
    last_heartbeat_at: datetime | None
    last_sync_at: datetime | None
    record_count: int | None
    contradictions: int
    version: int


class DatabasePage(Answer):
    items: list[DatabaseRow]
    next_cursor: str | None
