"""Following what the finance service tells: budgets, and the examinations that are planned for them."""

from datetime import datetime

from sqlalchemy import tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.budgets import Money, plan
from services.notify.domain.signals import SignalRules, SubjectKind
from services.notify.tables import Budget, Signal
from services.notify.use_cases.picture import newer
from services.notify.use_cases.signals import add_signals, cancel_signals, planned_row
from shared.audit import SYSTEM, add_audit
from shared.events.finance import BudgetState

_RECORD_BUDGET = newer(Budget)


async def follow_budget(
    session: AsyncSession,
    budget: BudgetState,
    *,
    told_at: datetime,
    now: datetime,
    hour: int,
    rules: SignalRules,
) -> None:
    """Take a budget into the picture and bring the examinations ahead of it in line with it.

    One that is due already is left: it is judged by the picture when it is raised.
    """
    written = await session.execute(_RECORD_BUDGET, budget.model_dump())
    if written.one_or_none() is None:
        return
    planned = plan(money_of(budget), rules, now, hour, told_at=told_at)
    wanted = [(signal.kind, signal.occasion) for signal in planned]
    ended = (Signal.due_at > now) & tuple_(Signal.kind, Signal.occasion).not_in(wanted)
    cancelled = await cancel_signals(session, SubjectKind.BUDGET, budget.id, ended, now)
    rows = [planned_row(signal, budget.id, budget.agency_code, now) for signal in planned]
    added = await add_signals(session, rows)
    if added or cancelled:
        detail = {"version": budget.version, "planned": added, "cancelled": cancelled}
        await add_audit(session, SYSTEM, "signals.changed", "budget", budget.id, at=now, **detail)


def money_of(budget: BudgetState | Budget) -> Money:
    """What the rules look at."""
    return Money(
        year=budget.year,
        unallocated=budget.unallocated,
        disbursed=budget.disbursed,
        remaining=budget.remaining,
        first_allocated_on=budget.first_allocated_on,
    )
