"""The ledger: its dimensions, the stages between which decisions move money, and the figures that follow from balances."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MAX_LINES = 10_000  # of one decision
MAX_AMOUNT = 10**15  # đồng per line: a million tỉ, a third of what the whole state spends in a year
MAX_TOTAL = 9 * 10**18  # đồng per decision: what a bigint can hold


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
    """Where money stands. `AUTHORITY` is what approvals draw on: it alone goes below zero."""

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


@dataclass(frozen=True, slots=True)
class Figures:
    """Reported figures of any set of accounts. Both sums hold by construction; what was recovered is not disbursed."""

    approved: int
    unallocated: int
    allocated: int
    remaining: int
    disbursed: int
    settled: int
    carried_over: int
    cancelled: int


def figures(balances: Mapping[Stage, int]) -> Figures:
    """What balances say: approved = unallocated + allocated; allocated = disbursed + remaining + carried over + cancelled.

    `disbursed` is all that was paid out, whether settled or not.
    """
    settled = balances.get(Stage.SETTLED, 0)
    approved = -balances.get(Stage.AUTHORITY, 0)
    unallocated = balances.get(Stage.UNALLOCATED, 0)
    return Figures(
        approved=approved,
        unallocated=unallocated,
        allocated=approved - unallocated,
        remaining=balances.get(Stage.REMAINING, 0),
        disbursed=balances.get(Stage.DISBURSED, 0) + settled,
        settled=settled,
        carried_over=balances.get(Stage.CARRIED_OVER, 0),
        cancelled=balances.get(Stage.CANCELLED, 0),
    )
