"""Loading the sample budget, every decision and claim at the instant it was recorded; see samples/README.md."""

import csv
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.domain.claims import ClaimStage, NewClaim
from services.finance.domain.decisions import Header
from services.finance.domain.ledger import Field, Kind, Level, Line, Nature
from services.finance.use_cases.claims import state_claim
from services.finance.use_cases.decisions import post_decision, reverse_decision
from shared.runtime.audit import Actor
from shared.runtime.clock import local_instant

SAMPLES = Path(__file__).parent.parent / "samples"
BUDGETS = ("budget_2025.csv", "budget_2026.csv")
MILLION = 10**6  # đồng: the unit of the files
RECORDED_HOUR = 8

Row = dict[str, str]


def sample_communes() -> set[str]:
    """Codes of the communes that the samples name: agencies that the catalogue loads only when asked to."""
    return {row["agency_code"] for row in _budgets() if row["level"] == Level.COMMUNE}


async def load_samples(session: AsyncSession, *, actor: Actor, at: datetime) -> None:
    """State the sample claims and post the sample decisions that were recorded by `at`, in the order of recording."""
    for row in _rows("claims.csv"):
        if (recorded_at := _recorded_at(row)) <= at:
            await state_claim(session, _claim(row), actor=actor, at=recorded_at)
    budgets = _budgets()
    posted: dict[str, UUID] = {}
    for row in sorted(_rows("decisions.csv"), key=_recorded_at):
        if (recorded_at := _recorded_at(row)) > at:
            return
        if row["reverses"]:
            await reverse_decision(
                session,
                posted[row["reverses"]],
                reason=row["reason"],
                effective_on=_day(row["effective_on"]),
                actor=actor,
                at=recorded_at,
            )
        else:
            header, lines = _header(row), _lines(budgets, row["key"])
            posted[row["key"]] = await post_decision(session, header, lines, actor=actor, at=recorded_at)


def _claim(row: Row) -> NewClaim:
    return NewClaim(
        stage=ClaimStage(row["stage"]),
        year=int(row["year"]),
        level=Level(row["level"]),
        agency_code=row["agency_code"],
        nature=Nature(row["nature"]),
        field=Field(row["field"]),
        amount=int(row["amount"]) * MILLION,
        stated_on=_day(row["stated_on"]),
    )


def _header(row: Row) -> Header:
    return Header(Kind(row["kind"]), row["number"], _day(row["issued_on"]), _day(row["effective_on"]))


def _lines(budgets: Sequence[Row], key: str) -> list[Line]:
    """The money that a column of the sample budgets moves, as lines of that decision."""
    return [
        Line(
            year=int(row["year"]),
            level=Level(row["level"]),
            agency_code=row["agency_code"],
            nature=Nature(row["nature"]),
            field=Field(row["field"]),
            source="",
            amount=int(row[key]) * MILLION,
        )
        for row in budgets
        if row.get(key)
    ]


def _recorded_at(row: Row) -> datetime:
    return local_instant(_day(row["recorded_on"]), RECORDED_HOUR)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _budgets() -> list[Row]:
    return [row for name in BUDGETS for row in _rows(name)]


def _rows(name: str) -> list[Row]:
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
