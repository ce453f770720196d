"""Published figures of the domain reproduced, and the belief of a day that stays what it was."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.runtime.clock import local_instant
from tests.finance.world import TI, FinanceService, line_body

# Disbursed 2025 by 31/1/2026, tỉ đồng: (level, agency, disbursed, allocated); DOMAIN gives the rates to whole percents
PUBLISHED = (
    ("central", "G06", 9_000, 12_000),
    ("central", "G12", 6_785, 8_394),
    ("province", "01", 5_001, 8_000),
    ("province", "48", 3_000, 4_955),
    ("commune", "00004", 205, 1_098),
)


@pytest.fixture
async def published(service: FinanceService) -> FinanceService:
    """The office at 12 March 2026, having posted the Treasury files of February; defence and security beside it."""
    service.clock.move_to(local_instant(datetime(2026, 2, 5, tzinfo=UTC).date(), 8))
    for kind, amount in (("approve", 3), ("allocate", 3), ("disburse", 2)):
        lines = [
            line_body(
                {2: paid, 3: allocated}[amount] * TI, agency, level=level, field="digital_transformation"
            )
            for level, agency, paid, allocated in PUBLISHED
        ]
        secret = line_body(amount * 1_000 * TI, "G06", field="defence_security")
        day = "2026-01-31" if kind == "disburse" else "2025-06-30"
        await service.decide(kind, *lines, secret, issued_on=day, effective_on=day)
    service.clock.move_to(local_instant(datetime(2026, 3, 12, tzinfo=UTC).date(), 8))
    return service


def rates(answer: Any) -> dict[str, tuple[int, float]]:
    return {item["key"]: (item["numerator"] // TI, item["rate"]) for item in answer["items"]}


async def test_disbursement_of_2025_at_31_january_2026(published: FinanceService) -> None:
    answer = await published.get(
        "/disbursement", params={"year": 2025, "as_of": "2026-01-31", "group_by": "level"}
    )
    assert rates(answer) == {"central": (15_785, 77.4), "province": (8_001, 61.8), "commune": (205, 18.7)}
    assert [(item["key"], item["rank"]) for item in answer["items"]] == [
        ("central", 1),
        ("province", 2),
        ("commune", 3),
    ]
    assert answer["total"] == {"numerator": 23_991 * TI, "denominator": 34_447 * TI, "rate": 69.6}
    assert answer["coverage"] == {
        "fields_included": ["science_innovation", "digital_transformation"],
        "fields_excluded": ["defence_security"],
        "agencies": 5,
        "rows": 5,
        "within": None,
    }
    before = await published.get("/disbursement", params={"year": 2025, "as_of": "2026-01-30"})
    assert before["total"] == {"numerator": 0, "denominator": 34_447 * TI, "rate": 0.0}


async def test_what_was_believed_on_12_march_stays_after_corrections(published: FinanceService) -> None:
    asked = {"year": 2025, "as_of": "2026-01-31", "known_at": "2026-03-12T08:00:00+07:00"}
    believed = await published.get("/disbursement", params=asked)
    assert believed["total"]["rate"] == 69.6
    published.clock.advance(days=20)
    [paid] = (await published.get("/decisions", params={"kind": "disburse"}))["items"]
    await published.post(
        f"/decisions/{paid['id']}/reversal", {"reason": "Kho bạc điều chỉnh", "effective_on": "2026-01-31"}
    )
    await published.decide(
        "disburse", line_body(10_000 * TI, "G06"), issued_on="2026-01-31", effective_on="2026-01-31"
    )
    assert await published.get("/disbursement", params=asked) == believed
    now = await published.get("/disbursement", params={"year": 2025, "as_of": "2026-01-31"})
    assert rates(now) == {"central": (10_000, 49.0), "province": (0, 0.0), "commune": (0, 0.0)}
    # an instant to come is answered as now, and says so
    ahead = await published.get("/disbursement", params=asked | {"known_at": "2027-01-01T00:00:00Z"})
    assert ahead["total"] == now["total"]
    assert ahead["known_at"] == "2026-04-01T01:00:00Z"


async def test_defence_and_security_counts_where_it_is_asked_for(published: FinanceService) -> None:
    asked = {"year": 2025, "as_of": "2026-01-31"}
    whole = await published.get("/disbursement", params=asked | {"include_defence_security": "true"})
    assert whole["total"]["numerator"] == 25_991 * TI
    assert whole["coverage"]["fields_excluded"] == []
    only = await published.get(
        "/disbursement", params=asked | {"field": "defence_security", "group_by": "agency"}
    )
    assert rates(only) == {"G06": (2_000, 66.7)}
    assert only["coverage"]["fields_included"] == ["defence_security"]


async def test_agencies_are_ranked_by_rate_or_amount(published: FinanceService) -> None:
    asked = {"year": 2025, "as_of": "2026-01-31", "group_by": "agency"}
    by_rate = await published.get("/disbursement", params=asked)
    assert [(item["key"], item["rank"]) for item in by_rate["items"]] == [
        ("G12", 1), ("G06", 2), ("01", 3), ("48", 4), ("00004", 5),
    ]  # fmt: skip
    by_amount = await published.get("/disbursement", params=asked | {"rank_by": "amount", "level": "central"})
    assert [(item["key"], item["rank"]) for item in by_amount["items"]] == [("G06", 1), ("G12", 2)]


async def test_balances_by_every_dimension_sum_to_the_whole(published: FinanceService) -> None:
    for dimension in ("year", "level", "agency", "nature", "field", "source"):
        answer = await published.get("/balances", params={"group_by": dimension})
        assert answer["group_by"] == dimension
        for figure, amount in answer["total"].items():
            assert sum(item[figure] for item in answer["items"]) == amount
    filtered = {
        "level": "central",
        "agency": "G06",
        "nature": "capital",
        "field": "digital_transformation",
        "year": 2025,
    }
    answer = await published.get("/balances", params=filtered)
    assert answer["total"]["disbursed"] == 9_000 * TI
    assert (await published.get("/balances", params={"year": 2024}))["total"]["approved"] == 0
    assert (await published.get("/balances", params={"source": "ODA"}))["total"]["approved"] == 0


async def test_a_figure_is_never_asked_beyond_a_change_under_way(published: FinanceService) -> None:
    published.clock.advance(minutes=5)
    async with published.database.change(published.clock):
        published.clock.advance(minutes=5)
        answer = await published.get("/balances")
        assert answer["known_at"] == "2026-03-12T01:04:59.999999Z"
    assert (await published.get("/balances"))["known_at"] == "2026-03-12T01:10:00Z"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"year": "x"},
        {"year": 2025, "group_by": "source"},
        {"year": 2025, "as_of": "31/01/2026"},
        {"year": 2025, "known_at": "1999-01-01T00:00:00Z"},
        {"year": 2025, "rank_by": "name"},
    ],
)
async def test_a_question_that_is_wrong_is_refused(service: FinanceService, asked: dict[str, Any]) -> None:
    assert (await service.get("/disbursement", 422, params=asked))["status"] == 422
