"""The ledger's transfers, 20 clients on one hot account, against a plain SQL function called by as many clients.

Ours is the group commit as a request's route calls it: checks, then one call of `post_decisions` for all that wait, with
their decisions, postings, balances, budgets, audit entries and events, the answers, commit. The peer's function locks two
rows and inserts two postings, and nothing else; its clients call it in one transaction each on raw asyncpg connections. All
keep PostgreSQL's defaults, durability included.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count

import asyncpg
from fastapi import Response
from sqlalchemy import URL, text

from bench.common import Figure, Run, migrated, raw_connections, turns_per_second, warmed
from services.finance.api.posting import Order, Posting
from services.finance.domain.decisions import Header
from services.finance.domain.ledger import Field, Kind, Level, Line, Nature
from services.finance.schemas.decisions import DecisionOut
from services.finance.tables import Agency
from services.finance.use_cases.decisions import checked
from services.finance.use_cases.ledger import Posted
from shared.agencies import record_agency
from shared.events.tasks import AgencyRecorded
from shared.keys.viewers import EVERYTHING
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import SystemClock
from shared.runtime.database import Database
from tests.support.writing import run_alone, writing

CLIENTS = 20
LINES = 100
SINGLES = 1_000  # decisions of one line, of a run
HUNDREDS = 40  # decisions of a hundred
TRANSFERS = 1_000  # of the peer
MONEY = 10**14
DAY = date(2025, 5, 20)
_NUMBERS = count(1)  # of documents

_LIMITS_SINGLE = (
    "CPU of both sides in turn, 0.2 ms in Python and 0.3 in PostgreSQL for each: rows of the decision, its two postings, its"
    " audit entry and event with their indexes; the peer's clients keep both processors busy at once"
)
_LIMITS_HUNDRED = "CPU: a line's two postings with their indexes are 6 of its 14 µs in PostgreSQL"

_PEER = (
    "CREATE TABLE peer_accounts (id integer PRIMARY KEY, balance bigint NOT NULL)",
    "INSERT INTO peer_accounts VALUES (1, 0), (2, 0)",
    """
    CREATE TABLE peer_postings (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id integer NOT NULL, amount bigint NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE FUNCTION transfer(giver integer, taker integer, amount bigint) RETURNS void LANGUAGE sql BEGIN ATOMIC
        SELECT FROM peer_accounts WHERE id IN (giver, taker) ORDER BY id FOR UPDATE;
        INSERT INTO peer_postings (account_id, amount) VALUES (giver, -amount), (taker, amount);
    END
    """,
    "GRANT SELECT, INSERT, UPDATE ON peer_accounts, peer_postings TO dondoc_finance",
)


def _line(amount: int, agency: int) -> Line:
    return Line(
        2025, Level.CENTRAL, f"X{agency:02}", Nature.CAPITAL, Field.DIGITAL_TRANSFORMATION, "", amount
    )


async def _post(posting: Posting, kind: Kind, number: str, lines: list[Line]) -> None:
    entry = checked(Header(kind, number, DAY, DAY), lines, actor=SYSTEM, at=SystemClock().now())

    def answer(posted: Posted) -> Response:
        return Response(DecisionOut.of_posted(EVERYTHING, entry, posted).model_dump_json(), 201)

    await posting.submit(Order(entry, answer))


async def _prepare(url: URL) -> Database:
    database = await migrated(url, "finance", application="dondoc-finance")
    admin = Database(url)
    async with writing(admin) as session:
        for statement in _PEER:
            await session.execute(text(statement))
    async with writing(database) as session:
        for agency in range(LINES):
            body = AgencyRecorded(code=f"X{agency:02}", name="Bộ", bloc="government", level="central")
            await record_agency(session, Agency, body, version=1)
    funds = [_line(MONEY, agency) for agency in range(LINES)]
    for kind in (Kind.APPROVE, Kind.ALLOCATE):
        await _post(Posting(database, SystemClock()), kind, "0", funds)
    await admin.close()
    await run_alone(url, "VACUUM ANALYZE")
    return database


async def _posted(database: Database, turns: int, lines: list[Line]) -> float:
    """Decisions a second that disburse, each under a number of its own."""
    posting = Posting(database, SystemClock())
    return await turns_per_second(
        turns, CLIENTS, lambda _: _post(posting, Kind.DISBURSE, str(next(_NUMBERS)), lines)
    )


async def _transferred(idle: list[asyncpg.Connection]) -> float:
    async def transfer(_: int) -> None:
        connection = idle.pop()
        await connection.execute("SELECT transfer(1, 2, $1)", 1)
        idle.append(connection)

    return await turns_per_second(TRANSFERS, CLIENTS, transfer)


def _measure(url: URL, rounds: int) -> list[float]:
    """Per second: singles, lines of hundreds on the hot account and over many agencies, the peer's transfers."""
    hot = _line(1, 0)
    spread = [_line(1, agency) for agency in range(LINES)]
    with asyncio.Runner() as runner:
        database = runner.run(_prepare(url))
        connections = runner.run(raw_connections(url, CLIENTS))
        subjects: list[Callable[[], float]] = [
            lambda: runner.run(_posted(database, SINGLES, [hot])),
            lambda: runner.run(_posted(database, HUNDREDS, [hot] * LINES)) * LINES,
            lambda: runner.run(_posted(database, HUNDREDS, spread)) * LINES,
            lambda: runner.run(_transferred(connections)),
        ]
        try:
            return warmed(rounds, *subjects)
        finally:
            for connection in connections:
                runner.run(connection.close())
            runner.run(database.close())


def figures(run: Run) -> Iterator[Figure]:
    single, hundred, agencies, raw = _measure(run.database("ledger"), run.rounds)
    peer = "SQL function, two locks and two inserts, on raw asyncpg connections, per second"
    for name, value, unit, goal, limits in (
        ("single transfers on a hot account", single, "transfers/s", 0.5, _LIMITS_SINGLE),
        (f"decisions of {LINES} lines on a hot account", hundred, "lines/s", 10.0, _LIMITS_HUNDRED),
        (
            f"decisions of {LINES} lines over {LINES} agencies", agencies, "lines/s", None,
            "every decision locks the same hundred budgets, and writes a hundred events",
        ),
    ):  # fmt: skip
        whole = f"ledger: {name}, {CLIENTS} clients"
        yield Figure(whole, value, unit, peer, raw, goal, "at least", run.rounds, limits)
