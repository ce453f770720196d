"""Heartbeats taken a second, against a bare insert of the same row by as many clients.

Ours is what a request calls: checks, and one statement that adds the heartbeat and moves its database's watch, in one
transaction for those that come while another is committed. The bare insert adds the same row to the same table, with its indexes and
constraints, one transaction each: once through the same driver and session, once on raw asyncpg connections. The
database is the embedded one, with its defaults.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import uuid4

import asyncpg
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncSession

from bench.common import Figure, migrated, raw_connections, turns_per_second, warmed
from services.datasets.api.dependencies import heartbeat_intake
from services.datasets.domain.heartbeats import NewHeartbeat
from services.datasets.tables import Agency
from services.datasets.use_cases.databases import NewDatabase, register_database
from services.datasets.use_cases.declarations import record_declaration
from services.datasets.use_cases.heartbeats import SentHeartbeat, record_heartbeat
from services.datasets.use_cases.watching import WatchRules
from shared.agencies import record_agency
from shared.events.tasks import AgencyRecorded
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import SystemClock, local_date
from shared.runtime.database import Database
from tests.support.postgres import running_postgres
from tests.support.writing import writing

DATABASES = 200
CLIENTS = 32
HEARTBEATS = 500  # of a run
RUNS = 7
LIMIT = 0.5  # of the bare inserts per second: taking a heartbeat may cost as much again as storing it
RECORDS = 1_000_000
RULES = WatchRules(silent_after=timedelta(days=7), downtime=timedelta(seconds=30))
SKEW = timedelta(minutes=5)

_INSERT = """
INSERT INTO heartbeats (database_code, run_id, observed_at, record_count, last_sync_at, note, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_INSERT_ALIKE = text(
    "INSERT INTO heartbeats (database_code, run_id, observed_at, record_count, last_sync_at, note, recorded_at)"
    " VALUES (:database_code, :run_id, :observed_at, :record_count, :last_sync_at, :note, :recorded_at)"
)


async def _prepare(url: URL) -> Database:
    database = await migrated(url, "datasets", application="dondoc-datasets")
    async with writing(database) as session:
        owner = AgencyRecorded(code="G12", name="Bộ Tài chính", bloc="government", level="central")
        await record_agency(session, Agency, owner, version=1)
        for number in range(DATABASES):
            await _register(session, _code(number), SystemClock().now())
    return database


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


def _code(turn: int) -> str:
    return f"DB{turn % DATABASES}"


def _heartbeat(at: datetime) -> NewHeartbeat:
    return NewHeartbeat(str(uuid4()), at, RECORDS, at)


async def _taken(database: Database, turns: int) -> float:
    intake = heartbeat_intake(database, SystemClock(), SKEW)

    async def take(turn: int) -> None:
        sent = SentHeartbeat(_code(turn), _heartbeat(SystemClock().now()))
        if not await intake.submit(sent):
            async with database.change(SystemClock()) as (session, at):
                await record_heartbeat(session, sent, rules=RULES, skew=SKEW, at=at)

    return await turns_per_second(turns, CLIENTS, take)


async def _inserted_alike(database: Database) -> float:
    """In a session and transaction as a request has them."""

    async def insert(turn: int) -> None:
        async with writing(database) as session:
            at = SystemClock().now()
            row = {**asdict(_heartbeat(at)), "database_code": _code(turn), "recorded_at": at}
            await session.execute(_INSERT_ALIKE, row)

    return await turns_per_second(HEARTBEATS, CLIENTS, insert)


async def _inserted(idle: list[asyncpg.Connection]) -> float:
    async def insert(turn: int) -> None:
        connection, at = idle.pop(), SystemClock().now()
        new = _heartbeat(at)
        row = (new.run_id, new.observed_at, new.record_count, new.last_sync_at, new.note, at)
        await connection.execute(_INSERT, _code(turn), *row)
        idle.append(connection)

    return await turns_per_second(HEARTBEATS, CLIENTS, insert)


def _measure(url: URL) -> list[float]:
    """Per second: heartbeats taken, rows inserted by the same driver, rows inserted by raw connections."""
    with asyncio.Runner() as runner:
        database = runner.run(_prepare(url))
        connections = runner.run(raw_connections(url, CLIENTS))
        subjects: list[Callable[[], float]] = [
            lambda: runner.run(_taken(database, HEARTBEATS)),
            lambda: runner.run(_inserted_alike(database)),
            lambda: runner.run(_inserted(connections)),
        ]
        try:
            runner.run(_taken(database, 3 * DATABASES))  # a database is up after two good ones
            return warmed(RUNS, *subjects)
        finally:
            for connection in connections:
                runner.run(connection.close())
            runner.run(database.close())


def figures() -> list[Figure]:
    with running_postgres() as server:
        taken, alike, raw = _measure(server.set(database="bench_heartbeats"))

    def figure(name: str, peer: float, against: str, limits: str) -> Figure:
        whole = f"heartbeats, {CLIENTS} clients, {DATABASES} databases{name}"
        against = f"{against}: {peer:,.0f}/s"
        return Figure(whole, taken, "heartbeats/s", against, taken / peer, LIMIT, "at least", RUNS, limits)

    return [
        figure(
            "",
            alike,
            "bare insert through the same driver, session and transaction",
            "Python: checks and futures of each; the watch that each moves",
        ),
        figure(
            ", by raw connections",
            raw,
            "bare insert on raw asyncpg connections",
            "Python: checks and futures of each; the watch that each moves",
        ),
    ]
