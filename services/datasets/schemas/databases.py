"""Requests and responses of registered databases."""

from datetime import date, datetime
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field

from services.datasets.domain.databases import CODE_RULE_EN, CODE_RULE_VI, is_code
from services.datasets.domain.observation import LONGEST_SECONDS, SHORTEST_PERIOD_SECONDS
from services.datasets.schemas.contradictions import ContradictionSummary
from services.datasets.schemas.declarations import DeclaredFact
from services.datasets.schemas.public_form import ACTOR, IN_FULL
from services.datasets.schemas.quality import QualityOut
from shared.errors import InvalidInput
from shared.events.datasets import Connection, Criterion, Kind, ObservedState, Phase
from shared.http.answers import Answer, example
from shared.http.requests import ChangeModel, Code, Line, RequestModel
from shared.http.scalars import Instant, Integer
from shared.keys.viewers import Viewer


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


Form = Annotated[
    Literal["full", "public"],
    Field(description="public: neither the key's agency nor one below it owns the database"),
]


class Registration(Answer):
    code: str
    name: str
    kind: Kind
    owner_code: str
    legal_basis: str | None
    heartbeat: HeartbeatExpectation | None = IN_FULL
    registered_by: str | None = ACTOR
    recorded_at: datetime


class ObservedFact(Answer):
    """The observed state; counts and instants are those of the last heartbeat."""

    state: ObservedState
    since: datetime
    last_heartbeat_at: datetime | None
    last_sync_at: datetime | None
    record_count: int | None = Field(description="null where unknown, and in the public form")


class DatabaseOut(Registration):
    """Four facts side by side; none is worked out from another. Null where nothing was declared or measured.

    The public form holds what is declared, measured and observed, without evidence, method, counts of records and authors.
    """

    form: Form
    as_of: date
    known_at: datetime
    phase: DeclaredFact | None
    ndc_connection: DeclaredFact | None
    observed: ObservedFact
    quality: dict[Criterion, QualityOut | None]
    contradictions: list[ContradictionSummary]


def public_form(answer: DatabaseOut) -> DatabaseOut:
    """Without what is for its owner and those above it."""
    unsaid = {"said_by": None, "evidence": None}
    return answer.model_copy(
        update={
            "form": "public",
            "heartbeat": None,
            "registered_by": None,
            "phase": answer.phase and answer.phase.model_copy(update=unsaid),
            "ndc_connection": answer.ndc_connection and answer.ndc_connection.model_copy(update=unsaid),
            "observed": answer.observed.model_copy(update={"record_count": None}),
            "quality": {
                word: result and result.model_copy(update=unsaid | {"method": None})
                for word, result in answer.quality.items()
            },
        }
    )


_Said = TypeVar("_Said", DeclaredFact, QualityOut)


def with_actors(answer: DatabaseOut, viewer: Viewer) -> DatabaseOut:
    """With the names of those keys only that the viewer may know."""

    def redacted(fact: _Said | None) -> _Said | None:
        return fact and fact.model_copy(update={"said_by": viewer.actor(fact.said_by or "")})

    return answer.model_copy(
        update={
            "registered_by": viewer.actor(answer.registered_by or ""),
            "phase": redacted(answer.phase),
            "ndc_connection": redacted(answer.ndc_connection),
            "quality": {word: redacted(result) for word, result in answer.quality.items()},
        }
    )


class DatabaseRow(Answer):
    """A database by its latest recorded state."""

    form: Form
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
    record_count: int | None = Field(description="null where unknown, and in the public form")
    contradictions: int
    version: int | None = IN_FULL


class DatabasePage(Answer):
    items: list[DatabaseRow]
    next_cursor: str | None
