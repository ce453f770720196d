"""API keys: verifications a second against a bare HMAC, and requests a second with a key against a route without one.

The bare HMAC is computed over as many bytes as the key signs, and compared. The two routes stand in one application and
give the same answer: one as every route of a service is, the other a plain FastAPI route, which looks at no key.
"""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter
from sqlalchemy import URL, make_url

from bench.client import client_process
from bench.common import SECRET, Figure, Run, dsn, migrated, warmed
from bench.http_figures import Bench, Question
from bench.serving import get, peer, token
from services.roles import ROLES
from shared.http.app import create_app
from shared.http.auth import Caller, KeyVerifier
from shared.http.routes import Context, service_router, with_scope
from shared.http.visibility import Visibility
from shared.runtime.clock import SystemClock
from shared.runtime.database import Database
from shared.runtime.health import Health

VERIFICATIONS = 20_000  # of a run
GOAL = 0.7  # of the requests that look at no key: a key may cost less than half of what the framework does
ANSWER = {"status": "ok"}

with_key = service_router("tasks")
without_key = APIRouter()
Reader = Annotated[Caller, with_scope("tasks.read", Visibility.PUBLIC)]


@with_key.get("/with-key")
async def get_with_key(_: Reader) -> dict[str, str]:
    return ANSWER


@without_key.get("/tasks/v1/without-key")
async def get_without_key() -> dict[str, str]:
    return ANSWER


def application(address: str) -> Any:
    url = make_url(address).set(drivername="postgresql+asyncpg")
    context = Context("tasks", Database(url), SystemClock(), (SECRET,), ROLES)
    return create_app(context, title="bench", routers=[with_key, without_key], health=Health())


def _verified(runner: asyncio.Runner, verifier: KeyVerifier, key: str) -> float:
    async def verify() -> float:
        began = time.perf_counter()
        for _ in range(VERIFICATIONS):
            await verifier.verify(key)
        return VERIFICATIONS / (time.perf_counter() - began)

    return runner.run(verify())


def _compared(key: str) -> float:
    signed, other = key.rpartition("_")[0].encode(), secrets.token_bytes(32)
    expected = hmac.digest(other, signed, hashlib.sha256)
    began = time.perf_counter()
    for _ in range(VERIFICATIONS):
        assert hmac.compare_digest(expected, hmac.digest(other, signed, hashlib.sha256))
    return VERIFICATIONS / (time.perf_counter() - began)


def _in_process(url: URL, key: str, rounds: int) -> list[float]:
    with asyncio.Runner() as runner:
        database = runner.run(migrated(url, "tasks", application="dondoc-tasks"))
        verifier = KeyVerifier((SECRET,), ROLES, database, SystemClock())
        try:
            return warmed(rounds, lambda: _verified(runner, verifier, key), lambda: _compared(key))
        finally:
            runner.run(database.close())


def figures(run: Run) -> Iterator[Figure]:
    url, key = run.database("keys"), token("reader")
    verified, bare = _in_process(url, key, run.rounds)
    limits = "Python: the token's form, base64 and JSON of its claims; the list of revoked keys is read twice a second"
    against = "HMAC-SHA256 of as many bytes, and its comparison"
    yield Figure(
        "keys verified in process", verified, "keys/s", against, bare, runs=run.rounds, limits=limits
    )
    with client_process() as client, peer(application, dsn(url)) as serving:
        bench = Bench(run, client, None, (serving, serving), {})
        keyed, open_ = (get(f"/tasks/v1/{path}", key) for path in ("with-key", "without-key"))
        against = "a FastAPI route that looks at no key, in the same application"
        yield bench.measure(Question("GET with a key", [keyed], [open_], against, GOAL))
