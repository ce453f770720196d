"""The ledger against a naive model that keeps a list of what was posted and adds it up."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock, patch
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from sqlalchemy import text

from services.finance.domain.balances import Figures, figures
from services.finance.domain.ledger import MOVES, Field, Kind, Level, Line, Nature, Stage
from services.finance.queries import balances
from services.finance.queries.balances import BalanceQuery, read_balances
from services.finance.use_cases.decisions import post_decision, reverse_decision
from shared.errors import Conflict
from shared.keys.viewers import EVERYTHING
from shared.runtime.clock import ManualClock, local_instant
from shared.runtime.database import Database
from tests.conftest import Reused
from tests.finance.world import ACTOR, header, record_agencies
from tests.support.reused import emptied
from tests.support.writing import writing

FIRST = date(2025, 1, 1)
LAST = FIRST + timedelta(days=9)  # few days and few amounts, so that steps meet
LINES = st.lists(
    st.builds(
        Line,
        year=st.just(2025),
        level=st.just(Level.CENTRAL),
        agency_code=st.sampled_from(["G06", "G12"]),
        nature=st.just(Nature.CAPITAL),
        field=st.sampled_from([Field.DIGITAL_TRANSFORMATION, Field.DEFENCE_SECURITY]),
        source=st.just(""),
        amount=st.integers(1, 9),
    ),
    min_size=1,
    max_size=4,
)
Account = tuple[str, Field, Stage]


def moves(kind: Kind, lines: list[Line]) -> list[tuple[Account, int]]:
    giver, taker = MOVES[kind]
    return [
        move
        for item in lines
        for move in (
            ((item.agency_code, item.field, giver), -item.amount),
            ((item.agency_code, item.field, taker), item.amount),
        )
    ]


@dataclass
class Posted:
    kind: Kind
    lines: list[Line]
    effective_on: date
    recorded_at: datetime
    id: UUID


@dataclass
class Model:
    """Everything that was posted, in order; every answer is worked out anew."""

    posted: list[Posted] = field(default_factory=list)

    def balances(self, as_of: date, known_at: datetime) -> Counter[Account]:
        total: Counter[Account] = Counter()
        for decision in self.posted:
            if decision.effective_on <= as_of and decision.recorded_at <= known_at:
                for account, amount in moves(decision.kind, decision.lines):
                    total[account] += amount
        return total

    def holds(self, kind: Kind, lines: list[Line], effective_on: date) -> bool:
        """True if no account but the authority would be below zero on any day."""
        everything = self.posted[-1].recorded_at if self.posted else local_instant(FIRST)
        for day in (FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)):
            total = self.balances(day, everything)
            if effective_on <= day:
                for account, amount in moves(kind, lines):
                    total[account] += amount
            if any(amount < 0 for (_, _, stage), amount in total.items() if stage is not Stage.AUTHORITY):
                return False
        return True

    def figures(self, as_of: date, known_at: datetime) -> Figures:
        by_stage: Counter[Stage] = Counter()
        for (_, _, stage), amount in self.balances(as_of, known_at).items():
            by_stage[stage] += amount
        return figures(by_stage)


Run = Callable[[Coroutine[Any, Any, Any]], Any]


class Ledger(RuleBasedStateMachine):
    """`run` and `database` are set by the test: every example starts on an emptied database."""

    database: Database
    run: Run
    decisions = Bundle("decisions")

    @initialize()
    def start(self) -> None:
        self.run(self._empty())
        self.clock = ManualClock(local_instant(LAST, 8))
        self.model = Model()
        self.number = 0

    async def _empty(self) -> None:
        async with emptied(self.database.url):
            pass
        await record_agencies(self.database)

    def _days(self, offset: int) -> date:
        return FIRST + timedelta(days=offset)

    @rule(
        target=decisions,
        kind=st.sampled_from(sorted(Kind)),
        lines=LINES,
        offset=st.integers(0, 9),
        sign=st.sampled_from([1, -1]),
    )
    def post(self, kind: Kind, lines: list[Line], offset: int, sign: int) -> Any:
        if kind is Kind.ADJUST and sign < 0:
            lines = [item.negated() for item in lines]
        self.number += 1
        self.clock.advance(seconds=1)
        day = self._days(offset)
        head = header(kind.value, str(self.number), day)

        async def act() -> UUID:
            async with writing(self.database) as session:
                return await post_decision(session, head, lines, actor=ACTOR, at=self.clock.now())

        return self._agree(kind, lines, day, act())

    @rule(target=decisions, original=consumes(decisions), offset=st.integers(0, 9))
    def reverse(self, original: Posted, offset: int) -> Any:
        self.clock.advance(seconds=1)
        day = max(self._days(offset), original.effective_on)

        async def act() -> UUID:
            async with writing(self.database) as session:
                return await reverse_decision(
                    session, original.id, reason="sai", effective_on=day, actor=ACTOR, at=self.clock.now()
                )

        negated = [item.negated() for item in original.lines]
        self._agree(original.kind, negated, day, act(), undo=True)
        if self.refused:
            return original
        self._refuse_again(original, day)
        return multiple()

    def _refuse_again(self, original: Posted, day: date) -> None:
        for decision_id, code in (
            (original.id, "decision_reversed"),
            (self.model.posted[-1].id, "reversal_of_reversal"),
        ):
            with pytest.raises(Conflict) as refusal:
                self.run(self._reverse_whole(decision_id, day))
            assert refusal.value.code == code

    async def _reverse_whole(self, decision_id: UUID, day: date) -> None:
        async with writing(self.database) as session:
            await reverse_decision(
                session, decision_id, reason="sai", effective_on=day, actor=ACTOR, at=self.clock.now()
            )

    def _agree(
        self, kind: Kind, lines: list[Line], day: date, act: Coroutine[Any, Any, UUID], *, undo: bool = False
    ) -> Any:
        """The ledger takes what the model says holds, and refuses the rest."""
        self.refused = not self.model.holds(kind, lines, day)
        if self.refused:
            with pytest.raises(Conflict) as refusal:
                self.run(act)
            assert refusal.value.code == "insufficient"
            return multiple()
        decision_id = self.run(act)
        posted = Posted(kind, lines, day, self.clock.now(), decision_id)
        self.model.posted.append(posted)
        return multiple() if undo else posted

    @rule(offset=st.integers(-1, 10), back=st.integers(0, 30))
    def ask(self, offset: int, back: int) -> None:
        """Any pair of `as_of` and `known_at`."""
        as_of, known_at = self._days(offset), self.clock.now() - timedelta(seconds=back)
        assert self._figures(as_of, known_at) == self.model.figures(as_of, known_at)
        forwards, backwards = (self.run(self._read(as_of, known_at, later=later)) for later in (False, True))
        assert forwards == backwards

    async def _read(self, as_of: date, known_at: datetime, *, later: bool) -> Any:
        """The same answer, whether what is known is added up or what is not known taken away."""
        with patch.object(balances, "_is_in_later_half", AsyncMock(return_value=later)):
            async with self.database.reading() as connection:
                return await read_balances(connection, BalanceQuery(as_of, known_at), EVERYTHING, "field")

    @invariant()
    def adds_up(self) -> None:
        now = self.clock.now()
        found = self._figures(LAST, now)
        assert found == self.model.figures(LAST, now)
        assert found.approved == found.unallocated + found.allocated
        assert found.allocated == found.disbursed + found.remaining + found.carried_over + found.cancelled
        assert self.run(self._stored()) == []

    def _figures(self, as_of: date, known_at: datetime) -> Figures:
        async def read() -> Figures:
            async with self.database.reading() as connection:
                whole, _ = await read_balances(connection, BalanceQuery(as_of, known_at), EVERYTHING)
                return whole.figures

        found: Figures = self.run(read())
        return found

    async def _stored(self) -> list[Any]:
        """Accounts, budgets and decisions that do not say what their postings add up to."""
        async with self.database.reading() as connection:
            return list((await connection.execute(text(_DISCREPANCIES))).all())


_DISCREPANCIES = """
SELECT 'account', id::text FROM accounts
WHERE balance <> (SELECT coalesce(sum(amount), 0) FROM postings WHERE account_id = accounts.id)
   OR latest_effective_on < (SELECT max(effective_on) FROM postings WHERE account_id = accounts.id)
   OR (balance < 0 AND stage <> 'authority')
UNION ALL
SELECT 'decision', decision_id::text FROM postings GROUP BY decision_id HAVING sum(amount) <> 0
UNION ALL
SELECT 'budget', agency_code FROM budgets
WHERE ROW (authority, unallocated, remaining, disbursed, settled, carried_over, cancelled) IS DISTINCT FROM (
    SELECT ROW (
        coalesce(sum(balance) FILTER (WHERE stage = 'authority')::bigint, 0),
        coalesce(sum(balance) FILTER (WHERE stage = 'unallocated')::bigint, 0),
        coalesce(sum(balance) FILTER (WHERE stage = 'remaining')::bigint, 0),
        coalesce(sum(balance) FILTER (WHERE stage = 'disbursed')::bigint, 0),
        coalesce(sum(balance) FILTER (WHERE stage = 'settled')::bigint, 0),
        coalesce(sum(balance) FILTER (WHERE stage = 'carried_over')::bigint, 0),
        coalesce(sum(balance) FILTER (WHERE stage = 'cancelled')::bigint, 0))
    FROM accounts
    WHERE (accounts.year, accounts.level, accounts.agency_code) = (budgets.year, budgets.level, budgets.agency_code)
      AND accounts.field <> 'defence_security')
UNION ALL
SELECT 'days', agency_code FROM budgets
WHERE ROW (first_allocated_on, last_disbursed_on) IS DISTINCT FROM (
    SELECT ROW (
        min(posting.effective_on) FILTER (WHERE decision.kind = 'allocate'),
        max(posting.effective_on) FILTER (WHERE decision.kind = 'disburse'))
    FROM postings AS posting
    JOIN decisions AS decision ON decision.id = posting.decision_id AND decision.reverses_id IS NULL
    JOIN accounts AS account ON account.id = posting.account_id AND account.agency_code = budgets.agency_code
     AND account.field <> 'defence_security'
    WHERE NOT EXISTS (SELECT FROM decisions AS undo WHERE undo.reverses_id = decision.id))
"""


@pytest.fixture
def ledger(reused: Reused) -> Iterator[None]:
    """A loop and connections for all examples of the machine, which is no coroutine."""
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()
    Ledger.run = staticmethod(loop.run_until_complete)  # type: ignore[assignment]  # set for this test only
    url = loop.run_until_complete(reused("finance"))
    Ledger.database = loop.run_until_complete(stack.enter_async_context(emptied(url, "dondoc-finance")))
    yield
    loop.run_until_complete(stack.aclose())
    loop.close()


@pytest.mark.usefixtures("ledger")
def test_the_ledger_agrees_with_a_list_that_is_added_up() -> None:
    """The rules and invariants of `Ledger` assert it, after every step."""
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415 - beside its only use

    chosen = settings(
        max_examples=30,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Ledger, settings=chosen)  # type: ignore[no-untyped-call]  # hypothesis ships it so
