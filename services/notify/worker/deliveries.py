"""Delivering: leases are taken, calls made, many at once, and their results recorded in batches."""

import asyncio
import logging
import random
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import NoReturn

from services.notify.gateways import SecretCipher, WebhookSender
from services.notify.queries.deliveries import next_retry_instant
from services.notify.settings import NotifySettings
from services.notify.use_cases.deliveries.leases import Capacity, Lease, lease_due, return_leases
from services.notify.use_cases.deliveries.results import AttemptResult, RecordedAttempt, record_results
from services.notify.worker.metrics import ATTEMPTS, CALL_SECONDS, DELIVERIES_ENDED, DELIVERY_LAG
from shared.http.outgoing import OutgoingPolicy, WebhookClient
from shared.runtime.clock import Clock, wait_for_wake
from shared.runtime.database import Database
from shared.runtime.loops import Liveness, Loop
from shared.runtime.threads import on_own_event_loop

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # the fallback for deliveries added by other processes
# Real time for which ended calls are gathered to be recorded in one transaction, when a lane is full; in proportion
# less when it is not, so that a single result hardly waits.
GATHER_SECONDS = 0.03
# Leases taken for each slot; those without a free slot wait. A round (gather, then record and lease at once) takes about
# 120 ms with 48 slots and endpoints that answer at once, in which 240 calls end: no slot is ever free.
PREFETCH = 8
LEASE_MARGIN_SECONDS = 30.0  # real time, beyond the call's own time-out, to record its result
CLOSING_SECONDS = 5.0  # real time given to calls under way when the process ends
CONNECTIONS = 2  # to the database: for recording and for leasing


class _Lane:
    """Slots for calls, each of which takes the next lease as soon as its call has ended.

    An agency has half of the slots at most: further leases of it are parked until a call of its own ends.
    """

    def __init__(self, slots: int, per_subscription: int) -> None:
        self.slots = slots
        self.leased = 0  # calls under way and leases that wait for a slot
        self.waiting: asyncio.Queue[Lease] = asyncio.Queue()
        self._whole = Capacity(PREFETCH * slots, per_subscription)
        self._share = max(1, slots // 2)
        self._admitted: Counter[str] = Counter()  # by agency: calls under way and those that may begin
        self._parked: defaultdict[str, deque[Lease]] = defaultdict(deque)

    @property
    def capacity(self) -> Capacity:
        return replace(self._whole, slots=self._whole.slots - self.leased)

    @property
    def utilization(self) -> float:
        return self.leased / self._whole.slots

    def add(self, lease: Lease) -> None:
        self.leased += 1
        agency = lease.agency_code
        if agency is not None and self._admitted[agency] >= self._share:
            self._parked[agency].append(lease)
            return
        if agency is not None:
            self._admitted[agency] += 1
        self.waiting.put_nowait(lease)

    def end(self, lease: Lease) -> None:
        self.leased -= 1
        agency = lease.agency_code
        if agency is not None and (parked := self._parked.get(agency)):
            self.waiting.put_nowait(parked.popleft())
        elif agency is not None:
            self._admitted[agency] -= 1
        self.waiting.task_done()

    def take_waiting(self) -> Iterator[Lease]:
        """Remove and return the leases that no call was begun for."""
        for parked in self._parked.values():
            while parked:
                self.leased -= 1
                yield parked.popleft()
        while not self.waiting.empty():
            lease = self.waiting.get_nowait()
            self.end(lease)
            yield lease


class DeliveryWorker:
    """Calls in two lanes: to endpoints that answer, and to those whose last call failed or was slow.

    Such an endpoint has one call at a time and never a slot of the first lane, so that it does not slow the others.
    Leases and results outlive a round that fails: calls go on, and are recorded when the database answers again.
    """

    def __init__(self, database: Database, clock: Clock, settings: NotifySettings) -> None:
        self._database = database
        self._clock = clock
        self._answering = _Lane(settings.delivery_concurrency, settings.delivery_concurrency_per_subscription)
        self._apart = _Lane(settings.delivery_concurrency_failing, per_subscription=1)
        self._lease_seconds = PREFETCH * settings.webhook_total_seconds + LEASE_MARGIN_SECONDS
        client = WebhookClient(
            OutgoingPolicy(settings.allow_outgoing),
            connect_seconds=settings.webhook_connect_seconds,
            total_seconds=settings.webhook_total_seconds,
        )
        self._sender = WebhookSender(client, SecretCipher(settings.secrets))
        self._slots: list[asyncio.Task[NoReturn]] = []
        self._leasing: asyncio.Task[int] | None = None
        self._results: list[AttemptResult] = []
        self._wake = asyncio.Event()
        self.wake = self._wake.set
        self._forget = database.on_commit(self.wake)

    async def run(self, liveness: Liveness) -> None:
        while True:
            leased = await self.round()
            until = None
            if not leased:
                async with self._database.reading() as connection:
                    until = await next_retry_instant(connection, self._clock.now())
            liveness.report()
            await wait_for_wake(self._wake, self._clock, until, POLL_SECONDS)
            await asyncio.sleep(GATHER_SECONDS * max(lane.utilization for lane in self._lanes))

    async def round(self) -> int:
        """Record ended calls and lease due deliveries, concurrently; returns how many were leased.

        Neither cancels the other when it fails: the database may have taken leases that are not received yet.
        """
        recorded, leased = await asyncio.gather(self.record(), self.lease_due(), return_exceptions=True)
        if isinstance(recorded, BaseException):
            raise recorded
        if isinstance(leased, BaseException):
            raise leased
        return leased

    async def lease_due(self) -> int:
        """Lease due deliveries up to the capacity, and begin to send them; returns how many.

        Cancelled, it still takes its leases, for `close` to give back.
        """
        if not self._slots:
            self._slots = [
                asyncio.create_task(self._call(lane)) for lane in self._lanes for _ in range(lane.slots)
            ]
        self._leasing = asyncio.create_task(self._take_leases())
        return await asyncio.shield(self._leasing)

    async def _take_leases(self) -> int:
        async with self._database.bookkeeping() as session:
            leases = await lease_due(
                session,
                now=self._clock.now(),
                answering=self._answering.capacity,
                apart=self._apart.capacity,
                lease_seconds=self._lease_seconds,
            )
        for lease in leases:
            (self._apart if lease.apart else self._answering).add(lease)
        return len(leases)

    async def _call(self, lane: _Lane) -> NoReturn:
        """One call after another; their results are recorded with others."""
        while True:
            lease = await lane.waiting.get()
            self._results.append(await self._send(lease))
            lane.end(lease)
            self._wake.set()

    @property
    def _lanes(self) -> tuple[_Lane, _Lane]:
        return self._answering, self._apart

    async def record(self) -> int:
        """Record the calls that have ended; returns how many."""
        results = tuple(self._results)
        if not results:
            return 0
        async with self._database.change(self._clock) as (session, now):
            recorded = await record_results(session, results, now=now)
        del self._results[: len(results)]
        _measure(results, recorded)
        return len(results)

    async def calls_ended(self) -> None:
        """Wait for the calls under way and the leases that wait for a slot."""
        for lane in self._lanes:
            await lane.waiting.join()

    async def settle(self, seconds: float | None = None) -> None:
        """Wait for all calls, at most `seconds` of real time, and record those that ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.calls_ended()
        await self.record()

    async def close(self) -> None:
        """Begin no more calls, and end those under way.

        An attempt that could not be recorded is lost when its lease ends, and its delivery sent again.
        """
        if self._leasing is not None:
            await asyncio.gather(self._leasing, return_exceptions=True)
        waiting = [lease for lane in self._lanes for lease in lane.take_waiting()]
        try:
            async with self._database.bookkeeping() as session:
                await return_leases(session, waiting)
            await self.settle(CLOSING_SECONDS)
        finally:
            for slot in self._slots:
                slot.cancel()
            await asyncio.gather(*self._slots, return_exceptions=True)
            self._forget()

    async def _send(self, lease: Lease) -> AttemptResult:
        jitter = random.uniform(-1, 1)  # noqa: S311 - jitter, not a secret
        try:
            outcome = await self._sender.send(lease.message)
        except Exception:
            logger.exception("a delivery could not be sent", extra={"delivery": str(lease.delivery_id)})
            return AttemptResult(lease, jitter=jitter, error="internal_error")
        return AttemptResult(
            lease,
            jitter=jitter,
            accepted=outcome.accepted,
            status_code=outcome.status_code,
            error=outcome.error,
            retry_after=outcome.retry_after,
            excerpt=outcome.excerpt,
            address=outcome.address,
            duration_ms=round(outcome.duration_seconds * 1000),
        )


def delivery_loop(database: Database, clock: Clock, settings: NotifySettings) -> Loop:
    """Delivers on an event loop and connections of its own, so that no receiver holds up what else a process does."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Loop]:
        here = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            own = database.another_pool(CONNECTIONS)
            stack.push_async_callback(own.close)
            worker = DeliveryWorker(own, clock, settings)
            stack.push_async_callback(worker.close)

            def wake() -> None:
                with suppress(RuntimeError):  # that event loop has just ended
                    here.call_soon_threadsafe(worker.wake)

            stack.callback(database.on_commit(wake))
            yield worker.run

    return on_own_event_loop(opened)


def _measure(results: Sequence[AttemptResult], recorded: Sequence[RecordedAttempt]) -> None:
    for outcome, number in Counter(record.outcome for record in recorded).items():
        ATTEMPTS.labels(outcome).inc(number)
    for status, number in Counter(record.status for record in recorded if record.ended).items():
        DELIVERIES_ENDED.labels(status).inc(number)
    for result, record in zip(results, recorded, strict=True):
        CALL_SECONDS.observe(result.duration_ms / 1000)
        if record.lag_seconds is not None:
            DELIVERY_LAG.observe(record.lag_seconds)
