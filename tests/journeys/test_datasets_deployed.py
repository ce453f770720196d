"""A database falls silent and comes back: what its owner's receiver gets, through separate processes and a real Kafka."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import URL

from shared.runtime.clock import SimulatedClock
from tests.support.deployed import caller, deployed
from tests.support.processes import run, until
from tests.support.webhooks import Received, subscriber

pytestmark = pytest.mark.kafka

START = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)  # 08:00 in Vietnam
SPEED = 120  # a minute in half a second
EXPECTED = {"period_seconds": 720, "grace_seconds": 60}  # late after 13 minutes, down after 36
OWNER = {"code": "G12", "name": "Bộ Tài chính", "bloc": "government", "level": "central"}
CODE = "CSDLQG-BH"
PATIENCE_SECONDS = 60


@dataclass
class Journey:
    clock: SimulatedClock
    http: dict[str, httpx2.AsyncClient]
    runs: Any

    async def post(self, service: str, path: str, body: Any, *statuses: int) -> httpx2.Response:
        answer = await self.http[service].post(f"/{service}/v1{path}", json=body)
        assert answer.status_code in statuses, answer.text
        return answer

    async def items(self, path: str) -> Any:
        answer = await self.http["notify"].get(f"/notify/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def is_taken(self, service: str, path: str, body: Any) -> bool:
        """False as long as the service does not know the agency that the body names."""
        answer = await self.post(service, path, body, 201, 422)
        assert answer.status_code == 201 or answer.json()["code"] == "agency_unknown", answer.text
        return answer.status_code == 201

    async def beat(self, ago: timedelta = timedelta(0)) -> datetime:
        observed_at = self.clock.now() - ago
        told = observed_at.isoformat()
        body = {
            "observed_at": told,
            "record_count": 97_215_403,
            "last_sync_at": told,
            "run_id": f"run-{next(self.runs)}",
        }
        await self.post("datasets", f"/databases/{CODE}/heartbeats", body, 202)
        return observed_at


@pytest.fixture
async def journey(postgres: URL, kafka: str, tmp_path: Path) -> AsyncIterator[Journey]:
    anchor = datetime.now(UTC)
    settings = {"DONDOC_CLOCK_SPEED": str(SPEED), "DONDOC_CLOCK_ANCHOR": anchor.isoformat()}
    async with (
        deployed(postgres, kafka, tmp_path, START.isoformat(), prefix="silence", **settings) as deployment,
        AsyncExitStack() as stack,
    ):
        key = run("keys", "create", "--name", "office", "--role", "admin", env=deployment.env).stdout.strip()
        clients = {
            service: await stack.enter_async_context(caller(deployment.url(service), key))
            for service in ("tasks", "datasets", "finance", "notify")
        }
        clock = SimulatedClock(START, speed=SPEED, anchor=anchor)
        yield Journey(clock, clients, count(1))


async def test_its_owner_hears_of_silence_and_return_once_each_in_order(journey: Journey) -> None:
    await journey.post("tasks", "/agencies", OWNER, 201)
    await _is_known_everywhere(journey)
    async with subscriber() as receiver:
        body = {"url": receiver.url, "agency_code": OWNER["code"]}
        secret = (await journey.post("notify", "/subscriptions", body, 201)).json()["secret"]
        last = await journey.beat(ago=timedelta(minutes=11))
        await receiver.wait_for(1, PATIENCE_SECONDS)
        await receiver.wait_for(2, PATIENCE_SECONDS)
        await journey.beat(ago=timedelta(minutes=1))
        back = await journey.beat()
        await receiver.wait_for(3, PATIENCE_SECONDS)
        await _nobody_expects_more(journey)
        await _all_is_settled(journey)
        got = list(receiver.received)
    late, down = last + timedelta(minutes=13), last + timedelta(minutes=36)
    _assert_told(got, secret, [("late", late), ("down", down), ("recovered", back)])


async def _is_known_everywhere(journey: Journey) -> None:
    """What tasks recorded has come to datasets and to finance, each of which then takes what names it."""
    database = {
        "code": CODE,
        "name": "Cơ sở dữ liệu quốc gia về bảo hiểm",
        "kind": "national",
        "owner_code": OWNER["code"],
        "heartbeat": EXPECTED,
    }
    claim = {
        "stage": "registered",
        "year": 2026,
        "level": "central",
        "agency_code": OWNER["code"],
        "nature": "capital",
        "field": "digital_transformation",
        "amount": 1_500_000_000,
        "stated_on": "2026-03-09",
    }
    await until(lambda: journey.is_taken("datasets", "/databases", database))
    await until(lambda: journey.is_taken("finance", "/claims", claim))


async def _nobody_expects_more(journey: Journey) -> None:
    """The test sends no further heartbeat: from here on that is no silence."""
    now = journey.clock.now()
    window = {"from": now.isoformat(), "until": (now + timedelta(days=1)).isoformat(), "reason": "Nâng cấp"}
    await journey.post("datasets", f"/databases/{CODE}/maintenance", window, 201)


async def _all_is_settled(journey: Journey) -> None:
    """Nothing waits any more: no reminder to be raised, no delivery to be made."""

    async def delivered() -> Any:
        found = await journey.items("/deliveries")
        return found if all(one["status"] == "delivered" for one in found) else None

    reminders = await journey.items(f"/reminders?subject_kind=database&subject={CODE}")
    assert [(each["kind"], each["status"]) for each in reminders] == [
        ("dataset.late", "raised"), ("dataset.down", "raised"), ("dataset.recovered", "raised"),
    ]  # fmt: skip
    assert [delivery["attempts_made"] for delivery in await until(delivered)] == [1, 1, 1]
    assert len(await journey.items(f"/alerts?database={CODE}")) == 3


def _assert_told(received: list[Received], secret: str, expected: list[tuple[str, datetime]]) -> None:
    events = [one.verified(secret) for one in received]
    assert [event["data"]["kind"] for event in events] == [f"dataset.{word}" for word, _ in expected]
    assert [datetime.fromisoformat(event["data"]["occurred_at"]) for event in events] == [
        became for _, became in expected
    ]
    assert {event["type"] for event in events} == {"vn.dondoc.notify.database.alerted.v1"}
    assert {event["data"]["agency"]["name"] for event in events} == {OWNER["name"]}
    assert {event["data"]["database"]["code"] for event in events} == {CODE}
    assert [event["data"]["database"]["observed"] for event in events] == ["late", "down", "up"]
    assert len({one.webhook_id for one in received}) == 3
