"""Events of the finance service: the state of a decision, claim or budget after a change. Money is integer đồng.

Every event carries the whole state of its aggregate, so that a reader needs no other event to understand it. One is
excepted: a decision may have 10,000 lines, more than a message can carry. Its events carry its header and totals, and
each budget that it moves has an event with its whole state; the lines are read at GET /finance/v1/decisions/{id}.
"""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.events.envelope import EventData, catalogue

Level = Literal["central", "province", "commune"]
Nature = Literal["capital", "recurrent"]
FieldOfSpending = Literal["science_innovation", "digital_transformation", "defence_security"]
DecisionKind = Literal["approve", "allocate", "disburse", "settle", "carry_over", "cancel", "adjust"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class DecisionTotal(_Part):
    """The amounts that a decision moves in one year, level and nature; negative where an adjustment takes away."""

    year: int
    level: Level
    nature: Nature
    amount: int


class ReversalState(_Part):
    """The decision that takes another back: since when, why, and when that was recorded."""

    id: UUID
    reason: str
    effective_on: date
    recorded_at: datetime


class _Decision(_Part):
    id: UUID
    version: int
    number: str
    issued_on: date
    effective_on: date
    recorded_at: datetime
    lines: int
    amount: int
    totals: tuple[DecisionTotal, ...]
    reversal: ReversalState | None = None


class DecisionState(_Decision):
    """A decision's header and totals; its lines stand at GET /finance/v1/decisions/{id}."""

    kind: DecisionKind


class RecoveryState(_Decision):
    """The same of a decision that takes back what was disbursed."""

    kind: Literal["recover"]


class DecisionEvent(EventData):
    decision: DecisionState

    def subject(self) -> str:
        return str(self.decision.id)


class DecisionPosted(DecisionEvent):
    event_type: ClassVar[str] = "vn.dondoc.finance.decision.posted.v1"


class DecisionReversed(DecisionEvent):
    event_type: ClassVar[str] = "vn.dondoc.finance.decision.reversed.v1"


class RecoveryEvent(EventData):
    decision: RecoveryState

    def subject(self) -> str:
        return str(self.decision.id)


class RecoveryPosted(RecoveryEvent):
    event_type: ClassVar[str] = "vn.dondoc.finance.recovery.posted.v1"


class RecoveryReversed(RecoveryEvent):
    event_type: ClassVar[str] = "vn.dondoc.finance.recovery.reversed.v1"


class ClaimState(_Part):
    """The amount that an agency says it needs: a statement, not money. `version` counts the statements of one key."""

    id: UUID
    version: int
    stage: Literal["registered", "proposed"]
    year: int
    level: Level
    agency_code: str
    nature: Nature
    field: FieldOfSpending
    amount: int
    stated_on: date
    recorded_at: datetime


class ClaimStated(EventData):
    event_type: ClassVar[str] = "vn.dondoc.finance.claim.stated.v1"

    claim: ClaimState

    def subject(self) -> str:
        claim = self.claim
        return f"{claim.stage}:{claim.year}:{claim.level}:{claim.agency_code}:{claim.nature}:{claim.field}"


class BudgetState(_Part):
    """One agency's money of one year and level.

    approved = unallocated + allocated; allocated = disbursed + remaining + carried_over + cancelled. `disbursed` is
    all that was paid out; `settled` is how much of it has been settled. Money of the fields excluded counts nowhere in it.
    """

    id: str = Field(
        description="a UUID. Events of before it was one say year:level:agency_code, e.g. 2026:central:G12: the same "
        "budget has the version 5 UUID (namespace URL) of urn:dondoc:finance:budget:2026:central:G12"
    )
    version: int
    year: int
    level: Level
    agency_code: str
    approved: int
    allocated: int
    unallocated: int
    disbursed: int
    settled: int
    remaining: int
    carried_over: int
    cancelled: int
    first_allocated_on: date | None = None
    last_disbursed_on: date | None = None
    fields_excluded: tuple[FieldOfSpending, ...] = Field(
        default=(), description="defence_security; empty in events of before it was left out"
    )

    @field_validator("id")
    @classmethod
    def _is_a_uuid(cls, value: str) -> str:
        return str(uuid5(NAMESPACE_URL, f"urn:dondoc:finance:budget:{value}")) if ":" in value else value


class BudgetChanged(EventData):
    event_type: ClassVar[str] = "vn.dondoc.finance.budget.changed.v1"

    budget: BudgetState

    def subject(self) -> str:
        return self.budget.id


EVENTS = catalogue(
    DecisionPosted, DecisionReversed, RecoveryPosted, RecoveryReversed, ClaimStated, BudgetChanged
)
