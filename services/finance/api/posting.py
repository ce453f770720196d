"""Group commit of decisions: those of concurrent requests are posted by one statement, each with a verdict of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from sqlalchemy import text

from services.finance.use_cases import ledger
from shared.errors import Refusal
from shared.http.idempotency import Claim, claim_all, remember_all
from shared.http.routes import CurrentContext
from shared.runtime.clock import Clock
from shared.runtime.database import Change, Database
from shared.runtime.group_commit import GroupCommit

MOST_GROUPED = 50  # decisions of one transaction
MOST_LINES = 200  # of a decision that is grouped: so a group has no more lines than the largest decision
_LOCK_TIMEOUT = text(
    "SET LOCAL lock_timeout = '250ms'"
)  # of a group: what waits longer holds the others back


@dataclass(frozen=True, slots=True)
class Order:
    """A decision to be posted for a request: its key, and its answer once the ledger has taken it."""

    entry: ledger.Entry
    answer: Callable[[ledger.Posted], Response]
    claim: Claim | None = None


class Posting:
    """Posts decisions; a refusal, an unexpected error and a long wait concern the decision that meets them alone."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._group = GroupCommit(self._post_group, MOST_GROUPED)

    async def submit(self, order: Order) -> Response:
        """The answer, or the stored one of the same request; committed. Raises Refusal: `ledger.post` says which."""
        outcome = None
        if len(order.entry.lines) <= MOST_LINES:
            outcome = await self._group.submit(order)
        if outcome is None:
            async with self._database.change(self._clock) as change:
                [outcome] = await _post(change, [order])
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def _post_group(self, orders: Sequence[Order]) -> list[Response | Refusal | None]:
        """Outcomes; None for each that is to be posted by itself: all, where an error came or a lock was long in coming."""
        first = {
            order.claim or order.entry.id: order for order in reversed(orders)
        }  # a key twice: one by itself
        grouped = [order for order in orders if first[order.claim or order.entry.id] is order]
        try:
            async with self._database.change(self._clock) as change:
                await change.session.execute(_LOCK_TIMEOUT)
                outcomes = await _post(change, grouped)
        except Exception:  # noqa: BLE001 - whoever meets it again by himself raises it
            return [None] * len(orders)
        found = {order.entry.id: outcome for order, outcome in zip(grouped, outcomes, strict=True)}
        return [found.get(order.entry.id) for order in orders]


async def _post(change: Change, orders: Sequence[Order]) -> list[Response | Refusal]:
    """The outcome of each, in order; those whose keys are known are not posted. No key is there twice."""
    session, at = change
    known = await claim_all(session, [order.claim for order in orders if order.claim], at=at)
    outcomes = {
        order.entry.id: known[order.claim] for order in orders if order.claim and order.claim in known
    }
    new = [order for order in orders if order.entry.id not in outcomes]
    verdicts = await ledger.post_each(session, [order.entry for order in new], at=at)
    for order, verdict in zip(new, verdicts, strict=True):
        outcomes[order.entry.id] = verdict if isinstance(verdict, Refusal) else order.answer(verdict)
    settled = {order.claim: outcomes[order.entry.id] for order in new if order.claim}
    await remember_all(session, settled, at=at)
    return [outcomes[order.entry.id] for order in orders]


async def current_posting(request: Request, context: CurrentContext) -> Posting:
    state = request.app.state
    if not hasattr(state, "posting"):
        state.posting = Posting(context.database, context.clock)
    posting = state.posting
    assert isinstance(posting, Posting)  # noqa: S101 - app.state is untyped
    return posting


CurrentPosting = Annotated[Posting, Depends(current_posting)]
