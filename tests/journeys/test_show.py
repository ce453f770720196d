"""The main job, shown: an annex of 46 real tasks becomes signed alerts at a real receiver, two months in two minutes."""

import csv
import json
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.ports import free_port
from tests.support.processes import Suite, run, suite_at, until
from tests.support.webhooks import Received, Subscriber, subscriber

ROOT = Path(__file__).parents[2]
ANNEX = ROOT / "tests" / "data" / "nq71_appendix3.csv"
CATALOGUE = ROOT / "services" / "tasks" / "catalogue"
FINANCE = "G12"
MILESTONES = {
    "T-30": "2025-05-01",
    "T-14": "2025-05-17",
    "T-7": "2025-05-24",
    "T-3": "2025-05-28",
    "T-1": "2025-05-30",
    "T0": "2025-05-31",
    "T+1": "2025-06-01",
    "T+7": "2025-06-07",
}  # of a task due on 31 May 2025
TOLD = 8 * len(MILESTONES) + 2  # until 7 June: the eight tasks of May, and T-30 of two of June
PLAY_SECONDS = 180.0  # 58 days of two seconds, and room for a slow machine


# --- Every alert of two months, at once ----------------------------------------------------------------------------


def test_a_simulation_prints_every_alert_of_two_months() -> None:
    done = run("simulate", str(ANNEX), "--from", "2025-05-01", "--to", "2025-07-01", "--json")
    alerts = json.loads(done.stdout)
    found = Counter(
        (
            alert["task"]["title"],
            alert["agency"]["code"],
            alert["milestone"],
            datetime.fromisoformat(alert["raised_at"]).isoformat(),
        )
        for alert in alerts
    )
    assert found == Counter(_expected(date(2025, 5, 1), date(2025, 7, 1)))
    assert len({alert["alert_id"] for alert in alerts}) == len(alerts)
    assert [alert["raised_at"] for alert in alerts] == sorted(alert["raised_at"] for alert in alerts)


def _expected(first: date, last: date) -> list[tuple[str, str, str, str]]:
    """Title, agency, milestone and instant, reckoned from the annex's and the catalogue's own files."""
    due = {"Tháng 5/2025": date(2025, 5, 31), "Tháng 6/2025": date(2025, 6, 30)}
    return [
        (row["title"], code, f"T{days:+d}" if days else "T0", f"{day}T01:00:00+00:00")  # 08:00 in Hanoi
        for row in _rows(ANNEX)
        for code in _leads(row["agencies_text"])
        for days in (-30, -14, -7, -3, -1, 0, 1, *range(7, 70, 7))
        if first <= (day := due[row["deadline_text"]] + timedelta(days=days)) <= last
    ]


def _leads(text: str) -> list[str]:
    groups = {"Các bộ, ngành": ["ministries"], "Các bộ, ngành, địa phương": ["ministries", "localities"]}
    if text in groups:
        members = _rows(CATALOGUE / "group_members.csv")
        return [row["agency_code"] for row in members if row["group_code"] in groups[text]]
    return [row["code"] for row in _rows(CATALOGUE / "agencies.csv") if row["name"] == text]


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


# --- The same, delivered -------------------------------------------------------------------------------------------


async def test_a_real_receiver_gets_each_milestone_of_each_task_once_and_in_order(tmp_path: Path) -> None:
    folder, port = tmp_path / "data", free_port()
    fast = ("--no-seed", "--speed", "43200")
    async with subscriber() as receiver:
        async with suite_at("2025-04-10T00:00:00+07:00", folder, port, *fast) as suite:
            secret = await _subscribe_and_import(suite, receiver)
            may = await _tasks_of_may(suite)
            _each_once_in_order(await receiver.wait_for(TOLD, seconds=PLAY_SECONDS), secret, may)
            await _all_is_recorded(suite, may)
        async with suite_at("2025-06-28T12:00:00+07:00", folder, port) as suite:
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
    body = {"url": receiver.url, "agency_code": FINANCE}
    secret = (await suite.post("/notify/v1/subscriptions", body))["secret"]
    reports = [_import(suite, "--dry-run"), _import(suite), _import(suite)]
    assert [(report["accepted"], report["unchanged"], report["refused"]) for report in reports] == [
        (46, 0, 0),
        (46, 0, 0),
        (0, 46, 0),
    ]
    assert [report["written"] for report in reports] == [False, True, False]
    assert reports[0]["rows"] == reports[1]["rows"]
    assert isinstance(secret, str)
    return secret


def _import(suite: Suite, *options: str) -> dict[str, Any]:
    key = str(suite.folder / "admin.key")
    where = ("--url", suite.url, "--key-file", key, "--programme", "NQ57", "--document", "71/NQ-CP")
    report = json.loads(run("import", "tasks", str(ANNEX), *where, "--json", *options).stdout)
    assert isinstance(report, dict)
    return report


async def _tasks_of_may(suite: Suite) -> set[str]:
    """Six of the Ministry of Finance's own, two given to every ministry."""
    found = await suite.get("/tasks/v1/tasks", agency=FINANCE, role="lead", due_before="2025-06-01")
    tasks = {task["id"] for task in found["items"]}
    assert len(tasks) == 8
    return tasks


def _each_once_in_order(received: list[Received], secret: str, may: set[str]) -> None:
    """And of June the two tasks given to every ministry, thirty days ahead."""
    events = [one.verified(secret) for one in received]
    assert len({one.webhook_id for one in received}) == len(received)
    assert {event["type"] for event in events} == {"vn.dondoc.notify.alert.raised.v1"}
    alerts = [event["data"] for event in events]
    assert {alert["agency"]["name"] for alert in alerts} == {"Bộ Tài chính"}
    of_may = [alert for alert in alerts if alert["task"]["id"] in may]
    for task_id in may:
        own = [alert for alert in of_may if alert["task"]["id"] == task_id]
        assert [alert["milestone"] for alert in own] == list(MILESTONES)
        assert {alert["task"]["due_on"] for alert in own} == {"2025-05-31"}
        assert {alert["task"]["deadline_text"] for alert in own} == {"Tháng 5/2025"}
    for alert in of_may:
        due = datetime.fromisoformat(f"{MILESTONES[alert['milestone']]}T08:00:00+07:00")
        assert timedelta(0) <= datetime.fromisoformat(alert["raised_at"]) - due < timedelta(days=1)
    seven_before = next(alert for alert in of_may if alert["milestone"] == "T-7")
    assert "Còn 7 ngày" in seven_before["message_vi"]
    others = [alert["milestone"] for alert in alerts if alert["task"]["id"] not in may]
    assert others == ["T-30", "T-30"]


async def _reminders(suite: Suite, **asked: Any) -> list[Any]:
    items = (await suite.get("/notify/v1/reminders", subject_kind="task", **asked))["items"]
    assert isinstance(items, list)
    return items


async def _all_is_recorded(suite: Suite, may: set[str]) -> None:
    for task_id in may:
        reminders = await _reminders(suite, agency=FINANCE, subject=task_id)
        assert {each["status"] for each in reminders} == {
            "raised",
            "pending",
        }  # none superseded, none obsolete
        raised = {each["facts"]["milestone"] for each in reminders if each["status"] == "raised"}
        assert raised >= set(MILESTONES)
    metrics = (await suite.client.get("/metrics")).text
    assert f'dondoc_webhook_attempts_total{{outcome="delivered"}} {TOLD}.0' in metrics
    assert 'dondoc_alerts_raised_total{kind="deadline.overdue"}' in metrics
    figures = await suite.get("/tasks/v1/statistics", as_of="2025-05-20")
    assert figures["total"] == sum(figures["by_status"].values()) == 46


async def _after_an_outage_only_the_newest(suite: Suite, receiver: Subscriber, secret: str) -> None:
    """Away from 7 to 28 June: four weeks late for the tasks of May, three days before for the two of June."""
    received = (await receiver.wait_for(TOLD + 10))[TOLD:]
    got = Counter(one.verified(secret)["data"]["milestone"] for one in received)
    assert got == {"T+28": 8, "T-3": 2}
    reminders = await _reminders(suite, agency=FINANCE, status="superseded", limit=200)
    superseded = Counter(each["facts"]["milestone"] for each in reminders)
    assert superseded == {"T+14": 8, "T+21": 8, "T-14": 2, "T-7": 2}


async def _a_completed_task_is_left_alone(suite: Suite) -> None:
    found = await suite.get("/tasks/v1/tasks", agency=FINANCE, q="Luật Ngân sách nhà nước")
    task_id = found["items"][0]["id"]
    evidence = [{"kind": "document", "reference": "89/2025/QH15", "title": "Luật Ngân sách nhà nước"}]
    submission = await suite.post(
        f"/tasks/v1/tasks/{task_id}/submissions",
        {"completed_on": "2025-05-30", "summary": "Đã trình Luật", "evidence": evidence},
    )
    await suite.post(f"/tasks/v1/submissions/{submission['id']}/decision", {"decision": "accept"})

    async def no_reminder_left() -> bool:
        return not await _reminders(suite, subject=task_id, status="pending")

    assert await until(no_reminder_left)
    assert (await suite.get(f"/tasks/v1/tasks/{task_id}"))["status"] == "completed_on_time"
