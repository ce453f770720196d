"""Time limits and closing of every Kafka client."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)

REQUEST_MS = 5_000  # one request to one broker
CALL_SECONDS = 10.0  # one call, in which aiokafka may send several requests
START_SECONDS = 30.0  # more than a rebalance that waits for a dead member
STOP_SECONDS = 5.0
PROBE_SECONDS = 2.0  # below the time a health check has
LONGEST_MESSAGE_BYTES = 1_000_000  # Kafka's own limit for a record batch (message.max.bytes) is 1,048,588

_closing: set[asyncio.Task[None]] = set()  # the event loop keeps only weak references


def topics_missing(*topics: str) -> LookupError:
    return LookupError(f"Kafka has no topic {' or '.join(sorted(topics))}: create it with `dondoc topics`")


async def stop_client(stop: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Wait up to STOP_SECONDS for a client to close, also when cancelled; after that it closes in the background."""
    closing = asyncio.create_task(stop())
    _closing.add(closing)
    closing.add_done_callback(_closed)
    try:
        await asyncio.wait([closing], timeout=STOP_SECONDS)
    except asyncio.CancelledError:
        await asyncio.wait([closing], timeout=STOP_SECONDS)
        raise


def _closed(closing: asyncio.Task[None]) -> None:
    _closing.discard(closing)
    if not closing.cancelled() and (error := closing.exception()):
        logger.warning("a Kafka client did not close cleanly", extra={"error": type(error).__name__})
