"""Raising the signals that came due, in the manner of timers: each once, in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import inspect, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain import budgets
from services.notify.domain.signals import (
    ENDED,
    PASSED,
    RAISED,
    SignalKind,
    SignalRules,
    SignalStatus,
    SubjectKind,
)
from services.notify.tables import Agency, Budget, Database, Signal
from services.notify.use_cases.budgets import money_of
from services.notify.use_cases.judging import Due, Judged, Moment, Picture, judge_budget, tell_database
from services.notify.use_cases.publishing import Raised, publish
from services.notify.use_cases.signals import add_signals, planned_row
from shared.events.notify import BudgetAlerted, DatabaseAlerted

BATCH = 200  # databases, and budgets, per transaction


@dataclass(frozen=True, slots=True)
class Settled:
    """What a round came to; `count` counts families, whether raised or no longer true."""

    raised: Sequence[Raised]
    count: int


async def raise_due(
    session: AsyncSession, *, now: datetime, hour: int, rules: SignalRules, public_url: str
) -> Settled:
    """Raise the newest due signal of each family; at most a batch.

    The picture's rows are locked first, all their due signals read after: so none is raised twice, none is raised for
    what has just ended, and a family is never split between two workers.
    """
    moment = Moment(now, hour, rules, public_url.rstrip("/"))
    of_databases = await _claim(session, Database, SubjectKind.DATABASE, now)
    of_budgets = await _claim_budgets(session, moment)
    judged = [tell_database(due, moment) for due in _families(of_databases)]
    judged += [judge_budget(due, moment) for due in _families(of_budgets)]
    if not judged:
        return Settled((), 0)
    await _settle(session, judged, now)
    await _plan_next(session, judged, of_budgets, moment)
    raised = [_raised(item.newest, item.alert) for item in judged if item.alert is not None]
    if raised:
        await publish(session, raised, now=now)
    return Settled(raised, len(judged))


# --- claiming -------------------------------------------------------------------------------------------------------


async def _claim(
    session: AsyncSession, table: type[Picture], subject_kind: SubjectKind, now: datetime
) -> list[Due[Picture]]:
    key = inspect(table).primary_key[0]
    subjects = await session.scalars(
        select(key)
        .join(Signal, (Signal.subject == key) & (Signal.subject_kind == subject_kind))
        .where(Signal.status == SignalStatus.PENDING, Signal.due_at <= now)
        .order_by(Signal.due_at)
        .limit(BATCH)
        .with_for_update(of=table, skip_locked=True, key_share=True)
    )
    return await _read_due(session, table, subject_kind, set(subjects), now)


async def _read_due(
    session: AsyncSession,
    table: type[Picture],
    subject_kind: SubjectKind,
    subjects: set[str],
    now: datetime,
) -> list[Due[Picture]]:
    if not subjects:
        return []
    found = await session.execute(
        select(Signal, table, Agency.name)
        .join(table, inspect(table).primary_key[0] == Signal.subject)
        .outerjoin(Agency, Agency.code == Signal.agency_code)
        .where(
            Signal.subject_kind == subject_kind,
            Signal.subject.in_(subjects),
            Signal.status == SignalStatus.PENDING,
            Signal.due_at <= now,
        )
    )
    return [Due(signal, picture, name or signal.agency_code) for signal, picture, name in found]


async def _claim_budgets(session: AsyncSession, moment: Moment) -> list[Due[Budget]]:
    """With the monthly examinations that came due while nobody looked, and were not planned yet."""
    due = await _claim(session, Budget, SubjectKind.BUDGET, moment.now)
    passed = [
        planned_row(planned, signal.subject, signal.agency_code, moment.now)
        for signal, money in ((item.signal, money_of(item.picture)) for item in due)
        if signal.kind == SignalKind.BEHIND
        for planned in budgets.months_passed(money, signal.occasion, moment.now, moment.hour)
    ]
    if not await add_signals(session, passed):
        return due
    subjects = {item.signal.subject for item in due}
    return await _read_due(session, Budget, SubjectKind.BUDGET, subjects, moment.now)


def _families(due: Iterable[Due[Picture]]) -> list[list[Due[Picture]]]:
    """In order of subject; in each the oldest first."""
    found: dict[tuple[str, str], list[Due[Picture]]] = {}
    for item in sorted(due, key=lambda item: (item.group, item.place)):
        found.setdefault(item.group, []).append(item)
    return list(found.values())


# --- settling -------------------------------------------------------------------------------------------------------


async def _settle(session: AsyncSession, judged: Sequence[Judged], now: datetime) -> None:
    """Write what became of each signal."""
    rows = []
    for item in judged:
        standing = RAISED if item.alert is not None else ENDED
        rows.append((item.newest, standing, item.facts))
        rows += [(signal, PASSED, signal.facts) for signal in item.older]
    await session.execute(
        update(Signal),
        [
            {
                "id": signal.id,
                "status": standing.status,
                "reason": standing.reason,
                "changed_at": now,
                "facts": facts,
            }
            for signal, standing, facts in rows
        ],
    )


async def _plan_next(
    session: AsyncSession, judged: Sequence[Judged], due: Sequence[Due[Budget]], moment: Moment
) -> None:
    """The following month's examination of each budget whose month was examined."""
    money = {item.signal.subject: money_of(item.picture) for item in due}
    months = [item.newest for item in judged if item.newest.kind == SignalKind.BEHIND]
    planned = [
        (signal, budgets.next_month(money[signal.subject], moment.now, moment.hour)) for signal in months
    ]
    rows = [
        planned_row(following, signal.subject, signal.agency_code, moment.now)
        for signal, following in planned
        if following is not None
    ]
    await add_signals(session, rows)


def _raised(signal: Signal, alert: DatabaseAlerted | BudgetAlerted) -> Raised:
    audited = {"signal": str(signal.id), signal.subject_kind: signal.subject}
    return Raised(alert, signal.due_at, {"signal_id": signal.id}, audited)
