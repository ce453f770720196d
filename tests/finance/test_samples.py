"""The sample budget answers the figures published, as they were believed then and as they are known since."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from services.finance.use_cases.samples import BUDGETS, load_samples
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import local_instant
from tests.finance.world import TI, FinanceService, record_agencies
from tests.support.writing import writing

CATALOGUE = Path(__file__).parents[2] / "services" / "tasks" / "catalogue"
NOW = datetime(2026, 4, 1, 1, tzinfo=UTC)
AT_END_OF_2025 = {"year": 2025, "as_of": "2026-01-31"}
BELIEVED = AT_END_OF_2025 | {"known_at": "2026-03-12T17:00:00+07:00"}


async def load(service: FinanceService, at: datetime = NOW) -> None:
    rows = []
    for name in ("agencies.csv", "communes.csv"):
        with (CATALOGUE / name).open(encoding="utf-8", newline="") as file:
            rows += list(csv.DictReader(file))
    named = {code for name in BUDGETS for code in _agencies(name)} | {row["code"] for row in rows[:78]}
    agencies = [
        (r["code"], r["name"], r["level"], r["parent_code"] or None) for r in rows if r["code"] in named
    ]
    await record_agencies(service.database, agencies)
    async with writing(service.database) as session:
        await load_samples(session, actor=SYSTEM, at=at)


def _agencies(name: str) -> set[str]:
    folder = CATALOGUE.parents[1] / "finance" / "samples"
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return {row["agency_code"] for row in csv.DictReader(file)}


@pytest.fixture
async def loaded(service: FinanceService) -> FinanceService:
    service.clock.move_to(NOW)
    await load(service)
    return service


def tis(*amounts: float) -> list[int]:
    return [round(amount * TI) for amount in amounts]


async def disbursed(service: FinanceService, **asked: Any) -> dict[str, Any]:
    """(disbursed, allocated, rate) by level and of the whole."""
    found = await service.get("/disbursement", params=asked)
    rows = [*found["items"], found["total"] | {"key": "whole"}]
    return {row["key"]: (row["numerator"], row["denominator"], row["rate"]) for row in rows}


async def test_what_was_believed_on_12_march_2026_about_31_january(loaded: FinanceService) -> None:
    assert await disbursed(loaded, **BELIEVED) == {
        "central": (*tis(15_785, 20_394), 77.4),
        "province": (*tis(8_001, 12_955), 61.8),  # printed as 62
        "commune": (*tis(205, 1_098), 18.7),  # printed as 19
        "whole": (*tis(23_991, 34_447), 69.6),
    }


async def test_a_later_correction_moves_what_is_known_today(loaded: FinanceService) -> None:
    today = await disbursed(loaded, **AT_END_OF_2025)
    assert today["whole"] == (*tis(23_946, 34_447), 69.5)
    assert today["province"] == (*tis(7_956, 12_955), 61.4)
    found = (await loaded.get("/decisions", params={"limit": 200}))["items"]
    [undo] = [item for item in found if item["reverses_id"]]
    [first, again] = sorted(
        (item for item in found if item["number"] == undo["number"] and not item["reverses_id"]),
        key=lambda item: item["recorded_at"],
    )
    assert undo["reverses_id"] == first["id"]
    assert undo["effective_on"] == again["effective_on"] == "2025-12-31"
    assert again["recorded_at"] > "2026-03-13"


async def test_the_money_of_2026(loaded: FinanceService) -> None:
    asked = {"year": 2026, "as_of": "2026-03-09", "known_at": "2026-03-10T08:00:00+07:00"}

    async def figures(**narrowed: str) -> tuple[int, int, int]:
        total = (await loaded.get("/balances", params=asked | narrowed))["total"]
        return total["approved"], total["allocated"], total["disbursed"]

    assert await figures() == tuple(tis(95_000, 82_750, 2_172))
    assert await figures(level="central") == tuple(tis(70_000, 57_750, 1_171))
    assert (await figures(level="central", nature="capital"))[0] == 20_000 * TI
    assert (await figures(level="central", nature="recurrent"))[0] == 50_000 * TI
    assert (await figures(level="central", field="defence_security"))[0] == 30_000 * TI
    local = [await figures(level=level) for level in ("province", "commune")]
    assert [sum(column) for column in zip(*local, strict=True)] == tis(25_000, 25_000, 1_001)
    natures = [
        sum([(await figures(level=level, nature=nature))[0] for level in ("province", "commune")])
        for nature in ("capital", "recurrent")
    ]
    assert natures == tis(14_280, 10_720)


async def test_the_supplement_of_2025_as_approved(loaded: FinanceService) -> None:
    rows = await loaded.rows(
        "SELECT account.nature, sum(posting.amount)::bigint AS amount FROM postings AS posting"
        " JOIN accounts AS account ON account.id = posting.account_id"
        " JOIN decisions AS decision ON decision.id = posting.decision_id"
        " WHERE decision.kind = 'approve' AND decision.issued_on = '2025-07-15' AND account.stage = 'unallocated'"
        " GROUP BY account.nature"
    )
    assert {row.nature: row.amount for row in rows} == {
        "capital": 112_736 * TI // 10,
        "recurrent": 42_567 * TI // 10,
    }


async def test_the_claims_of_2025(loaded: FinanceService) -> None:
    async def claimed(**narrowed: str) -> dict[str, int]:
        asked = {"year": 2025, "stage": "proposed", "as_of": "2026-01-31", **narrowed}
        total: dict[str, int] = (await loaded.get("/claims", params=asked))["total"]
        return total

    assert await claimed() == {"amount": 165_701 * TI // 10, "agencies": 46}
    assert await claimed(level="central") == {"amount": 148_112 * TI // 10, "agencies": 26}
    assert await claimed(level="province") == {"amount": 17_589 * TI // 10, "agencies": 20}


async def test_the_money_is_spread_over_real_agencies(loaded: FinanceService) -> None:
    rows = await loaded.rows(
        "SELECT level, count(*) AS agencies FROM budgets WHERE year = 2025 GROUP BY level"
    )
    assert {row.level: row.agencies for row in rows} == {"central": 26, "province": 34, "commune": 8}
    [row] = await loaded.rows(
        "SELECT count(*) FILTER (WHERE disbursed = 0) AS idle FROM budgets WHERE year = 2026"
    )
    assert row.idle > 0  # somebody to remind


@pytest.mark.parametrize("day", ["2025-02-01", "2025-02-20", "2025-09-15", "2026-02-03", "2026-03-12"])
async def test_what_lies_after_the_clock_is_left_out(service: FinanceService, day: str) -> None:
    at = local_instant(date.fromisoformat(day), 8)
    await load(service, at)
    [row] = await service.rows(
        "SELECT (SELECT max(recorded_at) FROM decisions) AS posted, (SELECT max(recorded_at) FROM claims) AS stated"
    )
    assert all(last is None or last <= at for last in row)
    [row] = await service.rows("SELECT count(*) AS posted FROM decisions WHERE reverses_id IS NOT NULL")
    assert row.posted == 0
    [row] = await service.rows(
        "SELECT count(*) FILTER (WHERE type LIKE '%.decision.%') AS events FROM outbox"
    )
    assert row.events == len(await service.rows("SELECT id FROM decisions"))
