"""Heartbeats over HTTP, single ones by 32 connections and a thousand in one request, against bare inserts of the same rows.

Ours checks the key and the owner, adds the heartbeat and moves its database's watch. The peer inserts the same row into the
same table, one statement each by asyncpg, a thousand by one executemany; it reports for databases of its own. Each
heartbeat is a new one, in order, of a database that is up, as nearly all are.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.client import Client, Load, client_process
from bench.common import Figure, Run, migrated
from bench.http_figures import Bench, Question, count_round_trips
from bench.peer_reads import peer_pool
from bench.round_trips import counted
from bench.serving import Serving, both, post, token
from services.datasets.tables import Agency
from services.datasets.use_cases.databases import NewDatabase, register_database
from services.datasets.use_cases.declarations import record_declaration
from services.datasets.use_cases.watching import WatchRules
from shared.agencies import record_agency
from shared.events.tasks import AgencyRecorded
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import SystemClock, local_date
from tests.support.writing import writing

DATABASES = 200  # of each side
CONNECTIONS = 32
SINGLES, BATCH, BATCHES = 16_000, 1_000, 40  # requests of each side
COUNTED = 16  # more, whose round trips are counted
GOAL = 0.5
AGAINST = "bare asyncpg insert of the same row"
STEP = timedelta(milliseconds=20)  # between two heartbeats of a database
FIRST_AGO = timedelta(minutes=10)  # the agreed period is an hour: all of them are recent
RULES = WatchRules(silent_after=timedelta(days=7), downtime=timedelta(seconds=30))

_INSERT = """
INSERT INTO heartbeats (database_code, run_id, observed_at, record_count, last_sync_at, note, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, now())
"""


def figures(run: Run) -> Iterator[Figure]:
    url = run.database("heartbeats")
    asyncio.run(_prepare(url))
    made = _Made(datetime.now(UTC) - FIRST_AGO)
    # in the order of their instants: a heartbeat older than its database's last one is looked at more closely
    earliest = [made.singles(side, 3 * DATABASES) for side in "OP"]
    counted_ones, counted_batches = _single(made, COUNTED), _batch(made, COUNTED)
    single, batch = _single(made, SINGLES), _batch(made, BATCHES)
    with client_process() as client:
        with counted(url) as (proxied, counter), both("datasets", application, proxied) as sides:
            _bring_up(client, earliest, sides)
            trips = count_round_trips(counter, client, sides, [counted_ones, counted_batches])
        with both("datasets", application, url) as sides:
            bench = Bench(run, client, None, sides, trips)
            yield bench.measure(single, CONNECTIONS)
            yield bench.measure(batch, 1)


def _single(made: "_Made", number: int) -> Question:
    return Question(
        "heartbeat", made.singles("O", number), made.singles("P", number), AGAINST, GOAL, once=True
    )


def _batch(made: "_Made", number: int) -> Question:
    ours, peer = made.batches("O", number), made.batches("P", number)
    return Question(f"{BATCH:,} heartbeats in a request", ours, peer, f"{AGAINST}, by executemany", once=True)


class _Made:
    """Requests with heartbeats in the order of their instants."""

    def __init__(self, first: datetime) -> None:
        self._at = first
        self._key = token()

    def singles(self, side: str, number: int) -> list[bytes]:
        return [
            post(f"/datasets/v1/databases/{row.pop('database_code')}/heartbeats", self._key, json.dumps(row).encode())
            for row in self._rows(side, number)
        ]  # fmt: skip

    def batches(self, side: str, number: int) -> list[bytes]:
        rows = self._rows(side, BATCH * number)
        parts = [rows[n : n + BATCH] for n in range(0, len(rows), BATCH)]
        return [
            post("/datasets/v1/heartbeats", self._key, json.dumps({"heartbeats": part}).encode())
            for part in parts
        ]

    def _rows(self, side: str, number: int) -> list[dict[str, Any]]:
        rows = []
        for n in range(number):
            if n % DATABASES == 0:
                self._at += STEP
            at = self._at.isoformat()
            rows.append({
                "database_code": f"{side}{n % DATABASES}", "run_id": f"{side}/{at}", "observed_at": at,
                "record_count": 1_000_000, "last_sync_at": at,
            })  # fmt: skip
        return rows


def _bring_up(client: Client, earliest: list[list[bytes]], sides: tuple[Serving, Serving]) -> None:
    """A database is up after two good heartbeats."""
    for requests, serving in zip(earliest, sides, strict=True):
        client.run(Load(serving.port, requests, 1, 60.0, once=True))


async def _prepare(url: URL) -> None:
    database = await migrated(url, "datasets", application="dondoc-datasets")
    async with writing(database) as session:
        owner = AgencyRecorded(code="G12", name="Bộ Tài chính", bloc="government", level="central")
        await record_agency(session, Agency, owner, version=1)
        for number in range(DATABASES):
            for side in "OP":
                await _register(session, f"{side}{number}", SystemClock().now())
    await database.close()


async def _register(session: AsyncSession, code: str, at: datetime) -> None:
    """A database declared as synchronised, so that heartbeats contradict nothing."""
    new = NewDatabase(code, "CSDL", "national", "G12", period_seconds=3600, grace_seconds=600)
    await register_database(session, new, actor=SYSTEM, at=at)
    await record_declaration(
        session,
        code,
        phase="operating",
        ndc_connection="synchronised",
        effective_on=local_date(at),
        evidence=[],
        rules=RULES,
        actor=SYSTEM,
        at=at,
    )


def application(address: str) -> Starlette:
    """The peer."""
    pool: asyncpg.Pool

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        nonlocal pool
        async with peer_pool(address) as pool:
            yield

    async def single(request: Request) -> Response:
        body = orjson.loads(await request.body())
        await pool.execute(_INSERT, *_values(body | {"database_code": request.path_params["code"]}))
        return Response(b'{"counted":true}', 202, media_type="application/json")

    async def batch(request: Request) -> Response:
        rows = orjson.loads(await request.body())["heartbeats"]
        await pool.executemany(_INSERT, [_values(row) for row in rows])
        return Response(b'{"counted":%d}' % len(rows), 202, media_type="application/json")

    routes = [
        Route("/datasets/v1/databases/{code}/heartbeats", single, methods=["POST"]),
        Route("/datasets/v1/heartbeats", batch, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _values(row: dict[str, Any]) -> tuple[Any, ...]:
    at, synced = (datetime.fromisoformat(row[name]) for name in ("observed_at", "last_sync_at"))
    return row["database_code"], row["run_id"], at, row["record_count"], synced, None
