"""Carrying deliveries to their subscribers, many at once, none in another's way."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import NoReturn

from services.notify.gateways import SecretCipher, WebhookSender
from services.notify.queries.schedule import next_retry_instant
from services.notify.settings import NotifySettings
from services.notify.use_cases.claims import Claim, Lane, claim_due, give_back
from services.notify.use_cases.results import Recorded, Result, record_results
from services.notify.worker.metrics import ATTEMPTS, CALL_SECONDS, DELIVERIES_ENDED, DELIVERY_LAG
from shared.http.outgoing import OutgoingPolicy, WebhookClient
from shared.runtime.clock import Clock, wait_for_wake
from shared.runtime.database import Database
from shared.runtime.loops import Pulse, together

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # the fallback for deliveries added by other processes
# Real time in which calls that end gather to be recorded in one transaction, when a lane is full; in proportion less
# when it is not, for a single subscriber should not wait for company.
GATHER_SECONDS = 0.03
# So many times a lane's places are claimed, and what has no place yet waits its turn. A round (gather, then record and
# claim at once) takes about 120 ms with 48 places and endpoints that answer at once, in which 240 calls end: no place
# stands empty.
AHEAD = 8
LEASE_MARGIN_SECONDS = 30.0  # real time, beyond the call's own time-out, to record how it went
CLOSING_SECONDS = 5.0  # real time given to calls under way when the process ends


class _Calls:
    """The calls of one lane: so many places, each of which takes the next claim as soon as its call has ended."""

    def __init__(self, places: int, per_subscription: int) -> None:
        self.places = places
        self.in_hand = 0  # claimed, and not ended yet
        self.waiting: asyncio.Queue[Claim] = asyncio.Queue()
        self._whole = Lane(AHEAD * places, per_subscription)

    @property
    def room(self) -> Lane:
        return replace(self._whole, slots=self._whole.slots - self.in_hand)

    @property
    def share_taken(self) -> float:
        return self.in_hand / self._whole.slots

    def take_back(self) -> Iterator[Claim]:
        """The claims that no call was begun for."""
        while not self.waiting.empty():
            yield self.waiting.get_nowait()
            self.in_hand -= 1
            self.waiting.task_done()


class Courier:
    """Calls under way, in two lanes: endpoints that answer, and those whose last call failed.

    A failing endpoint holds one call at a time and never a place of the first lane, so that it costs the others
    nothing. What is in hand outlives a failing round: it is recorded when the database answers again.
    """

    def __init__(self, database: Database, clock: Clock, settings: NotifySettings) -> None:
        self._database = database
        self._clock = clock
        self._answering = _Calls(
            settings.delivery_concurrency, settings.delivery_concurrency_per_subscription
        )
        self._failing = _Calls(settings.delivery_concurrency_failing, per_subscription=1)
        self._lease_seconds = AHEAD * settings.webhook_total_seconds + LEASE_MARGIN_SECONDS
        self._client = WebhookClient(
            OutgoingPolicy(settings.allow_outgoing),
            connect_seconds=settings.webhook_connect_seconds,
            total_seconds=settings.webhook_total_seconds,
        )
        self._sender = WebhookSender(self._client, SecretCipher(settings.secret))
        self._open = AsyncExitStack()
        self._places: list[asyncio.Task[NoReturn]] = []
        self._ended: list[Result] = []
        self._wake = asyncio.Event()
        self._open.callback(database.on_commit(self._wake.set))

    async def run(self, pulse: Pulse) -> None:
        while True:
            _, started = await together(self.record(), self.start_due())
            until = None
            if not started:
                async with self._database.reading() as connection:
                    until = await next_retry_instant(connection, self._clock.now())
            pulse.beat()
            await wait_for_wake(self._wake, self._clock, until, POLL_SECONDS)
            await asyncio.sleep(GATHER_SECONDS * max(lane.share_taken for lane in self._lanes))

    async def start_due(self) -> int:
        """Claim what is due and there is room for, and begin to send it; returns how many."""
        if not self._places:
            await self._start()
        async with self._database.reading() as connection:
            claims = await claim_due(
                connection,
                now=self._clock.now(),
                lane=self._answering.room,
                failing_lane=self._failing.room,
                lease_seconds=self._lease_seconds,
            )
        for claim in claims:
            lane = self._failing if claim.failing else self._answering
            lane.in_hand += 1
            lane.waiting.put_nowait(claim)
        return len(claims)

    async def _start(self) -> None:
        await self._open.enter_async_context(self._client)
        self._places = [
            asyncio.create_task(self._call(lane)) for lane in self._lanes for _ in range(lane.places)
        ]

    async def _call(self, lane: _Calls) -> NoReturn:
        """One call after another; what they came to is recorded with others."""
        while True:
            claim = await lane.waiting.get()
            self._ended.append(await self._send(claim))
            lane.in_hand -= 1
            lane.waiting.task_done()
            self._wake.set()

    @property
    def _lanes(self) -> tuple[_Calls, _Calls]:
        return self._answering, self._failing

    async def record(self) -> int:
        """Write down the calls that have ended; returns how many."""
        ended = tuple(self._ended)
        if not ended:
            return 0
        async with self._database.transaction() as session:
            recorded = await record_results(session, ended, now=self._clock.now())
        del self._ended[: len(ended)]
        _measure(ended, recorded)
        return len(ended)

    async def settle(self, seconds: float | None = None) -> None:
        """Wait for the calls in hand, at most `seconds` of real time, and record those that ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for lane in self._lanes:
                    await lane.waiting.join()
        await self.record()

    async def close(self) -> None:
        """Begin no more calls, and end those under way.

        What could not be recorded is found lost when its lease ends, and sent again.
        """
        unmade = [claim for lane in self._lanes for claim in lane.take_back()]
        try:
            async with self._database.reading() as connection:
                await give_back(connection, unmade)
            await self.settle(CLOSING_SECONDS)
        finally:
            for place in self._places:
                place.cancel()
            await asyncio.gather(*self._places, return_exceptions=True)
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
