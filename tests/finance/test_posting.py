"""Decisions that are posted together: each has the verdict that it would have alone, after those before it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi import Response
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.finance.api.posting import Order, Posting
from services.finance.domain.decisions import Header
from services.finance.domain.ledger import Field, Kind, Line
from services.finance.use_cases import ledger
from services.finance.use_cases.decisions import checked
from shared.errors import Refusal
from shared.http.idempotency import Claim
from shared.runtime.clock import ManualClock, local_instant
from shared.runtime.database import Database
from tests.conftest import Reused
from tests.finance.test_database import rows
from tests.finance.test_ledger import _DISCREPANCIES
from tests.finance.world import ACTOR, DAY, FinanceService, header, line, line_body, post, record_agencies
from tests.support.reused import emptied
from tests.support.writing import writing

AT = local_instant(DAY, 8)
LINES = st.lists(
    st.builds(
        line,
        st.integers(1, 9),
        st.sampled_from(["G06", "G12", "G12", "unknown"]),
        field=st.sampled_from([Field.DIGITAL_TRANSFORMATION, Field.DEFENCE_SECURITY]),
    ),
    min_size=1,
    max_size=3,
)
# Few days, numbers and amounts, so that decisions meet.
NUMBERS = ("1/QĐ", "01/QĐ", "1/QD", *(f"{number}/QĐ" for number in range(2, 20)))
HEADERS = st.builds(
    Header,
    st.sampled_from([Kind.APPROVE, Kind.ALLOCATE, Kind.ALLOCATE, Kind.DISBURSE, Kind.RECOVER, Kind.ADJUST]),
    st.sampled_from(NUMBERS),
    st.just(DAY - timedelta(days=3)),
    st.integers(0, 2).map(lambda days: DAY - timedelta(days=days)),
)
FUNDED = [
    Header(kind, "0/QĐ", DAY - timedelta(days=3), DAY - timedelta(days=1))
    for kind in (Kind.APPROVE, Kind.ALLOCATE)
]
_WRITTEN = (
    "SELECT id, number, entry, effective_on, line_count, amount, recorded_at FROM decisions ORDER BY id",
    (
        "SELECT decision_id, position, year, agency_code, field, stage, amount, effective_on, postings.recorded_at FROM postings "
        "JOIN accounts ON account_id = accounts.id ORDER BY decision_id, position"
    ),
    "SELECT agency_code, field, stage, balance, latest_effective_on, posting_count FROM accounts ORDER BY 1, 2, 3",
    (
        "SELECT agency_code, authority, unallocated, remaining, disbursed, first_allocated_on, last_disbursed_on, recorded_at "
        "FROM budgets ORDER BY agency_code"
    ),
    "SELECT entity_id, action, detail FROM audit ORDER BY entity_id",
    "SELECT type, subject, version, time, data FROM outbox WHERE type NOT LIKE '%.budget.%' ORDER BY subject",
    (
        "SELECT DISTINCT ON (1) data -> 'budget' ->> 'agency_code', data #- '{budget,id}' #- '{budget,version}' "
        "FROM outbox WHERE type LIKE '%.budget.%' ORDER BY 1, id DESC"
    ),
)


class _TakenBack(Exception): ...


async def _posted(database: Database, groups: list[list[ledger.Entry]]) -> list[Any]:
    """The verdicts of decisions that are posted group by group, and all rows that these leave; it is taken back."""
    found: list[Any] = []
    try:
        async with writing(database) as session:
            for group in groups:
                for verdict in await ledger.post_each(session, group, at=AT):
                    refused = isinstance(verdict, Refusal)
                    found.append((verdict.code, verdict.extra) if refused else verdict)
            found += [[tuple(row) for row in await session.execute(text(each))] for each in _WRITTEN]
            assert (await session.execute(text(_DISCREPANCIES))).all() == []
            raise _TakenBack
    except _TakenBack:
        return found


@pytest.fixture
def loop(reused: Reused) -> Iterator[tuple[asyncio.Runner, Database]]:
    with asyncio.Runner() as runner:
        context = emptied(runner.run(reused("finance")), "dondoc-finance")
        database = runner.run(context.__aenter__())
        runner.run(record_agencies(database))
        yield runner, database
        runner.run(context.__aexit__(None, None, None))


def _approve(number: str, effective_on: date = DAY) -> tuple[Header, list[Line], bool]:
    return header("approve", number, effective_on, DAY - timedelta(days=3)), [line(1)], False


@example([_approve("1/QĐ"), _approve("1/QD")])  # similar
@example([_approve("1/QĐ"), _approve("1/QĐ")])
@given(st.lists(st.tuples(HEADERS, LINES, st.sampled_from([False, False, True])), min_size=2, max_size=10))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_together_is_as_one_after_another(
    loop: tuple[asyncio.Runner, Database], decisions: list[tuple[Header, list[Line], bool]]
) -> None:
    runner, database = loop
    funds = [[checked(head, [line(10), line(10, "G06")], actor=ACTOR, at=AT)] for head in FUNDED]
    entries = [
        checked(head, lines, similar_is_meant=meant, actor=ACTOR, at=AT) for head, lines, meant in decisions
    ]
    together = runner.run(_posted(database, [*funds, entries]))
    assert together == runner.run(_posted(database, [*funds, *([entry] for entry in entries)]))


# --- group commit ---------------------------------------------------------------------------------------------------


async def test_each_request_of_a_group_has_its_own_answer(service: FinanceService) -> None:
    await service.fund(100, 100)
    bodies = [service.decision("disburse", line_body(amount)) for amount in (30, 40, 500, 20)]

    async def ask(body: dict[str, Any], key: str) -> Any:
        return await service.send("POST", "/decisions", json=body, headers={"Idempotency-Key": key})

    sent = [(body, f"key {number}") for number, body in enumerate(bodies)]
    *answers, repeated = await asyncio.gather(*(ask(body, key) for body, key in [*sent, sent[0]]))
    outcomes = [answer.json().get("code", answer.json().get("amount")) for answer in answers]
    assert outcomes == [30, 40, "insufficient", 20]
    assert repeated.json() == answers[0].json()
    replayed = ["Idempotency-Replayed" in answer.headers for answer in (answers[0], repeated)]
    assert sorted(replayed) == [False, True]
    assert (await service.get("/balances"))["total"]["disbursed"] == 90
    for answer in (answers[0], answers[1]):
        stored = await service.get(answer.headers["Location"].removeprefix("/finance/v1"))
        assert answer.json() == {name: stored[name] for name in answer.json()}
    assert (await ask(bodies[3], "key 0")).json()["code"] == "idempotency_key_reused"
    again = await ask(bodies[2], "key 2")  # a refused request keeps no key
    assert again.json()["code"] == "insufficient"
    assert "Idempotency-Replayed" not in again.headers


def _order(number: str, amount: int, agency: str = "G12", claim: Claim | None = None) -> Order:
    entry = checked(header("approve", number), [line(amount, agency)], actor=ACTOR, at=AT)
    return Order(entry, lambda posted: Response(str(posted.entry)), claim)


async def test_an_unexpected_error_of_one_is_none_of_the_others(
    database: Database, clock: ManualClock
) -> None:
    known = await post(database, clock, header("approve", "1"), [line(1)])
    broken = _order("2", 5)
    broken = replace(broken, entry=replace(broken.entry, id=known))
    posting = Posting(database, clock)
    orders = [_order("3", 10), broken, _order("4", 20)]
    outcomes = await asyncio.gather(*map(posting.submit, orders), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Response, IntegrityError, Response]
    assert await rows(database, "SELECT unallocated FROM budgets") == [(31,)]


async def test_who_waits_for_a_lock_holds_no_other_back(
    database: Database, admin: Database, clock: ManualClock
) -> None:
    await post(database, clock, header("approve", "1"), [line(1, "G06"), line(1, "G12")])
    posting = Posting(database, clock)
    async with writing(admin) as holder:
        await holder.execute(text("SELECT FROM budgets WHERE agency_code = 'G06' FOR UPDATE"))
        waiting = asyncio.create_task(posting.submit(_order("2", 2, "G06")))
        for number in ("3", "4"):
            await posting.submit(_order(number, 4))
        assert not waiting.done()
    await waiting
    assert await rows(database, "SELECT agency_code, unallocated FROM budgets ORDER BY 1") == [
        ("G06", 3),
        ("G12", 9),
    ]


async def test_who_goes_away_meanwhile_finds_his_verdict_by_his_key(
    database: Database, clock: ManualClock
) -> None:
    posting, claim = Posting(database, clock), Claim("caller", "key", b"fingerprint")
    order = _order("1", 10, claim=claim)

    def gone(posted: ledger.Posted) -> Response:
        asked.cancel()
        return order.answer(posted)

    asked = asyncio.create_task(posting.submit(replace(order, answer=gone)))
    with pytest.raises(asyncio.CancelledError):
        await asked
    again = await posting.submit(_order("1", 10, claim=claim))
    assert (again.body, again.headers["Idempotency-Replayed"]) == (b"1", "true")
    assert await rows(database, "SELECT unallocated, version FROM budgets") == [(10, 1)]
