"""The ledger: its dimensions, the stages between which decisions move money, and its limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MAX_LINES = 10_000  # of one decision
MAX_AMOUNT = 10**15  # đồng per line: a million tỉ, a third of what the whole state spends in a year
MAX_TOTAL = 9 * 10**18  # đồng per decision: within a bigint


class Kind(StrEnum):
    APPROVE = "approve"
    ALLOCATE = "allocate"
    DISBURSE = "disburse"
    RECOVER = "recover"
    SETTLE = "settle"
    CARRY_OVER = "carry_over"
    CANCEL = "cancel"
    ADJUST = "adjust"


class Stage(StrEnum):
    """A stage of money. Approvals draw on `AUTHORITY`, which alone goes below zero."""

    AUTHORITY = "authority"
    UNALLOCATED = "unallocated"
    REMAINING = "remaining"
    DISBURSED = "disbursed"
    SETTLED = "settled"
    CARRIED_OVER = "carried_over"
    CANCELLED = "cancelled"


class Level(StrEnum):
    CENTRAL = "central"
    PROVINCE = "province"
    COMMUNE = "commune"


class Nature(StrEnum):
    CAPITAL = "capital"
    RECURRENT = "recurrent"


class Field(StrEnum):
    SCIENCE_INNOVATION = "science_innovation"
    DIGITAL_TRANSFORMATION = "digital_transformation"
    DEFENCE_SECURITY = "defence_security"


MOVES: Mapping[Kind, tuple[Stage, Stage]] = {
    Kind.APPROVE: (Stage.AUTHORITY, Stage.UNALLOCATED),
    Kind.ADJUST: (Stage.AUTHORITY, Stage.UNALLOCATED),
    Kind.ALLOCATE: (Stage.UNALLOCATED, Stage.REMAINING),
    Kind.DISBURSE: (Stage.REMAINING, Stage.DISBURSED),
    Kind.RECOVER: (Stage.DISBURSED, Stage.REMAINING),
    Kind.SETTLE: (Stage.DISBURSED, Stage.SETTLED),
    Kind.CARRY_OVER: (Stage.REMAINING, Stage.CARRIED_OVER),
    Kind.CANCEL: (Stage.REMAINING, Stage.CANCELLED),
}


@dataclass(frozen=True, slots=True)
class Line:
    """Money of one year, level, agency, nature, field and source that a decision moves; in đồng."""

    year: int
    level: Level
    agency_code: str
    nature: Nature
    field: Field
    source: str
    amount: int

    def negated(self) -> "Line":
        return Line(
            self.year, self.level, self.agency_code, self.nature, self.field, self.source, -self.amount
        )
