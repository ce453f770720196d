"""The examinations of a budget: the days on which they come due, and their findings. Money is integer đồng.

A budget runs from 1 January of its year to 31 January after it, when the year's payments are closed. Each examination
comes due at the alert hour of its day in Asia/Ho_Chi_Minh.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from services.notify.domain.reminders import PLANNED, STALE, STALE_AFTER, ReminderState, is_stale
from shared.runtime.clock import local_date, local_instant

KIND: Final = "budget"


class BudgetKind(StrEnum):
    BEHIND = "budget.behind"
    IDLE = "budget.idle"
    UNALLOCATED = "budget.unallocated"


@dataclass(frozen=True, slots=True)
class BudgetRules:
    """The operator's settings.

    Attributes:
        behind_share: share of what is to be spent (disbursed, and what can still be) by which disbursement may lie
            behind the even-spending line.
        idle_months: after the first allocation, by when something is to be disbursed.
        unallocated_after: month and day after which all is to be allocated.
    """

    behind_share: Fraction = Fraction(1, 5)
    idle_months: int = 3
    unallocated_after: tuple[int, int] = (6, 30)


@dataclass(frozen=True, slots=True)
class Examination:
    """A check of a budget that comes due on a day; `dedup_key` is unique among those of its budget and kind."""

    kind: BudgetKind
    dedup_key: str
    due_at: datetime
    state: ReminderState = PLANNED


@dataclass(frozen=True, slots=True)
class Money:
    """One agency's money of one year and level, as the finance service last reported it.

    `remaining` is what can still be disbursed: allocated, and neither disbursed, carried over nor cancelled.
    """

    year: int
    unallocated: int
    disbursed: int
    remaining: int
    first_allocated_on: date | None

    @property
    def to_spend(self) -> int:
        """The base of the even-spending line: without money carried over or cancelled."""
        return self.disbursed + self.remaining


def closing_day(year: int) -> date:
    return date(year + 1, 1, 31)


def expected(money: Money, day: date) -> int:
    """The even-spending line at the start of a day: `to_spend` by elapsed days of the year; whole đồng."""
    return int(_even_spending(money, day))


def _even_spending(money: Money, day: date) -> Fraction:
    first, end = date(money.year, 1, 1), date(money.year + 1, 1, 1)
    elapsed = (min(max(day, first), end) - first).days
    return Fraction(money.to_spend * elapsed, (end - first).days)


def allocated_by(money: Money, rules: BudgetRules) -> date:
    """The last day on which money may still be unallocated."""
    return date(money.year, *rules.unallocated_after)


def tenths_of_percent(part: int, whole: int) -> int | None:
    """A share in tenths of a percent, halves up; None where `whole` is 0."""
    return (2000 * part + whole) // (2 * whole) if whole else None


def holds(kind: BudgetKind, money: Money, rules: BudgetRules, day: date) -> bool:
    """True if the finding of an examination holds on a day. Findings about spending need something left to disburse."""
    if day > closing_day(money.year):
        return False
    if kind is BudgetKind.BEHIND:
        lag = _even_spending(money, day) - money.disbursed
        return money.remaining > 0 and lag > rules.behind_share * money.to_spend
    if kind is BudgetKind.IDLE:
        due = _idle_on(money, rules)
        return due is not None and day >= due
    return money.unallocated > 0 and day > allocated_by(money, rules)


def plan(
    money: Money,
    rules: BudgetRules,
    now: datetime,
    hour: int,
    *,
    recorded_at: datetime,
    stale_after: timedelta = STALE_AFTER,
) -> tuple[Examination, ...]:
    """The examinations that follow from a budget's figures, consumed at `now`.

    One whose day is long past comes due at the next alert hour if the figures were recorded (`recorded_at`) no longer
    ago than `stale_after`: money approved in August is unallocated too. In a log read anew it is obsolete.
    """
    if local_date(now) > closing_day(money.year):
        return ()
    is_recent = not is_stale(recorded_at, now, stale_after)
    planned = [
        _in_time(examination, now, hour, is_recent=is_recent)
        if is_stale(examination.due_at, now, stale_after)
        else examination
        for examination in _single(money, rules, hour)
    ]
    following = next_month(money, now - timedelta.resolution, hour)  # one due at `now` is not past
    return tuple([*planned, following] if following is not None else planned)


def next_month(money: Money, after: datetime, hour: int) -> Examination | None:
    """The first monthly examination that comes due after an instant; None after the year's last."""
    return next(_months(money, after, hour), None)


def months_passed(money: Money, month: str, now: datetime, hour: int) -> list[Examination]:
    """The monthly examinations after `month` (2026-07) which came due up to `now` without being planned."""
    after = local_instant(date.fromisoformat(f"{month}-01"), hour)
    return [planned for planned in _months(money, after, hour) if planned.due_at <= now]


def _months(money: Money, after: datetime, hour: int) -> Iterator[Examination]:
    """The monthly examinations after an instant: on the first day of February to December and of the January after."""
    if money.remaining <= 0:
        return
    for month in range(2, 14):
        day = date(money.year + month // 13, (month - 1) % 12 + 1, 1)
        due_at = local_instant(day, hour)
        if due_at > after:
            yield Examination(BudgetKind.BEHIND, f"{day:%Y-%m}", due_at)


def _single(money: Money, rules: BudgetRules, hour: int) -> Iterator[Examination]:
    idle_on = _idle_on(money, rules)
    if idle_on is not None and idle_on <= closing_day(money.year):
        yield Examination(BudgetKind.IDLE, str(money.first_allocated_on), local_instant(idle_on, hour))
    if money.unallocated > 0:
        last = allocated_by(money, rules)
        due_at = local_instant(last + timedelta(days=1), hour)
        yield Examination(BudgetKind.UNALLOCATED, str(last), due_at)


def _in_time(examination: Examination, now: datetime, hour: int, *, is_recent: bool) -> Examination:
    """An examination that is stale: due at the next alert hour if it is recent, else obsolete."""
    if not is_recent:
        return replace(examination, state=STALE)
    today = local_instant(local_date(now), hour)
    following = today if today > now else local_instant(local_date(now) + timedelta(days=1), hour)
    return replace(examination, due_at=following)


def _idle_on(money: Money, rules: BudgetRules) -> date | None:
    """The day on which a budget of which nothing is disbursed counts as idle; None when it does not."""
    if money.disbursed != 0 or money.remaining <= 0 or money.first_allocated_on is None:
        return None
    return _months_later(money.first_allocated_on, rules.idle_months)


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
