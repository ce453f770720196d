"""A database falls silent and comes back: what its owner's receiver gets, through every service of the suite."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx2
import pytest

from services.register import SERVICES
from services.suite import Databases, SuiteSettings, build_suite
from shared.runtime.clock import ManualClock
from tests.conftest import MakeDatabase
from tests.support.keys import authorization
from tests.support.webhooks import Received, subscriber

CODE = "CSDLQG-BH"
OWNER = "G12"
START = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)  # 08:00 in Vietnam
HOURLY = {"period_seconds": 3600, "grace_seconds": 600}
PATIENCE_SECONDS = 30


@dataclass
class Suite:
    http: httpx2.AsyncClient
    clock: ManualClock

    async def post(self, path: str, body: Any, *statuses: int) -> httpx2.Response:
        answer = await self.http.post(path, json=body)
        assert answer.status_code in (statuses or (201, 202)), answer.text
        return answer

    async def items(self, path: str) -> Any:
        answer = await self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def registered(self) -> None:
        """Once the agency, which tasks records, is known to datasets too."""
        agency = {"code": OWNER, "name": "Bộ Tài chính", "bloc": "government", "level": "central"}
        await self.post("/tasks/v1/agencies", agency)
        body = {
            "code": CODE, "name": "Cơ sở dữ liệu quốc gia về bảo hiểm", "kind": "national", "owner_code": OWNER,
            "heartbeat": HOURLY,
        }  # fmt: skip
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.post("/datasets/v1/databases", body, 201, 422)).status_code != 201:
                pass

    async def beat(self, number: int, observed_at: datetime | None = None) -> None:
        at = (observed_at or self.clock.now()).isoformat()
        body = {
            "observed_at": at,
            "record_count": 97_215_403,
            "last_sync_at": at,
            "run_id": f"run-{number}",
        }
        await self.post(f"/datasets/v1/databases/{CODE}/heartbeats", body, 202)


@pytest.fixture
async def suite(make_database: MakeDatabase) -> AsyncIterator[Suite]:
    """Every service in one process, each with its own database, on a clock that the test moves."""
    clock = ManualClock(START)
    settings = SuiteSettings.read(
        database_url="postgresql://unused",
        secret_key=base64.b64encode(b"k" * 32).decode(),
        allow_outgoing="127.0.0.0/8",
    )
    databases = Databases({service: await make_database(service) for service in SERVICES})
    app = build_suite(settings, databases, clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        headers = authorization(settings.tasks.secrets, "admin")
        transport = httpx2.ASGITransport(app=app)
        http = await stack.enter_async_context(
            httpx2.AsyncClient(transport=transport, base_url="http://dondoc", headers=headers)
        )
        yield Suite(http, clock)


async def test_its_owner_hears_of_silence_and_return_once_each_in_order(suite: Suite) -> None:
    runs = count(1)
    await suite.registered()
    async with subscriber() as receiver:
        body = {"url": receiver.url, "agency_code": OWNER}
        secret = (await suite.post("/notify/v1/subscriptions", body)).json()["secret"]
        await suite.beat(next(runs))
        for number, silence in enumerate((timedelta(minutes=70), timedelta(hours=3)), start=1):
            suite.clock.move_to(START + silence)
            await receiver.wait_for(number, PATIENCE_SECONDS)
        for _ in range(2):  # the second in time makes it up again
            suite.clock.advance(minutes=30)
            await suite.beat(next(runs))
        await receiver.wait_for(3, PATIENCE_SECONDS)
        suite.clock.advance(minutes=30)
        await suite.beat(next(runs))
        await all_is_settled(suite)
        got = list(receiver.received)
    assert_told(got, secret)


async def test_a_late_batch_raises_no_alarm_about_a_loss_that_is_over_and_words_and_times_agree(
    suite: Suite,
) -> None:
    runs = count(1)
    await suite.registered()
    async with subscriber() as receiver:
        body = {"url": receiver.url, "agency_code": OWNER}
        secret = (await suite.post("/notify/v1/subscriptions", body)).json()["secret"]
        await suite.beat(next(runs))
        for number, minutes in enumerate((70, 180), start=1):
            suite.clock.move_to(START + timedelta(minutes=minutes))
            await receiver.wait_for(number, PATIENCE_SECONDS)
        suite.clock.move_to(START + timedelta(hours=5))
        for minutes in (
            300,
            20,
            130,
            270,
            200,
            100,
            240,
            60,
            30,
            210,
            160,
        ):  # silences end, open and close in the past
            await suite.beat(next(runs), START + timedelta(minutes=minutes))
        await receiver.wait_for(3, PATIENCE_SECONDS)
        await suite.beat(next(runs))
        await all_is_settled(suite)
        suite.clock.advance(minutes=70)  # silent anew
        await receiver.wait_for(4, PATIENCE_SECONDS)
        alerts = [one.verified(secret)["data"] for one in receiver.received]
    told = [(alert["kind"], datetime.fromisoformat(alert["occurred_at"]) - START) for alert in alerts]
    assert told == [
        ("dataset.late", timedelta(minutes=70)), ("dataset.down", timedelta(minutes=180)),
        ("dataset.recovered", timedelta(minutes=300)), ("dataset.late", timedelta(minutes=370)),
    ]  # fmt: skip
    for alert, at, last in zip(
        alerts, ("09:10", "11:00", "13:00", "14:10"), ("08:00", "08:00", "", "13:00"), strict=True
    ):
        assert alert["database"]["since"] == alert["occurred_at"]
        assert f" từ {at} ngày 10/03/2026" in alert["message_vi"]
        assert f" since {at} on 10 March 2026" in alert["message_en"]
        if last:
            assert f"tín hiệu gần nhất lúc {last} ngày 10/03/2026" in alert["message_vi"]
            assert f"last heartbeat at {last} on 10 March 2026" in alert["message_en"]


async def all_is_settled(suite: Suite) -> None:
    """Nothing waits any more: no reminder to be raised, no delivery to be made."""
    reminders = await suite.items("/notify/v1/reminders")
    assert [(each["kind"], each["status"]) for each in reminders] == [
        ("dataset.late", "raised"), ("dataset.down", "raised"), ("dataset.recovered", "raised"),
    ]  # fmt: skip
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(one["status"] != "delivered" for one in await suite.items("/notify/v1/deliveries")):
            pass
    assert len(await suite.items("/notify/v1/alerts?database=" + CODE)) == 3


def assert_told(received: list[Received], secret: str) -> None:
    events = [one.verified(secret) for one in received]
    assert [event["data"]["kind"] for event in events] == [
        "dataset.late", "dataset.down", "dataset.recovered",
    ]  # fmt: skip
    assert {event["type"] for event in events} == {"vn.dondoc.notify.database.alerted.v1"}
    became = [datetime.fromisoformat(event["data"]["occurred_at"]) for event in events]
    assert became == [START + timedelta(minutes=minutes) for minutes in (70, 180, 240)]
    assert {event["data"]["agency"]["name"] for event in events} == {"Bộ Tài chính"}
    assert [event["data"]["database"]["observed"] for event in events] == ["late", "down", "up"]
