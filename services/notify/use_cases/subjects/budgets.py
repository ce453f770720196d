"""Budgets: examined on days of their year; their agency is alerted where spending or allocation is late."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import Field, StringConstraints, field_validator
from sqlalchemy import tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.deliveries import DeliveryReason
from services.notify.domain.subjects.budgets.examinations import (
    KIND,
    BudgetKind,
    BudgetRules,
    Examination,
    Money,
    allocated_by,
    expected,
    holds,
    months_passed,
    next_month,
    plan,
    tenths_of_percent,
)
from services.notify.domain.subjects.budgets.messages import Finding, message_en, message_vi
from services.notify.tables import Reminder
from services.notify.tables.subjects.budgets import Budget
from services.notify.use_cases.reminders.copies import CopyOutcome, record_copy
from services.notify.use_cases.reminders.outdated import cancel_undelivered
from services.notify.use_cases.reminders.plan import (
    NewReminder,
    SubjectKey,
    add_reminders,
    audit_reminders,
    end_reminders,
)
from services.notify.use_cases.reminders.subject import Due, Evaluation, EvaluationContext, Subject
from shared.events.envelope import EventData
from shared.events.finance import BudgetChanged, BudgetState
from shared.events.notify import BudgetAlerted
from shared.log.inbox import EventMetadata
from shared.runtime.settings import Settings

_COLUMNS = set(Budget.__table__.columns.keys())


class BudgetSettings(Settings):
    """Read from the environment."""

    budget_behind_share: Decimal = Field(
        default=Decimal("0.20"),
        ge=0,
        le=1,
        max_digits=5,
        description="share of what is to be spent of a budget (disbursed, and what can still be) by which its "
        "disbursement may lie behind even spending",
    )
    budget_idle_months: int = Field(
        default=3,
        ge=1,
        le=12,
        description="months after a budget's first allocation until something is to be disbursed",
    )
    budget_unallocated_after: str = Field(
        default="06-30", description="MM-DD: day of the year after which a budget is to be allocated whole"
    )

    @field_validator("budget_unallocated_after")
    @classmethod
    def _is_a_day_of_every_year(cls, value: str) -> str:
        try:
            date.fromisoformat(f"2001-{value}")  # a year without 29 February
        except ValueError:
            raise ValueError("write a month and a day of every year, e.g. 06-30") from None
        return value

    @property
    def budget_rules(self) -> BudgetRules:
        day = date.fromisoformat(f"2001-{self.budget_unallocated_after}")
        return BudgetRules(Fraction(self.budget_behind_share), self.budget_idle_months, (day.month, day.day))


# --- events ---------------------------------------------------------------------------------------------------------


async def apply(
    session: AsyncSession, event: EventData, metadata: EventMetadata, context: EvaluationContext[BudgetRules]
) -> None:
    """Update our copy of a budget, and its future examinations and undelivered alerts to match.

    An examination that is due already is left: it is evaluated by the copy when it is raised.
    """
    assert isinstance(event, BudgetChanged)  # noqa: S101 - the consumer parses by type
    budget, subject = event.budget, SubjectKey(KIND, event.budget.id)
    if await record_copy(session, Budget, budget.model_dump(include=_COLUMNS)) is CopyOutcome.OUTDATED:
        return
    money = _money(budget)
    untrue = [kind for kind in BudgetKind if not holds(kind, money, context.rules, context.today)]
    of_untrue = Reminder.kind.in_(untrue)
    await cancel_undelivered(session, subject, of_untrue, DeliveryReason.NO_LONGER_TRUE, context.now)
    planned = plan(
        money, context.rules, context.now, context.alert_hour,
        recorded_at=metadata.time, stale_after=context.stale_after,
    )  # fmt: skip
    wanted = [(examination.kind, examination.dedup_key) for examination in planned]
    ended = (Reminder.due_at > context.now) & tuple_(Reminder.kind, Reminder.dedup_key).not_in(wanted)
    cancelled = await end_reminders(session, subject, ended, context.now)
    new = [(subject, _reminder(examination, budget.agency_code)) for examination in planned]
    added = await add_reminders(session, new, context.now)
    if added or cancelled:
        await audit_reminders(
            session, subject, context.now, version=budget.version, planned=added, cancelled=cancelled
        )


def _money(budget: BudgetState | Budget) -> Money:
    return Money(
        year=budget.year,
        unallocated=budget.unallocated,
        disbursed=budget.disbursed,
        remaining=budget.remaining,
        first_allocated_on=budget.first_allocated_on,
    )


def _reminder(examination: Examination, agency: str) -> NewReminder:
    """The reminder of an examination; its facts are added when it is evaluated."""
    return NewReminder(
        examination.kind,
        dedup_key=examination.dedup_key,
        series=examination.kind,
        agency_code=agency,
        due_at=examination.due_at,
        state=examination.state,
    )


# --- reminders ------------------------------------------------------------------------------------------------------


def _passed_over(due: Due[Budget], context: EvaluationContext[BudgetRules]) -> Sequence[NewReminder]:
    reminder = due.reminder
    if reminder.kind != BudgetKind.BEHIND:
        return ()
    months = months_passed(_money(due.copy), reminder.dedup_key, context.now, context.alert_hour)
    return [_reminder(month, reminder.agency_code) for month in months]


def evaluate(due: Due[Budget], context: EvaluationContext[BudgetRules]) -> Evaluation:
    """Evaluate the finding for the budget now; a month's examination is followed by the next."""
    reminder, budget = due.reminder, due.copy
    money, kind = _money(budget), BudgetKind(reminder.kind)
    amounts = {name: getattr(budget, name) for name in ("approved", "allocated", "unallocated", "disbursed")}
    facts = {
        "day": str(context.today),
        "budget_version": budget.version,
        **amounts,
        "to_spend": money.to_spend,
        "expected": expected(money, context.today),
    }
    month = next_month(money, context.now, context.alert_hour) if kind is BudgetKind.BEHIND else None
    following = None if month is None else _reminder(month, reminder.agency_code)
    return Evaluation(holds(kind, money, context.rules, context.today), facts, following)


# --- alerts ---------------------------------------------------------------------------------------------------------


def render(
    due: Due[Budget], facts: Mapping[str, Any], context: EvaluationContext[BudgetRules]
) -> Mapping[str, object]:
    budget, kind = due.copy, BudgetKind(due.reminder.kind)
    amounts = {name: facts[name] for name in facts if name not in {"day", "budget_version"}}
    finding = Finding(
        kind, due.agency, budget.level, budget.year, context.today, **amounts,
        since=budget.first_allocated_on,
        months=context.rules.idle_months,
        by=allocated_by(_money(budget), context.rules),
    )  # fmt: skip
    tenths = tenths_of_percent(budget.disbursed, facts["to_spend"])
    asked = urlencode({"year": budget.year, "level": budget.level, "agency": budget.agency_code})
    return {
        "budget": {
            **amounts,
            "id": budget.id,
            "year": budget.year,
            "level": budget.level,
            "rate": None if tenths is None else tenths / 10,
            "expected": facts["expected"] if kind is BudgetKind.BEHIND else None,
            "link": f"{context.public_url}/finance/v1/balances?{asked}",
        },
        "message_vi": message_vi(finding),
        "message_en": message_en(finding),
    }


def _rules(settings: BudgetSettings) -> BudgetRules:
    return settings.budget_rules


SUBJECT: Subject[Budget, BudgetRules] = Subject(
    kind=KIND,
    table=Budget,
    key=Annotated[str, StringConstraints(min_length=1, max_length=100)],
    key_description="id of a budget",
    source="finance",
    events={BudgetChanged.event_type: BudgetChanged},
    alert=BudgetAlerted,
    webhook="budget-alert",
    webhook_description="Cảnh báo về một khoản ngân sách: giải ngân, phân bổ chậm."
    " / An alert about a budget: late disbursement, late allocation.",
    rules=_rules,
    apply=apply,
    passed_over=_passed_over,
    evaluate=evaluate,
    render=render,
)
