"""What is told of a due signal, if it is true: a database's news always is, a budget is judged by its picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

from services.notify.domain import budgets
from services.notify.domain.messages import (
    BudgetNews,
    DatabaseNews,
    budget_en,
    budget_vi,
    database_en,
    database_vi,
)
from services.notify.domain.signals import SignalKind, SignalRules, family
from services.notify.tables import Budget, Database, Signal
from services.notify.use_cases.budgets import money_of
from shared.events.notify import BudgetAlerted, DatabaseAlerted
from shared.runtime.clock import local_date

Picture = TypeVar("Picture", Database, Budget)


@dataclass(frozen=True, slots=True)
class Moment:
    """When signals are raised, by which rules, and what their links begin with."""

    now: datetime
    hour: int
    rules: SignalRules
    public_url: str

    @property
    def day(self) -> date:
        return local_date(self.now)


@dataclass(frozen=True, slots=True)
class Due(Generic[Picture]):
    """A due signal, the picture of its subject, and what its agency is called."""

    signal: Signal
    picture: Picture
    agency: str

    @property
    def group(self) -> tuple[str, str]:
        signal = self.signal
        return signal.subject, family(SignalKind(signal.kind), signal.occasion)

    @property
    def place(self) -> tuple[int, datetime]:
        """News of a database follow one another by its version, examinations by their day."""
        return self.signal.facts.get("version", 0), self.signal.due_at


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of a family: the newest is raised when its alert is there; the older ones were passed over."""

    newest: Signal
    older: Sequence[Signal]
    alert: DatabaseAlerted | BudgetAlerted | None
    facts: dict[str, Any]


def tell_database(due: Sequence[Due[Database]], moment: Moment) -> Judged:
    newest = due[-1]
    signal, facts, database = newest.signal, newest.signal.facts, newest.picture
    words = facts.get("contradiction")
    last = facts["last_heartbeat_at"]
    news = DatabaseNews(
        SignalKind(signal.kind),
        newest.agency,
        database.name,
        signal.occurred_at,
        datetime.fromisoformat(last) if last else None,
        words["words_vi"] if words else "",
        words["words_en"] if words else "",
        datetime.fromisoformat(facts["trouble_since"]) if "trouble_since" in facts else None,
    )
    alert = DatabaseAlerted.model_validate(
        {
            **_common(newest, database_vi(news), database_en(news), moment),
            "database": {
                "code": database.code,
                "name": database.name,
                "kind": database.kind,
                "observed": facts["observed"],
                "since": facts["since"],
                "link": f"{moment.public_url}/datasets/v1/databases/{quote(database.code, safe='')}",
            },
            "contradiction": words,
            "occurred_at": signal.occurred_at,
        }
    )
    return Judged(signal, [item.signal for item in due[:-1]], alert, facts)


def judge_budget(due: Sequence[Due[Budget]], moment: Moment) -> Judged:
    newest = due[-1]
    signal, budget = newest.signal, newest.picture
    money, kind = money_of(budget), SignalKind(signal.kind)
    amounts = {name: getattr(budget, name) for name in ("approved", "allocated", "unallocated", "disbursed")}
    amounts |= {"to_spend": money.to_spend, "expected": budgets.expected(money, moment.day)}
    facts = {"day": str(moment.day), "budget_version": budget.version, **amounts}
    older = [item.signal for item in due[:-1]]
    if not budgets.holds(kind, money, moment.rules, moment.day):
        return Judged(signal, older, None, facts)
    news = BudgetNews(
        kind, newest.agency, budget.level, budget.year, moment.day, **amounts,
        since=budget.first_allocated_on,
        months=moment.rules.idle_months,
        by=budgets.allocated_by(money, moment.rules),
    )  # fmt: skip
    told = _common(newest, budget_vi(news), budget_en(news), moment)
    alert = BudgetAlerted.model_validate({**told, "budget": _told_budget(budget, kind, amounts, moment)})
    return Judged(signal, older, alert, facts)


def _told_budget(
    budget: Budget, kind: SignalKind, amounts: dict[str, int], moment: Moment
) -> dict[str, object]:
    tenths = budgets.tenths_of_percent(budget.disbursed, amounts["to_spend"])
    asked = urlencode({"year": budget.year, "level": budget.level, "agency": budget.agency_code})
    return {
        **amounts,
        "id": budget.id,
        "year": budget.year,
        "level": budget.level,
        "rate": None if tenths is None else tenths / 10,
        "expected": amounts["expected"] if kind is SignalKind.BEHIND else None,
        "link": f"{moment.public_url}/finance/v1/balances?{asked}",
    }


def _common(due: Due[Picture], vi: str, en: str, moment: Moment) -> dict[str, object]:
    return {
        "alert_id": uuid4(),
        "kind": due.signal.kind,
        "agency": {"code": due.signal.agency_code, "name": due.agency},
        "message_vi": vi,
        "message_en": en,
        "raised_at": moment.now,
    }
