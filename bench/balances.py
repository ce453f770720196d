"""Balances for pairs of day and state of knowledge over 2,000,000 postings, against one sequential scan of the same rows.

The scan sums the amounts that the same two-clock condition admits; the bare scan sums all, without a condition. Ours
gives the balance of every stage, for the whole and for each agency. The pairs lie at the ledger's ends, in its middle
and where the two clocks are far apart; the worst one is the figure. The database is the embedded one.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from statistics import median

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.common import Figure, Run, migrated
from services.finance.queries.balances import BalanceQuery, read_balances
from shared.keys.viewers import EVERYTHING
from shared.runtime.database import Database
from tests.support.writing import run_alone, writing

DECISIONS = 10_000
LINES = 100  # of a decision
POSTINGS = 2 * DECISIONS * LINES
DAYS = 365
RUNS, QUICK_RUNS = 3, 1  # of each pair
LIMIT = 2.0  # of the scan's time: figures of any moment cost no more than reading the rows twice
FIRST = date(2025, 1, 1)

# 600 dimensions; six decisions approve money for all of them, the next six allocate some of it, the next six disburse
# some of that. A decision is recorded up to thirty days after it took effect.
_FILL = (
    "SET LOCAL session_replication_role = replica",  # the rows balance: the triggers need not check it
    "SET LOCAL statement_timeout = 0",
    """
    INSERT INTO agencies (code, version, name, bloc, level, aliases, predecessors)
    SELECT 'X' || n, 1, 'Bộ', 'government', 'central', '{}', '[]' FROM generate_series(0, 99) AS n
    """,
    """
    INSERT INTO decisions (id, kind, number, normal_form, similar_form, issued_on, entry, effective_on, line_count, amount, actor, recorded_at)
    SELECT gen_random_uuid(), (ARRAY['approve', 'allocate', 'disburse'])[n / 6 % 3 + 1], n, n, n, day, 1, day, :lines,
           :lines * (3 - n / 6 % 3), 'bench', day + n * 7919 % 30 + interval '3 hours'
    FROM generate_series(0, :decisions - 1) AS n
    CROSS JOIN LATERAL (SELECT CAST(:first AS date) + n * :days / :decisions - n * 7919 % 30 AS day) AS held
    """,
    """
    INSERT INTO postings (decision_id, position, account_id, amount, effective_on, recorded_at)
    SELECT id, 2 * line + 1 + side, 1 + 600 * (n / 6 % 3 + side) + (100 * n + line) % 600,
           (2 * side - 1) * amount / line_count, effective_on, recorded_at
    FROM (SELECT *, CAST(number AS integer) AS n FROM decisions) AS decision,
         generate_series(0, :lines - 1) AS line, generate_series(0, 1) AS side
    ORDER BY n, line, side
    """,
    """
    INSERT INTO accounts (id, year, level, agency_code, nature, field, source, stage, balance, latest_effective_on,
                          posting_count) OVERRIDING SYSTEM VALUE
    SELECT account_id, 2025, 'central', 'X' || n % 100, (ARRAY['capital', 'recurrent'])[n / 100 % 2 + 1],
           (ARRAY['science_innovation', 'digital_transformation', 'defence_security'])[n / 200 + 1], '',
           (ARRAY['authority', 'unallocated', 'remaining', 'disbursed'])[(account_id - 1) / 600 + 1],
           sum(amount), max(effective_on), count(*)
    FROM postings CROSS JOIN LATERAL (SELECT (account_id - 1) % 600 AS n) AS dimension
    GROUP BY account_id, n
    """,
)
_SCAN = text("SELECT sum(amount) FROM postings WHERE effective_on <= :as_of AND recorded_at <= :known_at")
_BARE = text("SELECT sum(amount) FROM postings")


def _pairs() -> list[BalanceQuery]:
    """Both clocks at a quarter, half, three quarters and the whole of the ledger's year, in every combination."""
    days = [FIRST + timedelta(days=DAYS * quarter // 4) for quarter in range(1, 5)]
    return [
        BalanceQuery(as_of, datetime(known.year, known.month, known.day, 12, tzinfo=UTC))
        for as_of in days
        for known in days
    ]


@asynccontextmanager
async def _filled(server: URL) -> AsyncIterator[Database]:
    database = await migrated(server.set(database="bench_balances"), "finance")
    values = {"decisions": DECISIONS, "lines": LINES, "days": DAYS, "first": FIRST}
    try:
        async with writing(database) as session:
            for statement in _FILL:
                needed = {name: value for name, value in values.items() if f":{name}" in statement}
                await session.execute(text(statement), needed)
        await run_alone(database.url, "VACUUM ANALYZE")
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM postings"))).scalar_one() == POSTINGS
        yield database
    finally:
        await database.close()


async def _milliseconds(act: Awaitable[object]) -> float:
    began = time.perf_counter()
    await act
    return (time.perf_counter() - began) * 1000


async def _measure(server: URL, runs: int) -> list[tuple[float, float, float]]:
    """Medians of each pair in milliseconds: ours, the scan under the same condition, the bare scan."""
    async with _filled(server) as database, database.reading() as ours, database.reading() as scanning:
        for setting in ("indexscan", "indexonlyscan", "bitmapscan"):
            await scanning.execute(text(f"SET enable_{setting} = off"))
        return [await _compare(ours, scanning, query, runs) for query in _pairs()]


async def _compare(
    ours: AsyncConnection, scanning: AsyncConnection, query: BalanceQuery, runs: int
) -> tuple[float, float, float]:
    moment = {"as_of": query.as_of, "known_at": query.known_at}
    found = [
        (
            await _milliseconds(read_balances(ours, query, EVERYTHING, "agency")),
            await _milliseconds(scanning.execute(_SCAN, moment)),
            await _milliseconds(scanning.execute(_BARE)),
        )
        for _ in range(runs)
    ]
    balances, scan, bare = (median(column) for column in zip(*found, strict=True))
    return balances, scan, bare


def figures(run: Run) -> Iterator[Figure]:
    runs = QUICK_RUNS if run.quick else RUNS
    measured = asyncio.run(_measure(run.server, runs))
    ours, scan, _ = max(measured, key=lambda pair: pair[0] / pair[1])
    ours_bare, _, bare = max(measured, key=lambda pair: pair[0] / pair[2])
    name = f"balances by agency over {POSTINGS:,} postings, the worst of {len(measured)} pairs of clocks"
    limits = "adding up by account, in the middle of the ledger, where both of its ends are far"
    yield Figure(
        name, ours, "ms", "sequential scan under the same condition", scan, LIMIT, "under", runs, limits
    )
    yield Figure(
        f"{name}, to the bare scan", ours_bare, "ms", "sequential scan", bare, None, "under", runs, limits
    )
