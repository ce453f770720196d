"""The whole way in one process: an annex of 46 real tasks becomes signed alerts at a real receiver."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.support.processes import Process, free_port, run, until
from tests.support.webhooks import Subscriber, subscriber

ANNEX = Path(__file__).parent.parent / "data" / "nq71_appendix3.csv"


@dataclass
class Suite:
    process: Process
    url: str
    folder: Path
    client: httpx2.AsyncClient

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = await self.client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


@asynccontextmanager
async def suite_at(clock: str, folder: Path, port: int, *options: str) -> AsyncIterator[Suite]:
    """The suite as a newcomer starts it, its clock set; stopped as by Ctrl-C, which must end it cleanly."""
    arguments = ["up", "--data-dir", str(folder), "--port", str(port), "--clock", clock, *options]
    process = Process(*arguments, "--allow-outgoing", "127.0.0.1/32", log=folder.with_suffix(".log"))
    try:
        url = f"http://127.0.0.1:{port}"
        await process.answers(f"{url}/readyz")
        key = (folder / "admin.key").read_text()
        headers = {"authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
            yield Suite(process, url, folder, client)
        assert process.stop() == 0, process.printed()
    finally:
        if not process.died():
            process.kill()


async def test_forty_six_real_tasks_become_signed_alerts(tmp_path: Path) -> None:
    folder, port = tmp_path / "data", free_port()
    async with subscriber() as receiver:
        async with suite_at("2025-05-23T22:00", folder, port, "--no-seed", "--speed", "1000") as suite:
            secret = await _subscribe_and_import(suite, receiver)
            await _seven_days_before(suite, receiver, secret)
        async with suite_at("2025-05-31T07:59:45", folder, port) as suite:
            await _after_an_outage_only_the_newest(suite, receiver, secret)
            await _a_completed_task_is_left_alone(suite)


async def _subscribe_and_import(suite: Suite, receiver: Subscriber) -> str:
    await suite.post("/tasks/v1/programmes", {"code": "NQ57", "title": "Nghị quyết 57-NQ/TW"})
    document = {
        "code": "71/NQ-CP",
        "type": "Nghị quyết",
        "issued_on": "2025-04-01",
        "title": "Chương trình hành động",
    }
    await suite.post("/tasks/v1/documents", document)
    body = {"url": receiver.url, "agency_code": "G09"}
    subscription = await suite.post("/notify/v1/subscriptions", body)
    reports = [_import(suite, "--dry-run"), _import(suite), _import(suite)]
    assert [(report["accepted"], report["unchanged"], report["refused"]) for report in reports] == [
        (46, 0, 0),
        (46, 0, 0),
        (0, 46, 0),
    ]
    assert [report["written"] for report in reports] == [False, True, False]
    assert reports[0]["rows"] == reports[1]["rows"]
    secret = subscription["secret"]
    assert isinstance(secret, str)
    return secret


def _import(suite: Suite, *options: str) -> dict[str, Any]:
    key = str(suite.folder / "admin.key")
    where = ("--url", suite.url, "--key-file", key, "--programme", "NQ57", "--document", "71/NQ-CP")
    done = run("import", "tasks", str(ANNEX), *where, "--json", *options)
    report = json.loads(done.stdout)
    assert isinstance(report, dict)
    return report


async def _seven_days_before(suite: Suite, receiver: Subscriber, secret: str) -> None:
    """The Ministry of Home Affairs leads one task itself and its part of two that went to a group."""
    received = await receiver.wait_for(3, seconds=60)
    events = [one.verified(secret) for one in received]
    assert {event["type"] for event in events} == {"vn.dondoc.notify.alert.raised.v1"}
    assert {event["data"]["milestone"] for event in events} == {"T-7"}
    assert {event["data"]["kind"] for event in events} == {"deadline.reminder"}
    assert {event["data"]["agency"]["name"] for event in events} == {"Bộ Nội vụ"}
    own = next(event["data"] for event in events if event["data"]["task"]["deliverable"] == "Đề án")
    assert own["task"]["due_on"] == "2025-05-31"
    assert own["task"]["deadline_text"] == "Tháng 5/2025"
    assert "Còn 7 ngày" in own["message_vi"]
    assert (await suite.client.get(own["task"]["link"])).status_code == 200
    metrics = (await suite.client.get("/metrics")).text
    assert 'dondoc_webhook_attempts_total{outcome="delivered"} 3.0' in metrics
    assert 'dondoc_alerts_raised_total{kind="deadline.reminder"}' in metrics
    figures = await suite.get("/tasks/v1/statistics", as_of="2025-05-20")
    assert (figures["total"], figures["by_status"]["in_progress"]) == (46, 46)


async def _after_an_outage_only_the_newest(suite: Suite, receiver: Subscriber, secret: str) -> None:
    """The tasks of May, and of June the two given to every ministry, thirty days ahead."""
    received = await receiver.wait_for(11, seconds=60)
    got = [one.verified(secret)["data"]["milestone"] for one in received[3:]]
    assert sorted(got) == ["T-1"] * 3 + ["T-30"] * 2 + ["T0"] * 3
    timers = await suite.get("/notify/v1/timers", agency="G09", limit=200)
    superseded = {timer["milestone"] for timer in timers["items"] if timer["status"] == "superseded"}
    assert superseded == {"T-3"}


async def _a_completed_task_is_left_alone(suite: Suite) -> None:
    found = await suite.get("/tasks/v1/tasks", agency="G09", q="danh gia muc do hoan thanh")
    task_id = found["items"][0]["id"]
    evidence = [{"kind": "document", "reference": "01/QĐ-BNV", "title": "Quyết định ban hành Đề án"}]
    submission = await suite.post(
        f"/tasks/v1/tasks/{task_id}/submissions",
        {"completed_on": "2025-05-30", "summary": "Đã ban hành Đề án", "evidence": evidence},
    )
    await suite.post(f"/tasks/v1/submissions/{submission['id']}/decision", {"decision": "accept"})

    async def no_timer_left() -> bool:
        timers = await suite.get("/notify/v1/timers", task=task_id, status="pending")
        return timers["items"] == []

    assert await until(no_timer_left)
    task = await suite.get(f"/tasks/v1/tasks/{task_id}")
    assert task["status"] == "completed_on_time"


async def test_a_newcomer_is_told_what_is_wrong(tmp_path: Path) -> None:
    folder, port = tmp_path / "data", free_port()
    async with suite_at("2026-03-09T08:00", folder, port) as suite:
        taken_port = run("up", "--data-dir", str(tmp_path / "other"), "--port", str(port), check=False)
        taken_folder = run("up", "--data-dir", str(folder), "--port", "0", check=False)
        printed = suite.process.printed()
        figures = await suite.get("/tasks/v1/statistics")
        first_page = (await suite.client.get("/")).text
    earlier = run("up", "--data-dir", str(folder), "--port", "0", "--clock", "2025-01-01T08:00", check=False)

    assert taken_port.returncode == taken_folder.returncode == earlier.returncode == 1
    assert "--port" in taken_port.stderr
    assert "--data-dir" in taken_folder.stderr
    assert "--clock" in earlier.stderr
    assert "Traceback" not in taken_port.stderr + taken_folder.stderr + earlier.stderr
    for word in ("admin.key", "Đến hạn trong tuần", f"127.0.0.1:{port}", "dondoc listen"):
        assert word in printed
    key = (folder / "admin.key").read_text()
    assert key not in printed
    assert (folder / "admin.key").stat().st_mode & 0o777 == 0o600
    assert figures["by_status"]["overdue"] > 0
    assert figures["by_status"]["due_soon"] > 0
    assert "/tasks/docs" in first_page
