"""API keys: verifications a second against a bare HMAC, and requests a second with a key against a route without one.

The bare HMAC is computed over as many bytes as the key signs, and compared. The two routes stand in one application and
give the same answer: one as every route of a service is, the other a plain FastAPI route, which looks at no key.
"""

import asyncio
import hashlib
import hmac
import os
import secrets
import time
from multiprocessing.connection import Connection
from typing import Annotated

from fastapi import APIRouter
from sqlalchemy import URL

from bench.common import Figure, migrated, warmed
from bench.serving import requests_per_second, serve_app, spawned
from services.roles import ROLES
from shared.http.app import create_app
from shared.http.auth import Caller, KeyVerifier
from shared.http.routes import Context, service_router, with_scope
from shared.http.visibility import Visibility
from shared.keys.tokens import KeySigner, draw_key
from shared.runtime.clock import SystemClock
from shared.runtime.database import Database
from shared.runtime.health import Health
from tests.support.postgres import running_postgres

SECRET = b"b" * 32
VERIFICATIONS = 20_000  # of a run
REQUESTS = 2_000
CONNECTIONS = 4
RUNS = 5
LIMIT = 0.7  # of the requests that look at no key: a key may cost less than half of what the framework does
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


def _serve(url: URL, ready: Connection) -> None:
    context = Context("tasks", Database(url), SystemClock(), (SECRET,), ROLES)
    serve_app(create_app(context, title="bench", routers=[with_key, without_key], health=Health()), ready)


def _verified(runner: asyncio.Runner, verifier: KeyVerifier, token: str) -> float:
    async def verify() -> float:
        began = time.perf_counter()
        for _ in range(VERIFICATIONS):
            await verifier.verify(token)
        return VERIFICATIONS / (time.perf_counter() - began)

    return runner.run(verify())


def _compared(token: str) -> float:
    signed, key = token.rpartition("_")[0].encode(), secrets.token_bytes(32)
    expected = hmac.digest(key, signed, hashlib.sha256)
    began = time.perf_counter()
    for _ in range(VERIFICATIONS):
        assert hmac.compare_digest(expected, hmac.digest(key, signed, hashlib.sha256))
    return VERIFICATIONS / (time.perf_counter() - began)


def _in_process(url: URL, token: str) -> list[float]:
    with asyncio.Runner() as runner:
        database = runner.run(migrated(url, "tasks", application="dondoc-tasks"))
        verifier = KeyVerifier((SECRET,), ROLES, database, SystemClock())
        try:
            return warmed(RUNS, lambda: _verified(runner, verifier, token), lambda: _compared(token))
        finally:
            runner.run(database.close())


def _over_http(url: URL, token: str) -> list[float]:
    with spawned(_serve, url) as port:

        def rate(path: str) -> float:
            whole = f"/tasks/v1/{path}"
            return requests_per_second(port, whole, token, requests=REQUESTS, connections=CONNECTIONS)

        return warmed(RUNS, lambda: rate("with-key"), lambda: rate("without-key"))


def figures() -> list[Figure]:
    token = KeySigner([SECRET]).sign(draw_key("bench", "reader"))
    with running_postgres() as server:
        url = server.set(database=f"bench_keys_{os.getpid()}")
        verified, bare = _in_process(url, token)
        keyed, open_ = _over_http(url, token)
    return [
        Figure(
            "keys verified in process",
            verified,
            "keys/s",
            f"HMAC-SHA256 of as many bytes, and its comparison: {bare:,.0f}/s",
            verified / bare,
            None,
            "at least",
            RUNS,
            "Python: the token's form, base64 and JSON of its claims; the list of revoked keys is read twice a second",
        ),
        Figure(
            "GET with a key",
            keyed,
            "requests/s",
            f"a FastAPI route that looks at no key, in the same application: {open_:,.0f}/s",
            keyed / open_,
            LIMIT,
            "at least",
            RUNS,
            "FastAPI's dependencies; the key is verified once a request, by the route class",
        ),
    ]
