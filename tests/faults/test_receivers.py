"""Receivers that fail, each in its way, beside one that does not: what is recorded, and that it is tried again."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.notify.settings import NotifySettings
from shared.runtime.clock import ManualClock
from shared.runtime.networks import AllowedNetwork
from tests.conftest import MakeDatabase
from tests.notify.world import World, task
from tests.support.receiver import OK_IN_CHUNKS, flooding, receiving
from tests.support.tls import certificate
from tests.support.webhooks import always, hanging, subscriber

DUE = date(2025, 5, 31)
SEVEN_BEFORE = date(2025, 5, 24)


@pytest.fixture
async def world(make_database: MakeDatabase, clock: ManualClock) -> AsyncIterator[World]:
    settings = NotifySettings(
        database_url="postgresql://unused",
        secret_key="a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
        allow_outgoing="127.0.0.0/8,10.0.0.0/8",
        webhook_total_seconds=1,
    )
    async with AsyncExitStack() as stack:
        yield await World.open(await make_database("notify"), clock, settings, stack)


@asynccontextmanager
async def _failing(tls: ssl.SSLContext) -> AsyncIterator[dict[str, str]]:
    """Address of a receiver by the word that its failure is recorded under."""
    async with AsyncExitStack() as stack:
        slow = await stack.enter_async_context(subscriber(hanging))
        moved = await stack.enter_async_context(subscriber(always(307, location="http://127.0.0.1:9/")))
        unvouched = await stack.enter_async_context(receiving(tls=tls))
        hinting = await stack.enter_async_context(receiving(flooding(b"HTTP/1.1 103 Early Hints\r\n\r\n")))
        extending = await stack.enter_async_context(
            receiving(flooding(OK_IN_CHUNKS, b"1;" + b"x" * 8_000 + b"\r\ny\r\n"))
        )
        dripping = await stack.enter_async_context(receiving(flooding(OK_IN_CHUNKS, b"1\r\ny\r\n")))
        urls = {
            "timeout": slow.url,
            "redirect_not_followed": moved.url,
            "refused_address": "http://10.1.2.3/hook",
            "too_many_interim_answers": f"http://127.0.0.1:{hinting.port}/hook",
            "answer_too_large": f"http://127.0.0.1:{extending.port}/hook",
            "answer_too_fragmented": f"http://127.0.0.1:{dripping.port}/hook",
            "tls_failure": f"https://127.0.0.1:{unvouched.port}/hook",
        }
        async with AsyncExitStack() as closed:
            gone = await closed.enter_async_context(subscriber())
            urls["connect_failure"] = gone.url
        yield urls
        assert unvouched.requests == []


async def _deliveries(world: World) -> dict[str, Any]:
    return {delivery["url"]: delivery for delivery in await world.items("/deliveries?limit=200")}


async def test_each_failure_has_its_word_and_its_next_try_and_costs_the_healthy_nothing(
    world: World, tmp_path: Path
) -> None:
    tls, _ = certificate(tmp_path, "127.0.0.1")
    async with _failing(tls) as urls, subscriber() as healthy:
        for url in (*urls.values(), healthy.url):
            await world.subscribe(url)
        # what was allowed when it was subscribed lies inside now
        world.settings = world.settings.model_copy(
            update={"allow_outgoing": (AllowedNetwork.parse("127.0.0.0/8"),)}
        )
        await world.receive(task(DUE))
        world.go_to(SEVEN_BEFORE)
        assert await world.raise_all() == 1
        assert await world.deliver() == len(urls) + 1
        first = await _deliveries(world)
        world.clock.advance(seconds=6)  # the second try comes after five seconds, give or take a tenth
        assert await world.deliver() == len(urls)
        second = await _deliveries(world)
    assert first[healthy.url]["status"] == "delivered"
    assert len(healthy.received) == 1
    for error, url in urls.items():
        assert [attempt["error"] for attempt in first[url]["attempts"]] == [error]
        assert [(attempt["outcome"], attempt["error"]) for attempt in second[url]["attempts"]] == [
            ("failed", error),
            ("failed", error),
        ]
        assert second[url]["status"] == "pending"
        assert second[url]["next_attempt_at"] > first[url]["next_attempt_at"]
