"""The queue for a pool's connections: fair by arrival, and between keys."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from weakref import WeakValueDictionary

from shared.errors import Unavailable
from shared.runtime.metrics import POOL_IN_USE, POOL_WAITING

LONGEST_WAIT_SECONDS = 10.0  # of a request for a connection: later its caller has given up, or is told to

# The prefix of a bound key while its request runs, "" for a request of another key, None outside requests.
requested_by: ContextVar[str | None] = ContextVar("requested_by", default=None)


class PoolQueue:
    """As many callers as the pool has connections, the others in order of arrival; both are counted.

    A bound key has half of them at most, so that its own requests wait for each other and nobody else for them.
    """

    def __init__(self, connections: int, service: str) -> None:
        self._free = asyncio.Semaphore(connections)
        self._share = max(1, connections // 2)
        self._shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._in_use = POOL_IN_USE.labels(service)
        self._waiting = POOL_WAITING.labels(service)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises Unavailable for a request that has waited too long."""
        key = requested_by.get()
        shares = [self._shares.setdefault(key, asyncio.Semaphore(self._share))] if key else []
        async with AsyncExitStack() as held:
            self._waiting.inc()
            try:
                async with asyncio.timeout(None if key is None else LONGEST_WAIT_SECONDS):
                    for semaphore in (*shares, self._free):
                        await held.enter_async_context(semaphore)
            except TimeoutError:
                raise _busy() from None
            finally:
                self._waiting.dec()
            self._in_use.inc()
            try:
                yield
            finally:
                self._in_use.dec()


def _busy() -> Unavailable:
    return Unavailable(
        "database_busy",
        "Quá nhiều yêu cầu đang chờ cơ sở dữ liệu; yêu cầu này chưa ghi gì. Gửi lại sau ít giây, ít yêu cầu cùng lúc hơn.",
        "Too many requests wait for the database; this one wrote nothing. Send it again in a few seconds, fewer at a time.",
    )
