"""Carrying deliveries to their subscribers, many at once, none in another's way."""

import asyncio
import logging
import random
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial

from services.notify.gateways import SecretCipher, WebhookSender
from services.notify.queries.schedule import next_retry_instant
from services.notify.settings import NotifySettings
from services.notify.use_cases.claims import Claim, Lane, claim_due, release_lost
from services.notify.use_cases.results import Recorded, Result, record_results
from services.notify.worker.metrics import ATTEMPTS, CALL_SECONDS, DELIVERIES_ENDED, DELIVERY_LAG
from shared.clock import Clock, wait_for_wake
from shared.database import Database
from shared.http import OutgoingPolicy, WebhookClient
from shared.loops import Pulse

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # the fallback for deliveries added by other processes
# Real time in which calls that end are recorded in one transaction and their places given anew, when all places are
# taken; in proportion less when fewer are, for a single subscriber should not wait for company.
GATHER_SECONDS = 0.05
# So many times the places are claimed; what has no place yet waits its turn, so that none stands empty while the
# database works.
AHEAD = 4
LEASE_MARGIN_SECONDS = 30.0  # real time, beyond the call's own time-out, to record how it went
CLOSING_SECONDS = 5.0  # real time given to calls under way when the process ends


class Courier:
    """Calls under way, in two lanes: endpoints that answer, and those whose last call failed.

    A failing endpoint holds one call at a time and never a slot of the first lane, so that it costs the others
    nothing. What is in hand outlives a failing round: it is recorded when the database answers again.
    """

    def __init__(self, database: Database, clock: Clock, settings: NotifySettings) -> None:
        self._database = database
        self._clock = clock
        self._places = {False: settings.delivery_concurrency, True: settings.delivery_concurrency_failing}
        self._lanes = {
            False: Lane(AHEAD * self._places[False], settings.delivery_concurrency_per_subscription),
            True: Lane(AHEAD * self._places[True], per_subscription=1),
        }
        self._room = sum(lane.slots for lane in self._lanes.values())
        self._lease_seconds = AHEAD * settings.webhook_total_seconds + LEASE_MARGIN_SECONDS
        self._client = WebhookClient(
            OutgoingPolicy(settings.allow_outgoing),
            max_connections=sum(self._places.values()),
            connect_seconds=settings.webhook_connect_seconds,
            total_seconds=settings.webhook_total_seconds,
        )
        self._sender = WebhookSender(self._client, SecretCipher(settings.secret))
        self._open = AsyncExitStack()
        self._is_open = False
        self._waiting: dict[bool, deque[Claim]] = {False: deque(), True: deque()}
        self._calls: dict[asyncio.Task[Result], Claim] = {}
        self._wake = asyncio.Event()
        database.on_commit(self._wake.set)

    async def run(self, pulse: Pulse) -> None:
        while True:
            await self.record()
            until = None
            if not await self.start_due():
                async with self._database.reading() as connection:
                    until = await next_retry_instant(connection, self._clock.now())
            pulse.beat()
            await wait_for_wake(self._wake, self._clock, until, POLL_SECONDS)
            if self._calls:
                await asyncio.sleep(GATHER_SECONDS * len(self._calls) / self._room)

    async def start_due(self) -> int:
        """Claim what is due and there is room for, and begin to send it; returns how many."""
        if not self._is_open:
            await self._open.enter_async_context(self._client)
            self._is_open = True
        async with self._database.reading() as connection:
            claims = await claim_due(
                connection,
                now=self._clock.now(),
                lane=self._free(failing=False),
                failing_lane=self._free(failing=True),
                lease_seconds=self._lease_seconds,
            )
        for claim in claims:
            self._waiting[claim.failing].append(claim)
        for failing, places in self._places.items():
            for _ in range(places - self._under_way(failing=failing)):
                self._start_next(failing=failing)
        return len(claims)

    def _free(self, *, failing: bool) -> Lane:
        lane = self._lanes[failing]
        taken = self._under_way(failing=failing) + len(self._waiting[failing])
        return Lane(lane.slots - taken, lane.per_subscription)

    def _under_way(self, *, failing: bool) -> int:
        return sum(claim.failing is failing and not call.done() for call, claim in self._calls.items())

    def _start_next(self, *, failing: bool) -> None:
        if self._waiting[failing]:
            claim = self._waiting[failing].popleft()
            call = asyncio.create_task(self._send(claim))
            call.add_done_callback(partial(self._ended, failing))
            self._calls[call] = claim

    def _ended(self, failing: bool, _: asyncio.Task[Result]) -> None:
        """A call's place goes to the next at once; what it came to is recorded with others."""
        self._start_next(failing=failing)
        self._wake.set()

    async def record(self) -> int:
        """Write down the calls that have ended; returns how many."""
        ended = [call for call in self._calls if call.done()]
        if not ended:
            return 0
        results = [call.result() for call in ended]
        async with self._database.transaction() as session:
            recorded = await record_results(session, results, now=self._clock.now())
        for call in ended:
            del self._calls[call]
        _measure(results, recorded)
        return len(ended)

    async def settle(self, seconds: float | None = None) -> None:
        """Wait for the calls in hand, at most `seconds` of real time, and record those that ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while under_way := [call for call in self._calls if not call.done()]:
                    await asyncio.wait(under_way)
        await self.record()

    async def close(self) -> None:
        """End the calls under way. What could not be recorded is found lost when its lease ends, and sent again."""
        try:
            await self.settle(CLOSING_SECONDS)
        finally:
            for waiting in self._waiting.values():
                waiting.clear()
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)
            await self._open.aclose()

    async def _send(self, claim: Claim) -> Result:
        jitter = random.uniform(-1, 1)  # noqa: S311 - jitter, not a secret
        try:
            outcome = await self._sender.send(claim.message)
        except Exception:
            logger.exception("a delivery could not be sent", extra={"delivery": str(claim.delivery_id)})
            return Result(claim, jitter=jitter, error="internal_error")
        return Result(
            claim,
            jitter=jitter,
            accepted=outcome.accepted,
            status_code=outcome.status_code,
            error=outcome.error,
            retry_after=outcome.retry_after,
            excerpt=outcome.excerpt,
            address=outcome.address,
            duration_ms=round(outcome.duration_seconds * 1000),
        )


def _measure(results: Sequence[Result], recorded: Sequence[Recorded]) -> None:
    for outcome, number in Counter(record.outcome for record in recorded).items():
        ATTEMPTS.labels(outcome).inc(number)
    for status, number in Counter(record.status for record in recorded if record.ended).items():
        DELIVERIES_ENDED.labels(status).inc(number)
    for result, record in zip(results, recorded, strict=True):
        CALL_SECONDS.observe(result.duration_ms / 1000)
        if record.lag_seconds is not None:
            DELIVERY_LAG.observe(record.lag_seconds)


async def deliver_due(database: Database, clock: Clock, settings: NotifySettings) -> int:
    """One round: send what is due now and wait for the answers; the number of calls, 0 when nothing is due."""
    courier = Courier(database, clock, settings)
    async with database.reading() as connection:
        await release_lost(connection, now=clock.now())
    try:
        started = await courier.start_due()
        await courier.settle()
    finally:
        await courier.close()
    return started
