"""PostgreSQL and what serves are killed with -9 in the middle of a decision of thousands of lines, at several moments."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from services.finance.tables import Agency
from shared.runtime.database import Database, driver_connection
from shared.runtime.embedded_postgres import EmbeddedPostgres
from tests.support.deployed import admin_key, caller, know_agencies, opened
from tests.support.postgres import kill, own_postgres, revive
from tests.support.processes import Deployment, deployment_env, run, until

SERVE = ("serve", "finance")
PATH = "/finance/v1/decisions"
AGENCIES = [f"G{number:02}" for number in range(25)]
DIMENSIONS = [
    {
        "year": 2025,
        "level": "central",
        "agency_code": agency,
        "nature": nature,
        "field": field,
        "source": f"N{source}",
    }
    for agency, nature, field, source in product(
        AGENCIES,
        ("capital", "recurrent"),
        ("science_innovation", "digital_transformation"),
        range(10),
    )
]
LINES = 3 * len(DIMENSIONS)
FUNDED, ASKED = 1_000, 5  # đồng of each dimension, and of each line

# What a decision waits for while it is under way. It has then: its key and some budgets; all postings and some
# balances; everything but its events.
MOMENTS = {
    "budgets": "SELECT FROM budgets WHERE agency_code = 'G12' FOR UPDATE",
    "accounts": "SELECT FROM accounts WHERE agency_code = 'G12' FOR NO KEY UPDATE",
    "events": "LOCK TABLE outbox IN SHARE MODE",
}
WAITING = (
    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'dondoc-finance' AND wait_event_type = 'Lock'"
)
POSTED = "SELECT id FROM decisions WHERE number = :number"

# Each finds what does not agree: with itself, or with what the postings say.
BROKEN = {
    "a decision's postings are all there and sum to zero": """
        SELECT id FROM decisions LEFT JOIN postings ON decision_id = id GROUP BY id, line_count
        HAVING count(decision_id) <> 2 * line_count OR sum(postings.amount) <> 0
    """,
    "no posting without its decision": """
        SELECT decision_id FROM postings WHERE NOT EXISTS (SELECT FROM decisions WHERE decisions.id = decision_id)
    """,
    "an account holds what was posted to it": """
        SELECT accounts.id FROM accounts LEFT JOIN postings ON account_id = accounts.id
        GROUP BY accounts.id, balance, posting_count
        HAVING balance <> coalesce(sum(amount), 0) OR posting_count <> count(amount)
    """,
    "a budget holds what its accounts hold": """
        SELECT agency_code FROM budgets LEFT JOIN accounts USING (year, level, agency_code)
        GROUP BY year, level, agency_code, authority, unallocated, remaining
        HAVING authority <> coalesce(sum(balance) FILTER (WHERE stage = 'authority'), 0)
            OR unallocated <> coalesce(sum(balance) FILTER (WHERE stage = 'unallocated'), 0)
            OR remaining <> coalesce(sum(balance) FILTER (WHERE stage = 'remaining'), 0)
    """,
    "a decision is told once and audited once": """
        SELECT id FROM decisions
        WHERE (SELECT count(*) FROM outbox WHERE subject = decisions.id::text) <> 1
           OR (SELECT count(*) FROM audit WHERE entity_id = decisions.id::text AND action = 'post') <> 1
    """,
    "each version of a budget is told once": """
        SELECT agency_code FROM budgets
        WHERE ARRAY(SELECT o.version FROM outbox o WHERE subject = budgets.id::text ORDER BY 1)
           <> ARRAY(SELECT generate_series(1, budgets.version))
    """,
    "nothing is told of what is not there": """
        SELECT subject FROM outbox WHERE type LIKE '%.decision.posted.v1'
        AND NOT EXISTS (SELECT FROM decisions WHERE decisions.id::text = subject)
    """,
}


@dataclass
class Ledger:
    """A finance service of its own, served by one process on a server of its own."""

    server: EmbeddedPostgres
    deployment: Deployment
    database: Database
    client: httpx2.AsyncClient

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.reading() as connection:
            return list((await connection.execute(text(statement), values)).all())

    async def send(self, kind: str, number: str, amount: int, times: int = 1) -> httpx2.Response:
        """A decision of all dimensions; the same again for the same number."""
        lines = [dimension | {"amount": amount} for dimension in DIMENSIONS * times]
        day = "2025-05-20"
        body = {"kind": kind, "number": number, "issued_on": day, "effective_on": day, "lines": lines}
        return await self.client.post(PATH, json=body, headers={"Idempotency-Key": f"key of {number}"})

    async def allocate(self, number: str) -> httpx2.Response:
        return await self.send("allocate", number, ASKED, times=3)

    async def require_whole(self) -> None:
        for rule, statement in BROKEN.items():
            assert await self.rows(statement) == [], rule


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    with own_postgres() as owned:
        yield owned


@pytest.fixture
async def ledger(server: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[Ledger]:
    url = await asyncio.to_thread(server.start)
    env = deployment_env(url, "127.0.0.1:9", "2025-05-23T09:00", "ledger")
    env["DONDOC_CLOCK_ANCHOR"] = datetime.now(UTC).isoformat()  # or the clock would go back at every start
    await asyncio.to_thread(run, "migrate", "finance", env=env)
    deployment = Deployment(env, tmp_path)
    try:
        await deployment.start(SERVE)
        async with opened(env, "finance") as database:
            await know_agencies(database, Agency, AGENCIES)
            key = admin_key(env)
            async with caller(deployment.url("finance"), key) as client:
                ledger = Ledger(server, deployment, database, client)
                funded = await ledger.send("approve", "1/QD-TTg", FUNDED)
                assert funded.status_code == 201, funded.text
                yield ledger
    finally:
        deployment.end()


@asynccontextmanager
async def _under_way(
    ledger: Ledger, moment: str, number: str
) -> AsyncIterator[asyncio.Task[httpx2.Response]]:
    """A decision that waits for a lock of ours, or has just been committed while its answer is on its way."""

    async def waits() -> bool:
        return bool(await ledger.rows(WAITING))

    async def is_posted() -> bool:
        return bool(await ledger.rows(POSTED, number=number))

    if moment == "answer":
        asked = asyncio.create_task(ledger.allocate(number))
        await until(is_posted)
        yield asked
        return
    lock = await driver_connection(ledger.database)
    try:
        await lock.execute(f"BEGIN; {MOMENTS[moment]}")
        asked = asyncio.create_task(ledger.allocate(number))
        await until(waits)
        yield asked
    finally:
        lock.terminate()  # its server may be gone; where it is not, the decision goes on


async def _kill_what_serves(ledger: Ledger, moment: str, number: str) -> None:
    async with _under_way(ledger, moment, number) as asked:
        ledger.deployment.processes[SERVE].kill()
        try:
            assert (await asked).status_code == 201
            assert moment == "answer"
        except httpx2.TransportError:
            pass
    await ledger.deployment.start(SERVE)


async def _kill_the_database(ledger: Ledger, moment: str, number: str) -> None:
    async with _under_way(ledger, moment, number) as asked:
        killed = kill(ledger.server)
        answer = await asked
    # where the answer to COMMIT is lost, what serves cannot know that it came true
    assert answer.status_code in ({201, 503} if moment == "answer" else {503}), answer.text
    await revive(ledger.server, killed)
    await ledger.deployment.answers(SERVE, "readyz")


async def test_a_decision_is_posted_whole_and_once_or_not_at_all(ledger: Ledger) -> None:
    turns = list(product([*MOMENTS, "answer"], [_kill_what_serves, _kill_the_database]))
    for turn, (moment, strike) in enumerate(turns, start=1):
        number = f"{turn}/QD-BTC"
        await strike(ledger, moment, number)
        await ledger.require_whole()
        before = await ledger.rows(POSTED, number=number)
        assert len(before) == (moment == "answer")  # nothing was committed while it waited

        answers = [await ledger.allocate(number) for _ in range(2)]
        assert {answer.status_code for answer in answers} == {201}, answers[0].text
        [(posted,)] = await ledger.rows(POSTED, number=number)
        assert {answer.json()["id"] for answer in answers} == {str(posted)}
        assert ["idempotency-replayed" in answer.headers for answer in answers] == [bool(before), True]
        assert answers[0].json()["line_count"] == LINES
        await ledger.require_whole()
        await _balances_say(ledger, allocated=turn * LINES * ASKED)
    [(decisions, postings)] = await ledger.rows(
        "SELECT (SELECT count(*) FROM decisions), (SELECT count(*) FROM postings)"
    )
    assert decisions == 1 + len(turns)
    assert postings == 2 * (len(DIMENSIONS) + len(turns) * LINES)


async def _balances_say(ledger: Ledger, *, allocated: int) -> None:
    approved = FUNDED * len(DIMENSIONS)
    answer = await ledger.client.get("/finance/v1/balances", params={"year": 2025, "group_by": "agency"})
    assert answer.status_code == 200, answer.text
    total, items = answer.json()["total"], answer.json()["items"]
    assert (total["approved"], total["allocated"], total["unallocated"]) == (
        approved, allocated, approved - allocated,
    )  # fmt: skip
    assert total["remaining"] == allocated
    assert {item["allocated"] for item in items} == {allocated // len(AGENCIES)}
    assert len(items) == len(AGENCIES)
