"""When a budget is examined, and what is then true of it. Money is integer đồng.

A budget runs from 1 January of its year to 31 January after it, when the year's payments are closed. Each examination
comes due at the alert hour of its day in Asia/Ho_Chi_Minh.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from services.notify.domain.signals import (
    STALE,
    PlannedSignal,
    SignalKind,
    SignalReason,
    SignalRules,
    SignalStatus,
    Standing,
    is_stale,
)
from shared.runtime.clock import local_date, local_instant

PLANNED = Standing(SignalStatus.PENDING, SignalReason.PLANNED)


@dataclass(frozen=True, slots=True)
class Money:
    """One agency's money of one year and level, as finance last told of it.

    `remaining` is what can still be disbursed: allocated, and neither disbursed, carried over nor cancelled.
    """

    year: int
    unallocated: int
    disbursed: int
    remaining: int
    first_allocated_on: date | None

    @property
    def to_spend(self) -> int:
        """What the year's spending is measured by; what was carried over or cancelled is not to be spent any more."""
        return self.disbursed + self.remaining


def closing_day(year: int) -> date:
    return date(year + 1, 1, 31)


def expected(money: Money, day: date) -> int:
    """What would be disbursed at the start of a day if all that is to be spent were spent evenly; whole đồng."""
    return int(_even(money, day))


def _even(money: Money, day: date) -> Fraction:
    first, end = date(money.year, 1, 1), date(money.year + 1, 1, 1)
    elapsed = (min(max(day, first), end) - first).days
    return Fraction(money.to_spend * elapsed, (end - first).days)


def allocated_by(money: Money, rules: SignalRules) -> date:
    """The last day on which money may still be unallocated."""
    return date(money.year, *rules.unallocated_after)


def tenths_of_percent(part: int, whole: int) -> int | None:
    """A share in tenths of a percent, halves up; None of nothing."""
    return (2000 * part + whole) // (2 * whole) if whole else None


def holds(kind: SignalKind, money: Money, rules: SignalRules, day: date) -> bool:
    """Whether what the examination looks for is so on a day. Where nothing is left to disburse, nobody is urged to."""
    if day > closing_day(money.year):
        return False
    if kind is SignalKind.BEHIND:
        lag = _even(money, day) - money.disbursed
        return money.remaining > 0 and lag > rules.behind_share * money.to_spend
    if kind is SignalKind.IDLE:
        due = _idle_on(money, rules)
        return due is not None and day >= due
    return money.unallocated > 0 and day > allocated_by(money, rules)


def plan(
    money: Money, rules: SignalRules, now: datetime, hour: int, *, told_at: datetime
) -> tuple[PlannedSignal, ...]:
    """The examinations that a budget as it stands gives cause for, when that is heard of at `now`.

    One whose day is long past comes due at the next alert hour where the change is news, told (`told_at`) not long ago:
    money approved in August is unallocated too. In a log read anew it is moot.
    """
    if local_date(now) > closing_day(money.year):
        return ()
    planned = [_in_time(signal, rules, now, hour, told_at) for signal in _once(money, rules, hour)]
    following = next_month(
        money, now - timedelta.resolution, hour
    )  # what is due this very moment is not past
    return tuple([*planned, following] if following is not None else planned)


def next_month(money: Money, after: datetime, hour: int) -> PlannedSignal | None:
    """The first monthly examination that comes due after an instant; None after the year's last."""
    return next(_months(money, after, hour), None)


def months_passed(money: Money, occasion: str, now: datetime, hour: int) -> list[PlannedSignal]:
    """The monthly examinations after that of `occasion` which came due up to `now`, while nobody looked."""
    after = local_instant(date.fromisoformat(f"{occasion}-01"), hour)
    return [planned for planned in _months(money, after, hour) if planned.due_at <= now]


def _months(money: Money, after: datetime, hour: int) -> Iterator[PlannedSignal]:
    """On the first day of each month, from February to the January after; on 1 January nothing is expected yet."""
    if money.remaining <= 0:
        return
    for month in range(2, 14):
        day = date(money.year + month // 13, (month - 1) % 12 + 1, 1)
        due_at = local_instant(day, hour)
        if due_at > after:
            yield PlannedSignal(SignalKind.BEHIND, f"{day:%Y-%m}", due_at, PLANNED)


def _once(money: Money, rules: SignalRules, hour: int) -> Iterator[PlannedSignal]:
    idle_on = _idle_on(money, rules)
    if idle_on is not None and idle_on <= closing_day(money.year):
        occasion = str(money.first_allocated_on)
        yield PlannedSignal(SignalKind.IDLE, occasion, local_instant(idle_on, hour), PLANNED)
    if money.unallocated > 0:
        last = allocated_by(money, rules)
        due_at = local_instant(last + timedelta(days=1), hour)
        yield PlannedSignal(SignalKind.UNALLOCATED, str(last), due_at, PLANNED)


def _in_time(
    signal: PlannedSignal, rules: SignalRules, now: datetime, hour: int, told_at: datetime
) -> PlannedSignal:
    if not is_stale(signal.due_at, now, rules):
        return signal
    if is_stale(told_at, now, rules):
        return replace(signal, standing=STALE)
    today = local_instant(local_date(now), hour)
    following = today if today > now else local_instant(local_date(now) + timedelta(days=1), hour)
    return replace(signal, due_at=following)


def _idle_on(money: Money, rules: SignalRules) -> date | None:
    """The day on which a budget of which nothing is disbursed counts as idle; None when it does not."""
    if money.disbursed != 0 or money.remaining <= 0 or money.first_allocated_on is None:
        return None
    return _months_later(money.first_allocated_on, rules.idle_months)


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
