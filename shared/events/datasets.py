"""Events of the datasets service: the state of a database after a change, and the change.

A heartbeat is no event, only a change of state that it causes. Every event carries the whole state of its database.
"""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.envelope import EventData, catalogue

Kind = Literal["national", "sector", "platform", "system"]
Phase = Literal["none", "planned", "building", "operating"]
Connection = Literal["none", "testing", "connected", "synchronised"]
ObservedState = Literal["unknown", "up", "late", "down", "maintenance"]
Criterion = Literal["accurate", "complete", "clean", "live", "consistent", "shared"]
ContradictionKind = Literal[
    "joined_but_silent",
    "none_but_sending",
    "synchronised_but_stale",
    "count_fell_to_zero",
    "complete_but_empty",
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class OpenContradiction(_Part):
    id: UUID
    kind: ContradictionKind
    since: datetime


class DatabaseState(_Part):
    """`phase` and `ndc_connection` are null while nothing was declared; `observed` is what its heartbeats show.

    `heard_until` is until when the newest heartbeat vouches that it lives, also one that alone does not end a time down.
    """

    code: str
    version: int
    name: str
    kind: Kind
    owner_code: str
    phase: Phase | None = None
    ndc_connection: Connection | None = None
    observed: ObservedState
    observed_since: datetime
    last_heartbeat_at: datetime | None = None
    heard_until: datetime | None = None
    last_sync_at: datetime | None = None
    record_count: int | None = None
    contradictions: tuple[OpenContradiction, ...] = ()


class EvidenceState(_Part):
    kind: str
    reference: str
    title: str


class DatabaseEvent(EventData):
    database: DatabaseState

    def subject(self) -> str:
        return self.database.code


class DatabaseRegistered(DatabaseEvent):
    event_type: ClassVar[str] = "vn.dondoc.datasets.database.registered.v1"

    legal_basis: str | None = None
    period_seconds: int | None = None
    grace_seconds: int | None = None


class DatabaseAmended(DatabaseEvent):
    """An amendment of what is agreed, from an instant on, with the period that is in force now."""

    event_type: ClassVar[str] = "vn.dondoc.datasets.database.amended.v1"

    changed: tuple[str, ...] = Field(description="of name, owner_code, heartbeat")
    holds_from: datetime
    period_seconds: int | None = None
    grace_seconds: int | None = None
    said_by: str


class DatabaseDeclared(DatabaseEvent):
    event_type: ClassVar[str] = "vn.dondoc.datasets.database.declared.v1"

    phase: Phase | None = Field(default=None, description="as declared; null where it was not spoken of")
    ndc_connection: Connection | None = None
    effective_on: date
    evidence: tuple[EvidenceState, ...] = ()
    said_by: str


class DatabaseAssessed(DatabaseEvent):
    event_type: ClassVar[str] = "vn.dondoc.datasets.database.assessed.v1"

    criterion: Criterion
    measured: str = Field(description="a decimal number")
    denominator: str | None = None
    threshold: str
    passed: bool
    as_of: date
    method: str


class DatabaseObserved(DatabaseEvent):
    """`at` is when it became true, whenever it was noticed."""

    event_type: ClassVar[str] = "vn.dondoc.datasets.database.observed.v1"

    before: ObservedState
    after: ObservedState
    at: datetime


class DatabaseHeard(DatabaseEvent):
    """A heartbeat of one that counts as down: another in time, and it is up."""

    event_type: ClassVar[str] = "vn.dondoc.datasets.database.heard.v1"


class DatabaseMaintained(DatabaseEvent):
    event_type: ClassVar[str] = "vn.dondoc.datasets.database.maintained.v1"

    starts_at: datetime
    ends_at: datetime
    reason: str


class DatabaseContradicted(DatabaseEvent):
    """A contradiction opened: `opened_at` is when it became true."""

    event_type: ClassVar[str] = "vn.dondoc.datasets.database.contradicted.v1"

    contradiction_id: UUID
    kind: ContradictionKind
    opened_at: datetime
    words_vi: str
    words_en: str


class DatabaseReconciled(DatabaseEvent):
    """A contradiction ended, at `closed_at`."""

    event_type: ClassVar[str] = "vn.dondoc.datasets.database.reconciled.v1"

    contradiction_id: UUID
    kind: ContradictionKind
    opened_at: datetime
    closed_at: datetime
    words_vi: str
    words_en: str


EVENTS = catalogue(
    DatabaseRegistered,
    DatabaseAmended,
    DatabaseDeclared,
    DatabaseAssessed,
    DatabaseObserved,
    DatabaseHeard,
    DatabaseMaintained,
    DatabaseContradicted,
    DatabaseReconciled,
)
