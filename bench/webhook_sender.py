"""The webhook sender over 1,000 local endpoints, against a bare aiohttp loop of the same posts.

The worker leases, signs, posts and records in PostgreSQL; the bare loop has the urls, bodies and signed headers at
hand and keeps nothing. Both open a connection for each post and have as many under way. The endpoints are ports of a
bare asyncio protocol in a process of its own; the database is the embedded one, with its defaults.
"""

import asyncio
import resource
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from multiprocessing.connection import Connection
from uuid import UUID, uuid4

import aiohttp
from sqlalchemy import URL, text
from standardwebhooks import Webhook

from bench.common import SECRET_KEY, Figure, Run, interleaved, migrated
from bench.serving import spawned
from services.notify.gateways import SecretCipher
from services.notify.settings import NotifySettings
from services.notify.worker.deliveries import DeliveryWorker
from services.notify.worker.metrics import DELIVERIES_ENDED
from shared.runtime.clock import SystemClock
from shared.runtime.database import Database
from shared.runtime.loops import Liveness
from tests.support.writing import run_alone, writing

ENDPOINTS = 1_000
ALERTS = 5  # each goes to every endpoint
IN_FLIGHT = 48  # the default of DONDOC_DELIVERY_CONCURRENCY
GOAL = 0.7  # of the bare loop's posts per second: the rest is for signing, leases and records
POLL_SECONDS = 0.02
SECRET = secrets.token_bytes(32)
BODY_BYTES = 1_200  # size of an alert in the end-to-end tests
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Endpoint(asyncio.Protocol):
    """Answers a POST 204 once its last byte is in; no further HTTP."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        head = self.received.find(b"\r\n\r\n")
        if head >= 0 and len(self.received) >= head + 4 + BODY_BYTES:
            self.transport.write(ANSWER)
            self.transport.close()


def _serve(ready: Connection) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(Endpoint, "127.0.0.1", 0) for _ in range(ENDPOINTS)]
        ready.send([server.sockets[0].getsockname()[1] for server in servers])
        await asyncio.Event().wait()

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(serve())


@contextmanager
def _endpoints() -> Iterator[list[str]]:
    with spawned(_serve) as ports:
        yield [f"http://127.0.0.1:{port}/hook" for port in ports]


_ADD_SUBSCRIPTIONS = text(
    "INSERT INTO subscriptions (id, version, url, agency_code, include_descendants, event_types, sealed_secret, status,"
    " consecutive_failures, created_at, updated_at)"
    " VALUES (:id, 1, :url, NULL, false, '{}', :sealed, 'active', 0, now(), now())"
)
_ADD_ALERT = text(
    """
    WITH reminder AS (
        INSERT INTO reminders
        VALUES (gen_random_uuid(), 'task', gen_random_uuid()::text, 'G12', 'deadline.due', 'T0', 'G12', 0, now(), now(),
                'raised', 'came_due', now(), '{}')
        RETURNING *
    ), alert AS (
        INSERT INTO alerts (id, reminder_id, subject_kind, subject, agency_code, kind, due_at, raised_at, body)
        SELECT gen_random_uuid(), id, subject_kind, subject, agency_code, kind, due_at, now(), :body FROM reminder
        RETURNING id
    )
    INSERT INTO deliveries (id, alert_id, subscription_id, status, attempts, next_attempt_at, created_at)
    SELECT gen_random_uuid(), alert.id, subscriptions.id, 'pending', 0, now(), now() FROM alert, subscriptions
    """
)
_UNDELIVERED = text("SELECT count(*) FROM deliveries WHERE status <> 'delivered' OR attempts <> 1")


@asynccontextmanager
async def _opened(url: URL) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


async def _prepare(server: URL, settings: NotifySettings, urls: list[str]) -> URL:
    url = server.set(database="bench_webhooks")
    database = await migrated(url, "notify")
    cipher = SecretCipher(settings.secrets)
    ids: list[UUID] = [uuid4() for _ in urls]
    rows = [
        {"id": id_, "url": address, "sealed": cipher.seal(SECRET, id_)}
        for id_, address in zip(ids, urls, strict=True)
    ]
    async with writing(database) as session:
        await session.execute(_ADD_SUBSCRIPTIONS, rows)
    await database.close()
    return url


async def _through_worker(url: URL, settings: NotifySettings) -> float:
    """Deliveries per second, from the first lease until the last is recorded."""
    async with _opened(url) as database:
        async with writing(database) as session:
            await session.execute(_ADD_ALERT, [{"body": "x" * BODY_BYTES}] * ALERTS)
        await run_alone(url, "VACUUM ANALYZE deliveries")
        async with database.reading() as connection:
            worker = DeliveryWorker(database, SystemClock(), settings)
            all_ended = _ended() + ENDPOINTS * ALERTS
            began = time.perf_counter()
            running = asyncio.create_task(worker.run(Liveness("bench")))
            while _ended() < all_ended:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(POLL_SECONDS)
            seconds = time.perf_counter() - began
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await worker.close()
            assert (await connection.execute(_UNDELIVERED)).scalar_one() == 0
    return ENDPOINTS * ALERTS / seconds


def _ended() -> float:
    """Deliveries recorded as ended by this process, as its metric counts them."""
    samples = [sample for metric in DELIVERIES_ENDED.collect() for sample in metric.samples]
    return sum(sample.value for sample in samples if sample.name.endswith("_total"))


async def _bare(urls: list[str]) -> float:
    """Posts per second of workers that take the next url and post to it."""
    body, signer, at = "x" * BODY_BYTES, Webhook(SECRET), SystemClock().now()
    id_ = str(uuid4())
    headers = {
        "content-type": "application/cloudevents+json",
        "user-agent": "dondoc-notify/1",
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signer.sign(id_, at, body),
    }
    todo = iter(urls * ALERTS)
    sent = body.encode()
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def work() -> None:
            for address in todo:
                async with session.post(address, data=sent, headers=headers) as response:
                    await response.read()
                    assert response.status == 204, response.status

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(work())
        return ENDPOINTS * ALERTS / (time.perf_counter() - began)


def figures(run: Run) -> Iterator[Figure]:
    settings = NotifySettings(
        database_url="postgresql://unused",
        secret_key=SECRET_KEY,
        allow_outgoing="127.0.0.0/8",
        delivery_concurrency=IN_FLIGHT,
    )
    with _endpoints() as urls:
        url = asyncio.run(_prepare(run.server, settings, urls))
        worker, bare = interleaved(
            run.rounds,
            lambda: asyncio.run(_through_worker(url, settings)),
            lambda: asyncio.run(_bare(urls)),
        )
    limits = (
        "one Python thread: asyncio's and h11's own work for a connection per post, then checks, signing, and the rows of"
        " each call"
    )
    name = f"webhook sender, {ENDPOINTS:,} endpoints"
    yield Figure(
        name, worker, "deliveries/s", "bare aiohttp loop, posts/s", bare, GOAL, "at least", run.rounds, limits
    )
