"""The contract of the API: what is posted, what is refused, who may."""

from typing import Any
from uuid import UUID

import pytest

from tests.finance.world import TI, FinanceService, line_body

UNKNOWN = "11111111-2222-4333-8444-555555555555"


async def test_money_flows_through_its_stages(service: FinanceService) -> None:
    for kind, amount in (
        ("approve", 100),
        ("allocate", 80),
        ("disburse", 50),
        ("settle", 30),
        ("carry_over", 10),
        ("cancel", 5),
    ):
        decided = await service.decide(kind, line_body(amount))
        assert decided["kind"] == kind
        assert decided["line_count"] == 1
        assert decided["amount"] == amount
        assert decided["entry"] == 1
    await service.decide("adjust", line_body(-15))
    balance = (await service.get("/balances"))["total"]
    assert balance == {
        "approved": 85,
        "unallocated": 5,
        "allocated": 80,
        "remaining": 15,
        "disbursed": 50,
        "settled": 30,
        "carried_over": 10,
        "cancelled": 5,
    }


async def test_a_decision_is_read_with_its_lines_page_by_page(service: FinanceService) -> None:
    response = await service.send(
        "POST",
        "/decisions",
        json=service.decision(
            "approve", line_body(1), line_body(2, source="ODA"), line_body(3, "G06", nature="recurrent")
        ),
    )
    assert response.status_code == 201
    location = response.headers["location"].removeprefix("/finance/v1")
    first = await service.get(location, params={"limit": 2})
    assert [(item["line"], item["amount"], item["source"]) for item in first["lines"]] == [
        (1, 1, None),
        (2, 2, "ODA"),
    ]
    rest = await service.get(location, params={"limit": 2, "cursor": first["next_cursor"]})
    assert [(item["line"], item["amount"], item["nature"]) for item in rest["lines"]] == [(3, 3, "recurrent")]
    assert rest["next_cursor"] is None
    assert first["recorded_at"] == "2025-05-20T01:00:00Z"


async def test_decisions_are_listed_in_the_order_of_recording(service: FinanceService) -> None:
    for kind in ("approve", "allocate", "disburse"):
        await service.decide(kind, line_body(10))
        service.clock.advance(seconds=1)
    first = await service.get("/decisions", params={"limit": 2})
    rest = await service.get("/decisions", params={"limit": 2, "cursor": first["next_cursor"]})
    assert [item["kind"] for item in first["items"] + rest["items"]] == ["approve", "allocate", "disburse"]
    only = await service.get("/decisions", params={"kind": "allocate", "number": "2/QĐ-BTC"})
    assert [item["number"] for item in only["items"]] == ["2/QĐ-BTC"]
    assert (await service.get("/decisions", params={"kind": "allocate", "number": "3/QĐ-BTC"}))["items"] == []


async def test_a_document_is_posted_once_unless_reversed(service: FinanceService) -> None:
    body = service.decision("approve", line_body(10))
    first = await service.post("/decisions", body)
    before = await service.counts()
    problem = await service.refused("/decisions", body | {"lines": [line_body(20)]}, 409)
    assert problem["code"] == "decision_posted"
    assert problem["decision_id"] == first["id"]
    assert first["id"] in problem["detail"]
    assert await service.counts() == before
    await service.post(
        "/decisions", body | {"issued_on": "2025-05-19"}
    )  # another year's or another office's document
    await service.post("/decisions", body | {"kind": "adjust"})
    await service.post(
        f"/decisions/{first['id']}/reversal", {"reason": "Sai số tiền", "effective_on": "2025-05-20"}
    )
    again = await service.post("/decisions", body | {"lines": [line_body(20)]})
    assert again["entry"] == 2
    assert (await service.refused("/decisions", body, 409))["decision_id"] == again["id"]
    assert (await service.get("/balances"))["total"]["approved"] == 40


@pytest.mark.parametrize(
    "typed", ["9/QÐ-BTC", "09/qđ–btc", " 9 / QĐ - BTC ", "Số 9/QĐ-BTC", "９／ＱĐ－ＢＴＣ"]
)
async def test_a_document_whose_number_looks_alike_is_the_same(service: FinanceService, typed: str) -> None:
    body = service.decision("approve", line_body(10), number="9/QĐ-BTC")
    first = await service.post("/decisions", body)
    again = body | {"number": typed, "similar_is_meant": True}
    assert (await service.refused("/decisions", again, 409))["code"] == "decision_posted"
    service.clock.advance(seconds=1)
    other = await service.post("/decisions", body | {"number": typed, "kind": "adjust"})
    assert other["number"] == typed.strip()
    found = await service.get("/decisions", params={"number": typed})
    assert [item["id"] for item in found["items"]] == [first["id"], other["id"]]
    assert "normal_form" not in found["items"][0]


async def test_a_similar_number_is_posted_only_when_it_is_meant(service: FinanceService) -> None:
    first = await service.decide("approve", line_body(10), number="9/QĐ-BTC")
    body = service.decision("approve", line_body(20), number="9/QD-BTC", issued_on="2025-05-19")
    before = await service.counts()
    problem = await service.refused("/decisions", body, 409)
    assert (problem["code"], problem["field"], problem["similar"]) == (
        "number_similar",
        "number",
        ["9/QĐ-BTC"],
    )
    assert "similar_is_meant" in problem["detail"]
    assert await service.counts() == before
    await service.post("/decisions", body | {"similar_is_meant": True})
    await service.post("/decisions", body | {"kind": "adjust"})  # its number is in the ledger now
    path = f"/decisions/{first['id']}/reversal"
    await service.post(path, {"reason": "Ghi nhầm số", "effective_on": "2025-05-20"})
    assert (await service.get("/decisions", params={"number": "–"}))["items"] == []


async def test_a_number_that_was_reversed_stands_in_nobodys_way(service: FinanceService) -> None:
    wrong = await service.decide("approve", line_body(10), number="9/QD-BTC")
    path = f"/decisions/{wrong['id']}/reversal"
    await service.post(path, {"reason": "Ghi nhầm số", "effective_on": "2025-05-20"})
    await service.decide("approve", line_body(10), number="9/QĐ-BTC")
    assert (await service.get("/balances"))["total"]["approved"] == 10


async def test_what_is_recovered_can_be_disbursed_again(service: FinanceService) -> None:
    await service.fund(100, 80, 50)
    recovered = await service.decide("recover", line_body(30))
    assert (recovered["kind"], recovered["amount"]) == ("recover", 30)
    balance = (await service.get("/balances"))["total"]
    assert (balance["allocated"], balance["disbursed"], balance["remaining"]) == (80, 20, 60)
    rate = (await service.get("/disbursement", params={"year": 2025}))["total"]
    assert (rate["numerator"], rate["denominator"], rate["rate"]) == (20, 80, 25.0)
    await service.decide("disburse", line_body(60))
    undone = await service.refused(
        f"/decisions/{recovered['id']}/reversal", {"reason": "Sai", "effective_on": "2025-05-20"}, 409
    )
    assert undone["code"] == "insufficient"


@pytest.mark.parametrize(
    ("amount", "day", "status", "code"),
    [
        (51, "2025-05-20", 409, "insufficient"),  # more than was paid
        (21, "2025-05-20", 409, "insufficient"),  # of which 30 are settled
        (10, "2025-05-18", 409, "insufficient"),  # before it was paid
        (-10, "2025-05-20", 422, "amount_not_positive"),
        (0, "2025-05-20", 422, "amount_not_positive"),
        (10, "2025-05-21", 422, "day_in_future"),
    ],
)
async def test_no_more_is_recovered_than_was_disbursed_by_its_day(
    service: FinanceService, amount: int, day: str, status: int, code: str
) -> None:
    for kind, held in (("approve", 100), ("allocate", 80), ("disburse", 50), ("settle", 30)):
        await service.decide(kind, line_body(held), effective_on="2025-05-19")
    body = service.decision("recover", line_body(amount), effective_on=day)
    problem = await service.refused("/decisions", body, status)
    assert problem["code"] == code
    assert (await service.get("/balances"))["total"]["disbursed"] == 50


async def test_a_negative_payment_is_refused_with_the_kind_for_it(service: FinanceService) -> None:
    await service.fund(100, 80, 50)
    problem = await service.refused("/decisions", service.decision("disburse", line_body(-10)), 422)
    assert problem["code"] == "amount_not_positive"
    assert "recover" in problem["detail"]
    assert "recover" in problem["detail_en"]


async def test_a_reversal_is_linked_dated_and_single(service: FinanceService) -> None:
    await service.decide("approve", line_body(10), effective_on="2025-05-10")
    first = (await service.get("/decisions"))["items"][0]
    path = f"/decisions/{first['id']}/reversal"
    for day in ("2025-05-09", "2025-05-21"):
        problem = await service.refused(path, {"reason": "Sai", "effective_on": day}, 422)
        assert (problem["code"], problem["field"]) == ("reversal_day", "effective_on")
    undone = await service.post(path, {"reason": "Ghi nhầm", "effective_on": "2025-05-15"})
    assert undone["reverses_id"] == first["id"]
    assert undone["reason"] == "Ghi nhầm"
    assert undone["amount"] == -10
    assert (await service.get(f"/decisions/{first['id']}"))["reversed_by_id"] == undone["id"]
    again = {"reason": "Sai", "effective_on": "2025-05-20"}
    problem = await service.refused(path, again, 409)
    assert (problem["code"], problem["reversed_by_id"]) == ("decision_reversed", undone["id"])
    problem = await service.refused(f"/decisions/{undone['id']}/reversal", again, 409)
    assert (problem["code"], problem["reverses_id"]) == ("reversal_of_reversal", first["id"])
    assert (await service.refused(f"/decisions/{UNKNOWN}/reversal", again, 404))["code"] == "decision_unknown"
    approved = [
        (await service.get("/balances", params={"as_of": day}))["total"]["approved"]
        for day in ("2025-05-09", "2025-05-10", "2025-05-14", "2025-05-15")
    ]
    assert approved == [0, 10, 10, 0]


async def test_money_that_moved_on_cannot_be_taken_back_beneath_it(service: FinanceService) -> None:
    await service.fund(10, 8, 5)
    [allocated] = (await service.get("/decisions", params={"kind": "allocate"}))["items"]
    problem = await service.refused(
        f"/decisions/{allocated['id']}/reversal", {"reason": "Sai", "effective_on": "2025-05-20"}, 409
    )
    assert problem["code"] == "insufficient"
    assert problem["shortages"][0]["available"] == 3
    assert problem["shortages"][0]["asked"] == 8


async def test_a_refusal_names_line_account_what_is_there_and_what_is_asked(service: FinanceService) -> None:
    await service.fund(10, 8)
    before = await service.counts()
    problem = await service.refused(
        "/decisions",
        service.decision("disburse", line_body(3), line_body(6), line_body(1, "G06", source="ODA")),
        409,
    )
    assert problem["code"] == "insufficient"
    assert problem["field"] == "lines.0.amount"
    for words in (problem["detail"], problem["detail_en"]):
        assert "2025/central/G12/capital/digital_transformation" in words
        assert "8 đồng" in words
        assert " 9" in words
    assert [
        (item["line"], item["agency_code"], item["source"], item["available"], item["asked"])
        for item in problem["shortages"]
    ] == [(1, "G12", "", 8, 9), (3, "G06", "ODA", 0, 1)]
    assert await service.counts() == before


async def test_a_back_dated_decision_may_not_undercut_a_later_one(service: FinanceService) -> None:
    await service.decide("approve", line_body(10), effective_on="2025-05-01")
    await service.decide("allocate", line_body(10), effective_on="2025-05-10")
    await service.decide("disburse", line_body(7), effective_on="2025-05-15")
    problem = await service.refused(
        "/decisions", service.decision("disburse", line_body(2), effective_on="2025-05-09"), 409
    )
    assert problem["shortages"][0]["available"] == 0
    assert problem["shortages"][0]["before"] == "2025-05-10"
    assert "10/05/2025" in problem["detail"]
    await service.decide("adjust", line_body(5), effective_on="2025-05-02")
    await service.decide("cancel", line_body(3), effective_on="2025-05-12")
    problem = await service.refused(
        "/decisions", service.decision("cancel", line_body(1), effective_on="2025-05-12"), 409
    )
    assert problem["shortages"][0]["before"] is None


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"amount": 0}, "amount_not_positive", "lines.0.amount"),
        ({"amount": -1}, "amount_not_positive", "lines.0.amount"),
        ({"amount": 1.5}, "amount_not_whole", "lines.0.amount"),
        ({"amount": 1.0}, "amount_not_whole", "lines.0.amount"),
        ({"amount": "5"}, "amount_not_whole", "lines.0.amount"),
        ({"amount": True}, "amount_not_whole", "lines.0.amount"),
        ({"amount": None}, "amount_not_whole", "lines.0.amount"),
        ({"amount": 10**15 + 1}, "amount_too_large", "lines.0.amount"),
        ({"amount": 10**40}, "amount_too_large", "lines.0.amount"),
        ({"agency_code": "G99"}, "agency_unknown", "lines"),
        ({"agency_code": "G 12"}, "request_invalid", None),
        ({"year": 1999}, "request_invalid", None),
        ({"level": "ward"}, "request_invalid", None),
        ({"nature": "other"}, "request_invalid", None),
        ({"field": "roads"}, "request_invalid", None),
        ({"source": ""}, "request_invalid", None),
        ({"source": "a\0b"}, "nul_character", "lines.0.source"),
        ({"more": 1}, "request_invalid", None),
    ],
)
async def test_a_line_that_is_wrong_is_refused_and_nothing_written(
    service: FinanceService, changes: dict[str, Any], code: str, field: str | None
) -> None:
    before = await service.counts()
    problem = await service.refused("/decisions", service.decision("approve", line_body(5) | changes), 422)
    assert problem["code"] == code
    assert problem.get("field") == field
    assert await service.counts() == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issued_on": "2025-05-21"}, "day_in_future"),
        ({"effective_on": "2025-05-21"}, "day_in_future"),
        ({"effective_on": "20/05/2025"}, "request_invalid"),
        ({"kind": "spend"}, "request_invalid"),
        ({"number": ""}, "request_invalid"),
        ({"lines": []}, "request_invalid"),
        ({"lines": "many"}, "request_invalid"),
        ({"lines": [line_body(1)] * 10_001}, "request_invalid"),
        ({"lines": [line_body(10**15)] * 9_001}, "total_too_large"),
    ],
)
async def test_a_header_that_is_wrong_is_refused(
    service: FinanceService, changes: dict[str, Any], code: str
) -> None:
    problem = await service.refused("/decisions", service.decision("approve", line_body(1)) | changes, 422)
    assert problem["code"] == code


async def test_an_account_s_balance_never_overflows(service: FinanceService) -> None:
    most = [line_body(10**15)] * 9_000
    await service.decide("approve", *most)
    before = await service.counts()
    problem = await service.refused("/decisions", service.decision("approve", *most), 422)
    assert problem["code"] == "total_too_large"
    assert await service.counts() == before
    assert (await service.get("/balances"))["total"]["approved"] == 9 * 10**18


async def test_ten_thousand_lines_are_all_or_nothing_and_once_under_their_key(
    service: FinanceService,
) -> None:
    lines = [line_body(n + 1, source=f"S{n}") for n in range(10_000)]
    body = service.decision("approve", *lines)
    headers = {"Idempotency-Key": "whole"}
    first = await service.post("/decisions", body, headers=headers)
    assert first["line_count"] == 10_000
    again = await service.send("POST", "/decisions", json=body, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first
    assert (await service.get("/decisions"))["next_cursor"] is None
    problem = await service.refused("/decisions", body | {"number": "other"}, 422, headers=headers)
    assert problem["code"] == "idempotency_key_reused"
    spent = [line_body(n + 1, source=f"S{n}") for n in range(9_999)] + [line_body(10_001, source="S9999")]
    before = await service.counts()
    problem = await service.refused("/decisions", service.decision("allocate", *spent), 409)
    assert [item["line"] for item in problem["shortages"]] == [10_000]
    assert await service.counts() == before


async def test_who_may_do_what(service: FinanceService) -> None:
    decision = service.decision("approve", line_body(1))
    assert (await service.refused("/decisions", decision, 403, role="reader"))["code"] == "scope_missing"
    problem = await service.refused("/decisions", decision, 403, role="office", agency="G12")
    assert problem["code"] == "other_tenant"
    claim = claim_body()
    assert (await service.refused("/claims", claim, 403, role="reader"))["code"] == "scope_missing"
    problem = await service.refused("/claims", claim, 403, role="agency", agency="G06")
    assert problem["code"] == "other_tenant"
    await service.post("/claims", claim, role="agency", agency="G12")
    response = await service.http.get("/finance/v1/balances")
    assert response.status_code == 401


def claim_body(amount: Any = 10 * TI, **changes: Any) -> dict[str, Any]:
    whole = {
        "stage": "registered",
        "year": 2026,
        "agency_code": "G12",
        "level": "central",
        "nature": "capital",
        "field": "digital_transformation",
        "amount": amount,
        "stated_on": "2025-05-10",
    }
    return whole | changes


async def test_a_claim_supersedes_the_former_and_both_stay(service: FinanceService) -> None:
    await service.post("/claims", claim_body(10))
    service.clock.advance(minutes=1)
    second = await service.post("/claims", claim_body(20, stated_on="2025-05-15"))
    service.clock.advance(minutes=1)
    late = await service.post(
        "/claims", claim_body(15, stated_on="2025-05-12")
    )  # came to light after the second
    await service.post("/claims", claim_body(7, agency_code="G06", stage="proposed"))
    assert (second["version"], late["version"]) == (2, 3)

    async def asked(**asked: Any) -> list[int]:
        page = await service.get("/claims", params={"agency": "G12", **asked})
        assert page["total"]["amount"] == sum(item["amount"] for item in page["items"])
        return [item["amount"] for item in page["items"]]

    assert await asked() == [20]
    assert await asked(as_of="2025-05-13") == [15]
    assert await asked(as_of="2025-05-13", known_at="2025-05-20T01:01:30Z") == [10]
    assert await asked(as_of="2025-05-09") == []
    assert await asked(known_at="2025-05-20T01:00:30Z") == [10]
    everything = await service.get("/claims", params={"superseded": "true", "limit": 3})
    rest = await service.get(
        "/claims", params={"superseded": "true", "limit": 3, "cursor": everything["next_cursor"]}
    )
    assert [item["amount"] for item in everything["items"] + rest["items"]] == [7, 10, 20, 15]
    assert everything["total"] == {"amount": 27, "agencies": 2}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": -1}, "claim_amount"),
        ({"amount": 10**15 + 1}, "claim_amount"),
        ({"amount": 2.5}, "amount_not_whole"),
        ({"stated_on": "2025-05-21"}, "stated_in_future"),
        ({"agency_code": "G99"}, "agency_unknown"),
        ({"stage": "approved"}, "request_invalid"),
    ],
)
async def test_a_claim_that_is_wrong_is_refused(
    service: FinanceService, changes: dict[str, Any], code: str
) -> None:
    assert (await service.refused("/claims", claim_body() | changes, 422))["code"] == code


async def test_published_figures_are_checked_by_their_printed_precision(service: FinanceService) -> None:
    async def checked(measure: str, total: str, *parts: str) -> Any:
        return await service.post(
            "/statements/check", {"measure": measure, "total": total, "parts": parts}, 200, role="reader"
        )

    assert await checked("amount", "9469.7", "1182.4", "8279") == {
        "verdict": "gap",
        "difference": "8.3",
        "tolerance": "1.2",
    }
    assert (await checked("amount", "28344.272", "17624", "10719.7"))["verdict"] == "rounding"
    assert (await checked("count", "1630", "1256", "374"))["verdict"] == "exact"
    before = await service.counts()
    problem = await service.refused(
        "/statements/check", {"measure": "amount", "total": "9.469,7", "parts": ["1"]}, 422
    )
    assert (problem["code"], problem["field"]) == ("figure_invalid", "total")
    assert "9469.7" in problem["detail"]
    assert await service.counts() == before


async def test_the_feed_tells_every_change_with_whole_states(service: FinanceService) -> None:
    await service.fund(100, 60, 20)
    [disbursed] = (await service.get("/decisions", params={"kind": "disburse"}))["items"]
    await service.post(
        f"/decisions/{disbursed['id']}/reversal", {"reason": "Sai", "effective_on": "2025-05-20"}
    )
    await service.post("/claims", claim_body(5))
    items = (await service.get("/changes"))["items"]
    verbs = [
        (item["type"].split(".")[-3] + "." + item["type"].split(".")[-2], item["sequence"]) for item in items
    ]
    assert verbs == [
        ("decision.posted", "1"), ("budget.changed", "1"),
        ("decision.posted", "1"), ("budget.changed", "2"),
        ("decision.posted", "1"), ("budget.changed", "3"),
        ("decision.reversed", "2"), ("budget.changed", "4"),
        ("claim.stated", "1"),
    ]  # fmt: skip
    before, after = items[5]["data"]["budget"], items[7]["data"]["budget"]
    assert before["id"] == after["id"] == items[5]["subject"] == str(UUID(before["id"]))
    assert (before["disbursed"], before["last_disbursed_on"]) == (20, "2025-05-20")
    assert (after["disbursed"], after["last_disbursed_on"], after["remaining"]) == (0, None, 60)
    assert after["first_allocated_on"] == "2025-05-20"
    assert items[6]["data"]["decision"]["reversal"]["reason"] == "Sai"
    assert items[0]["data"]["decision"]["totals"] == [
        {"year": 2025, "level": "central", "nature": "capital", "amount": 100}
    ]
