"""The deployment's own processes against a real PostgreSQL and a real Kafka broker, one of them lost on the way."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import URL

from services.tasks.use_cases.keys import revoke_key
from shared.keys.tokens import KeySigner, draw_key
from shared.runtime.audit import SYSTEM
from tests.support.deployed import caller, deployed, opened
from tests.support.processes import Deployment, run, until
from tests.support.webhooks import subscriber
from tests.support.writing import writing

pytestmark = pytest.mark.kafka


async def test_a_task_becomes_one_alert_although_the_worker_is_lost(
    postgres: URL, kafka: str, tmp_path: Path
) -> None:
    async with (
        deployed(postgres, kafka, tmp_path, "2025-05-23T09:00") as deployment,
        subscriber() as receiver,
    ):
        office = run(
            "keys", "create", "--name", "office", "--role", "office", env=deployment.env
        ).stdout.strip()
        headers = {"authorization": f"Bearer {office}"}
        async with (
            httpx2.AsyncClient(base_url=deployment.url("tasks"), headers=headers, trust_env=False) as tasks,
            httpx2.AsyncClient(base_url=deployment.url("notify"), headers=headers, trust_env=False) as notify,
        ):
            task_id = await _assign(tasks)
            await until(lambda: _knows(notify, task_id))
            body = {"url": receiver.url, "agency_code": "G09"}
            subscribed = await notify.post("/notify/v1/subscriptions", json=body)
            assert subscribed.status_code == 201, subscribed.text
            deployment.processes["work", "notify"].kill()
            await deployment.start(("work", "notify"), DONDOC_CLOCK="2025-05-24T08:30")  # back the day after

            (first,) = await receiver.wait_for(1, seconds=60)
            event = first.verified(subscribed.json()["secret"])
            assert event["data"]["task"]["id"] == task_id
            assert event["data"]["milestone"] == "T-7"
            cancelled = await tasks.post(f"/tasks/v1/tasks/{task_id}/cancellation", json={"reason": "đã gộp"})
            assert cancelled.status_code == 201
            await until(lambda: _is_left_alone(notify, task_id))
            alerts = (await notify.get("/notify/v1/alerts", params={"task": task_id})).json()["items"]
            assert [alert["milestone"] for alert in alerts] == ["T-7"]
            assert len(receiver.received) == 1
        await _a_key_that_tasks_alone_has_revoked_ends(deployment)
        for process in deployment.processes.values():
            assert process.stop() == 0, process.printed()
            assert office not in process.printed()


async def _a_key_that_tasks_alone_has_revoked_ends(deployment: Deployment) -> None:
    """The topic takes the revocation to the others, as after a command that reached no other database."""
    key = draw_key("office", "office")
    token = KeySigner([base64.b64decode(deployment.env["DONDOC_SECRET_KEY"])]).sign(key)
    async with caller(deployment.url("notify"), token) as client, opened(deployment.env, "tasks") as tasks:

        async def status() -> int:
            return (await client.get("/notify/v1/alerts")).status_code

        async def is_refused() -> bool:
            return await status() == 401

        assert await status() == 200
        async with writing(tasks) as session:
            await revoke_key(session, key.prefix, actor=SYSTEM, at=datetime.now(UTC), unrecorded=True)
        await until(is_refused)


async def _assign(tasks: httpx2.AsyncClient) -> str:
    """As an office does, on databases that hold nothing yet but what it records itself."""
    agency = {"code": "G09", "name": "Bộ Nội vụ", "bloc": "government", "level": "central"}
    programme = {"code": "NQ57", "title": "Nghị quyết 57-NQ/TW"}
    task = {
        "title": "Đề án đánh giá mức độ hoàn thành chuyển đổi số",
        "programme": "NQ57",
        "deadline_text": "Tháng 5/2025",
        "assignments": [{"agency_code": "G09", "role": "lead"}],
    }
    for path, body in (("agencies", agency), ("programmes", programme), ("tasks", task)):
        answer = await tasks.post(f"/tasks/v1/{path}", json=body)
        assert answer.status_code == 201, answer.text
    task_id = answer.json()["id"]
    assert isinstance(task_id, str)
    return task_id


async def _knows(notify: httpx2.AsyncClient, task_id: str) -> bool:
    asked = {"subject_kind": "task", "subject": task_id, "status": "pending"}
    reminders = await notify.get("/notify/v1/reminders", params=asked)
    return len(reminders.json()["items"]) > 0


async def _is_left_alone(notify: httpx2.AsyncClient, task_id: str) -> bool:
    return not await _knows(notify, task_id)
