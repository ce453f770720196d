"""The reported figures that follow from the balances of accounts."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.finance.domain.ledger import Stage


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
    """Figures from balances: approved = unallocated + allocated; allocated = disbursed + remaining + carried over + cancelled.

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
