"""Subscribers of webhooks on loopback: what they got, with signatures checked, and what they answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> dict[str, Any]:
        """The CloudEvent, after its signature and timestamp were checked as a real receiver would."""
        event = Webhook(secret).verify(self.body, dict(self.headers))
        assert isinstance(event, dict)
        return event


Answer = Callable[[int], tuple[int, dict[str, str]] | None]
"""Number of the request (0, 1, ...) -> a status and headers, or None to hang until `let_go`."""


@dataclass
class Subscriber:
    answer: Answer
    received: list[Received] = field(default_factory=list)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def wait_for(self, count: int, seconds: float = 20) -> list[Received]:
        """The requests received, once there are `count`."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def handle(self, request: web.Request) -> web.Response:
        number = len(self.received)
        headers = {name.lower(): value for name, value in request.headers.items()}
        async with self._news:
            self.received.append(Received(headers, await request.read()))
            self._news.notify_all()
        if (answer := self.answer(number)) is None:
            await self.let_go.wait()
            answer = (204, {})
        status, extra = answer
        return web.Response(status=status, headers=extra, text="seen" if status != 204 else None)


def always(status: int, **headers: str) -> Answer:
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: (status, extra)


def hanging(_: int) -> None:
    return None


@asynccontextmanager
async def subscriber(
    answer: Answer | None = None,
) -> AsyncIterator[Subscriber]:
    """A subscriber that listens on a port of its own; without an `answer` it accepts everything."""
    found = Subscriber(answer or always(204))
    app = web.Application()
    app.router.add_post("/hook", found.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    found.url = f"http://127.0.0.1:{port}/hook"
    try:
        yield found
    finally:
        found.let_go.set()
        await runner.cleanup()
