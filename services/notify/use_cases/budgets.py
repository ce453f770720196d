"""Following what the finance service tells: budgets, and the examinations that are planned for them."""

from datetime import datetime

from sqlalchemy import tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.budgets import Money, holds, plan
from services.notify.domain.signals import BUDGET_KINDS, SignalRules, SubjectKind
from services.notify.tables import Budget, Signal
from services.notify.use_cases.picture import newer
from services.notify.use_cases.signal_deliveries import cancel_untrue
from services.notify.use_cases.signals import add_signals, end_signals, planned_row
from shared.events.finance import BudgetState
from shared.runtime.audit import SYSTEM, add_audit
from shared.runtime.clock import local_date

_RECORD_BUDGET = newer(Budget)
_COLUMNS = set(Budget.__table__.columns.keys())


async def follow_budget(
    session: AsyncSession,
    budget: BudgetState,
    *,
    told_at: datetime,
    now: datetime,
    hour: int,
    rules: SignalRules,
) -> None:
    """Take a budget into the picture and bring the examinations ahead of it, and its undelivered alerts, in line with it.

    One that is due already is left: it is judged by the picture when it is raised.
    """
    written = await session.execute(_RECORD_BUDGET, budget.model_dump(include=_COLUMNS))
    if written.one_or_none() is None:
        return
    money, today = money_of(budget), local_date(now)
    untrue = [kind for kind in BUDGET_KINDS if not holds(kind, money, rules, today)]
    await cancel_untrue(session, SubjectKind.BUDGET, budget.id, untrue, now)
    planned = plan(money, rules, now, hour, told_at=told_at)
    wanted = [(signal.kind, signal.occasion) for signal in planned]
    ended = (Signal.due_at > now) & tuple_(Signal.kind, Signal.occasion).not_in(wanted)
    cancelled = await end_signals(session, SubjectKind.BUDGET, budget.id, ended, now)
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
