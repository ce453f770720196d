"""Money is seen by its agency and those above it; money of defence and security by keys that say so."""

from typing import Any

import pytest

from shared.http.pagination import encode_cursor
from tests.finance.treasury import csv, outcomes, problems, send
from tests.finance.world import FinanceService, line_body

DEFENCE = {"field": "defence_security"}
COMMUNE = {"level": "commune"}
OPEN, SECRET = 100, 7_000  # amounts that are told apart in any sum


@pytest.fixture
async def told(service: FinanceService) -> dict[str, Any]:
    """Ids of decisions: of the commune below 01 alone, of it and G12 together, of defence and security alone."""
    made = {
        "commune": await service.decide("approve", line_body(OPEN, "00004", **COMMUNE)),
        "both": await service.decide(
            "approve",
            line_body(OPEN, "00004", nature="recurrent", **COMMUNE),
            line_body(2 * OPEN, "G12"),
            line_body(SECRET, "G12", **DEFENCE),
        ),
        "secret": await service.decide("approve", line_body(SECRET, "G12", **DEFENCE)),
    }
    return {name: decision["id"] for name, decision in made.items()}


def of(agency: str, *, defence: bool = False) -> dict[str, Any]:
    return {"role": "agency", "agency": agency, "defence": defence}


async def listed(service: FinanceService, **caller: Any) -> dict[str, tuple[int, int, bool]]:
    """(lines, amount, whether in part) of each decision that a key is shown; the same when asked by its id."""
    page = await service.get("/decisions", **caller)
    for item in page["items"]:
        one = await service.get(f"/decisions/{item['id']}", **caller)
        assert {name: one[name] for name in item} == item
        assert sum(line["amount"] for line in one["lines"]) == item["amount"]
        assert len(one["lines"]) == item["line_count"]
    return {item["id"]: (item["line_count"], item["amount"], item["in_part"]) for item in page["items"]}


async def test_of_a_decision_an_agency_sees_its_own_lines(
    service: FinanceService, told: dict[str, Any]
) -> None:
    assert await listed(service) == {
        told["commune"]: (1, OPEN, False),
        told["both"]: (3, 3 * OPEN + SECRET, False),
        told["secret"]: (1, SECRET, False),
    }
    for agency in ("00004", "01"):  # itself, and the province above
        assert await listed(service, **of(agency)) == {
            told["commune"]: (1, OPEN, False),
            told["both"]: (1, OPEN, True),
        }
    assert await listed(service, **of("48")) == {}
    refused = await service.send("GET", f"/decisions/{told['commune']}", **of("G12"))
    assert (refused.status_code, refused.json()["code"]) == (403, "other_tenant")


async def test_of_a_decision_other_keys_see_no_defence_and_security(
    service: FinanceService, told: dict[str, Any]
) -> None:
    for caller in ({"role": "office"}, {"role": "admin"}, {"role": "reader"}, {"role": "auditor"}):
        assert await listed(service, **caller, defence=False) == {
            told["commune"]: (1, OPEN, False),
            told["both"]: (2, 3 * OPEN, True),
        }
    assert await listed(service, **of("G12")) == {told["both"]: (1, 2 * OPEN, True)}
    assert await listed(service, **of("G12", defence=True)) == {
        told["both"]: (2, 2 * OPEN + SECRET, True),
        told["secret"]: (1, SECRET, False),
    }
    refused = await service.send("GET", f"/decisions/{told['secret']}", role="reader", defence=False)
    assert (refused.status_code, refused.json()["code"]) == (403, "defence_security_refused")


async def test_of_a_decision_seen_in_part_nothing_tells_of_the_rest(service: FinanceService) -> None:
    """Neither a line's number nor a cursor counts what is not seen; the reason of a reversal speaks of the whole."""
    lines = [
        line_body(OPEN, agency, source=f"S{number}", **changes)
        for number in range(2)
        for agency, changes in (("G06", {}), ("G12", DEFENCE), ("G12", {}))
    ]
    decision = await service.decide("approve", *lines)
    undo = {"reason": "Nhầm khoản của Bộ Công an", "effective_on": "2025-05-20"}
    reversal = await service.post(f"/decisions/{decision['id']}/reversal", undo)
    assert reversal["reason"] == undo["reason"]
    for id_ in (decision["id"], reversal["id"]):
        first = await service.get(f"/decisions/{id_}", params={"limit": 1}, **of("G12"))
        again = {"limit": 1, "cursor": first["next_cursor"]}
        second = await service.get(f"/decisions/{id_}", params=again, **of("G12"))
        shown = [(line["line"], line["source"]) for page in (first, second) for line in page["lines"]]
        assert shown == [(1, "S0"), (2, "S1")]
        assert (first["in_part"], first["reason"], second["next_cursor"]) == (True, None, None)
        assert first["next_cursor"] == encode_cursor(1)
    assert {item["reason"] for item in (await service.get("/decisions", **of("G12")))["items"]} == {None}


async def test_an_agency_pages_through_its_own_decisions(service: FinanceService) -> None:
    for number in range(3):
        await service.fund(10, 5, agency="00004", level="commune", source=f"S{number}")
        await service.fund(10, 5)

    async def pages(**asked: Any) -> list[Any]:
        found: list[Any] = []
        while True:
            page = await service.get("/decisions", params={"limit": 2, **asked}, **of("01"))
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            asked["cursor"] = page["next_cursor"]

    whole = (await service.get("/decisions", **of("00004")))["items"]
    assert len(whole) == 6
    assert await pages() == whole
    assert await pages(kind="allocate") == [item for item in whole if item["kind"] == "allocate"]
    assert await pages(number=whole[2]["number"]) == [whole[2]]


async def approved(service: FinanceService, caller: dict[str, Any], **asked: Any) -> tuple[int, Any]:
    told = await service.get("/balances", params=asked, **caller)
    assert sum(item["approved"] for item in told["items"]) in {0, told["total"]["approved"]}
    return told["total"]["approved"], told["coverage"]


@pytest.mark.usefixtures("told")
async def test_balances_are_those_that_the_key_sees(service: FinanceService) -> None:
    without = {"within": None, "fields_excluded": ["defence_security"]}
    for group_by in ("agency", "level", "nature", "field", "source", "year"):
        asked = {"group_by": group_by}
        everything = (4 * OPEN + 2 * SECRET, {"within": None, "fields_excluded": []})
        assert await approved(service, {"role": "reader"}, **asked) == everything
        assert await approved(service, {"role": "office", "defence": False}, **asked) == (4 * OPEN, without)
        assert await approved(service, of("01"), **asked) == (2 * OPEN, without | {"within": "01"})
        assert await approved(service, of("48"), **asked) == (0, without | {"within": "48"})
    assert (await approved(service, of("01"), agency="00004"))[0] == 2 * OPEN
    for path in ("/balances", "/disbursement", "/claims"):
        for asked, code in (({"agency": "G12"}, "other_tenant"), (DEFENCE, "defence_security_refused")):
            answer = await service.send("GET", path, params={"year": 2025, **asked}, **of("01"))
            assert (answer.status_code, answer.json()["code"]) == (403, code), path


async def test_disbursement_by_level_is_public_and_nothing_else(service: FinanceService) -> None:
    await service.fund(10, 10, 5, agency="00004", level="commune")
    await service.fund(100, 100, 50)
    await service.fund(1_000, 1_000, 500, field="defence_security")

    async def asked(caller: dict[str, Any], **params: Any) -> tuple[int, Any]:
        told = await service.get("/disbursement", params={"year": 2025, **params}, **caller)
        assert sum(item["numerator"] for item in told["items"]) == told["total"]["numerator"]
        return told["total"]["numerator"], told["coverage"]["within"]

    assert await asked(of("48")) == await asked(of("48", defence=True)) == (55, None)
    for narrower in (
        {"group_by": "agency"},
        {"group_by": "nature"},
        {"level": "commune"},
        {"nature": "capital"},
    ):
        assert await asked(of("48"), **narrower) == (0, "48")
        assert await asked(of("01"), **narrower) == (5, "01")
    whole = {"include_defence_security": "true"}
    assert await asked({"role": "reader"}, **whole) == (555, None)
    assert await asked(of("G12", defence=True), **whole) == (550, "G12")
    for caller in ({"role": "office", "defence": False}, of("G12")):
        answer = await service.send("GET", "/disbursement", params={"year": 2025, **whole}, **caller)
        assert (answer.status_code, answer.json()["code"]) == (403, "defence_security_refused")


def claim(agency: str, amount: int, **changes: Any) -> dict[str, Any]:
    whole = {"stage": "proposed", "stated_on": "2025-05-20", **line_body(amount, agency)}
    return whole | changes


async def test_claims_are_seen_by_who_states_them_and_those_above(service: FinanceService) -> None:
    await service.post("/claims", claim("00004", OPEN, **COMMUNE))
    await service.post("/claims", claim("G12", 2 * OPEN))
    await service.post("/claims", claim("G12", SECRET, **DEFENCE))

    async def total(**caller: Any) -> int:
        page = await service.get("/claims", **caller)
        amount: int = page["total"]["amount"]
        assert sum(item["amount"] for item in page["items"]) == amount
        assert page["total"]["agencies"] == len({item["agency_code"] for item in page["items"]})
        return amount

    assert await total(role="reader") == 3 * OPEN + SECRET
    assert await total(role="reader", defence=False) == 3 * OPEN
    assert await total(**of("01")) == await total(**of("00004")) == OPEN
    assert await total(**of("G12")) == 2 * OPEN
    assert await total(**of("G12", defence=True)) == 2 * OPEN + SECRET
    assert await total(**of("48")) == 0


async def test_money_of_defence_and_security_is_moved_by_keys_that_see_it(
    service: FinanceService, told: dict[str, Any]
) -> None:
    blind = {"role": "office", "defence": False}
    decision = service.decision("approve", line_body(1), line_body(1, **DEFENCE))
    undo = {"reason": "Nhầm", "effective_on": "2025-05-20"}
    before = await service.counts()
    for path, body, caller in (
        ("/decisions", decision, blind),
        ("/claims", claim("G12", 1, **DEFENCE), of("G12")),
        (f"/decisions/{told['both']}/reversal", undo, blind),
        (f"/decisions/{told['secret']}/reversal", undo, blind),
    ):
        refused = await service.refused(path, body, 403, **caller)
        assert refused["code"] == "defence_security_refused", path
    assert await service.counts() == before
    await service.post(f"/decisions/{told['commune']}/reversal", undo, **blind)
    await service.post(f"/decisions/{told['both']}/reversal", undo)


async def test_an_import_refuses_rows_of_defence_and_security(funded: FinanceService) -> None:
    await funded.fund(SECRET * 10**6, SECRET * 10**6, **DEFENCE)
    rows = csv("1;G12;TW;ĐTPT;CĐS;1;20/05/2025;PC01", "2;G12;TW;ĐTPT;QPAN;1;20/05/2025;PC02")
    blind = await funded.send(
        "POST", "/imports", defence=False, data={"year": 2025}, files={"file": ("a.csv", rows)}
    )
    assert outcomes(blind.json()) == ["accepted", "refused"]
    assert problems(blind.json()) == [[], ["defence_security_refused"]]
    assert outcomes(await send(funded, rows)) == ["accepted", "accepted"]


async def test_budgets_leave_defence_and_security_out(service: FinanceService, told: dict[str, Any]) -> None:
    """Also in the version that such money makes."""
    [budget] = await service.rows("SELECT * FROM budgets WHERE agency_code = 'G12'")
    assert (budget.authority, budget.version) == (-2 * OPEN, 2)
    states = [data["budget"] for verb, _, data in await service.events(str(budget.id)) if verb == "changed"]
    assert [state["approved"] for state in states] == [2 * OPEN] * 2
    assert all(state["fields_excluded"] == ["defence_security"] for state in states)
    await service.decide("allocate", line_body(1, "G12", **DEFENCE))
    [budget] = await service.rows("SELECT * FROM budgets WHERE agency_code = 'G12'")
    assert (budget.unallocated, budget.first_allocated_on) == (2 * OPEN, None)
    assert told["secret"]


async def test_the_feed_tells_decisions_of_which_all_is_seen(
    service: FinanceService, told: dict[str, Any]
) -> None:
    await service.post("/claims", claim("00004", OPEN, **COMMUNE))
    await service.post("/claims", claim("G12", SECRET, **DEFENCE))

    async def feed(**caller: Any) -> tuple[list[str], set[str], int]:
        """Decisions by name, agencies of budgets, number of claims."""
        page = await service.get("/changes", params={"limit": 500}, **caller)
        data = [event["data"] for event in page["items"]]
        names = {decision_id: name for name, decision_id in told.items()}
        return (
            [names[each["decision"]["id"]] for each in data if "decision" in each],
            {each["budget"]["agency_code"] for each in data if "budget" in each},
            len([each for each in data if "claim" in each]),
        )

    everyone = {"00004", "G12"}
    assert await feed(role="reader") == (["commune", "both", "secret"], everyone, 2)
    assert await feed(role="office", defence=False) == (["commune"], everyone, 1)
    for agency in ("00004", "01"):
        assert await feed(**of(agency)) == (["commune"], {"00004"}, 1)
    assert await feed(**of("G12")) == ([], {"G12"}, 0)
    assert await feed(**of("G12", defence=True)) == (["secret"], {"G12"}, 1)
    assert await feed(**of("48")) == ([], set(), 0)
    # an event from before budgets left that money out
    await service.execute(
        "UPDATE outbox SET data = data #- '{budget,fields_excluded}' WHERE type LIKE '%budget.changed.v1'"
    )
    assert await feed(role="office", defence=False) == (["commune"], {"00004"}, 1)
    assert (await feed(role="office"))[1] == everyone
