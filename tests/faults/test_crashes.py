"""Processes, the suite, the broker and the database killed with -9 while work is under way."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import URL

from shared.runtime.embedded_postgres import EmbeddedPostgres
from tests.support.kafka import Broker, wait_until_up
from tests.support.postgres import kill, own_postgres, revive
from tests.support.processes import (
    PROCESSES,
    Deployment,
    deployment_env,
    free_port,
    run,
    suite_at,
    until,
)
from tests.support.webhooks import Subscriber, subscriber

AGENCY = {"code": "G09", "name": "Bộ Nội vụ", "bloc": "government", "level": "central"}
PROGRAMME = {"code": "NQ57", "title": "Nghị quyết 57-NQ/TW"}
MILESTONES = {"T-30", "T-14", "T-7", "T-3", "T-1", "T0", "T+1", "T+7"}
CALL_SECONDS = 3  # a killed worker's call counts as lost after four of that and half a minute, real time


def _client(url: str, key: str) -> httpx2.AsyncClient:
    headers = {"authorization": f"Bearer {key}"}
    return httpx2.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False)


async def _post(client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _assign(client: httpx2.AsyncClient, count: int) -> list[str]:
    """Tasks due on 31 May 2025, committed when this returns."""
    return [
        (
            await _post(
                client,
                "/tasks/v1/tasks",
                {
                    "title": f"Đề án số {number}",
                    "programme": PROGRAMME["code"],
                    "deadline_text": "Tháng 5/2025",
                    "assignments": [{"agency_code": AGENCY["code"], "role": "lead"}],
                },
            )
        )["id"]
        for number in range(count)
    ]


async def _items(client: httpx2.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """Of all pages."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        asked = {"limit": 200, **params, **({"cursor": cursor} if cursor else {})}
        page = (await client.get(path, params=asked)).raise_for_status().json()
        items += page["items"]
        if (cursor := page["next_cursor"]) is None:
            return items


# --- Kafka and the workers of a deployment -------------------------------------------------------------------------


@asynccontextmanager
async def _without_kafka(postgres: URL, broker: Broker, folder: Path) -> AsyncIterator[Deployment]:
    """A deployment that starts before its broker."""
    env = deployment_env(postgres, broker.address, "2025-05-23T09:00", "crashes")
    await asyncio.to_thread(run, "migrate", env=env)
    deployment = Deployment(env, folder)
    try:
        await asyncio.gather(*(deployment.start(name, probe="healthz") for name in PROCESSES))
        yield deployment
    finally:
        deployment.end()


async def _start(broker: Broker) -> None:
    broker.start()
    await wait_until_up(broker.address)


async def _tells_of_kafka(deployment: Deployment, service: str) -> bool:
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{deployment.url(service, 'work')}/readyz")
    return answer.status_code == 503 and "Kafka" in answer.text


async def _knows_each_once(notify: httpx2.AsyncClient, tasks: list[str]) -> None:
    """Each task is planned, and planned once."""

    async def found() -> list[dict[str, Any]] | None:
        # pages of a list that still grows: some may be missed
        reminders = await _items(notify, "/notify/v1/reminders", subject_kind="task")
        return reminders if len(reminders) >= len(tasks) * len(MILESTONES) else None

    reminders = await until(found)
    planned = Counter((each["subject"], each["facts"]["milestone"]) for each in reminders or [])
    assert planned == Counter((task, milestone) for task in tasks for milestone in MILESTONES)


@pytest.mark.kafka
async def test_whatever_is_killed_every_task_is_heard_of_and_spoken_of_once(
    postgres: URL, broker: Broker, tmp_path: Path
) -> None:
    async with _without_kafka(postgres, broker, tmp_path) as deployment, subscriber() as receiver:
        done = run("keys", "create", "--name", "office", "--role", "office", env=deployment.env)
        key = done.stdout.strip()
        async with (
            _client(deployment.url("tasks"), key) as tasks,
            _client(deployment.url("notify"), key) as notify,
        ):
            assigned = await _kafka_absent_at_start(deployment, broker, tasks)
            await _knows_each_once(notify, assigned)
            assigned += await _kafka_killed_while_events_flow(deployment, broker, tasks)
            await _knows_each_once(notify, assigned)
            assigned += await _killed_between_commit_and_relay(deployment, tasks)
            await _knows_each_once(notify, assigned)
            await _the_day_after(deployment, notify, receiver, assigned)


async def _kafka_absent_at_start(
    deployment: Deployment, broker: Broker, tasks: httpx2.AsyncClient
) -> list[str]:
    """The API works without the broker; the workers say what they miss, and begin when it is there."""
    await _post(tasks, "/tasks/v1/agencies", AGENCY)
    await _post(tasks, "/tasks/v1/programmes", PROGRAMME)
    assigned = await _assign(tasks, 10)
    for service in ("tasks", "notify"):
        await until(lambda service=service: _tells_of_kafka(deployment, service))  # type: ignore[misc]  # bound now
    await _start(broker)
    await asyncio.to_thread(run, "topics", env=deployment.env)
    for name in PROCESSES:
        await deployment.answers(name, "readyz")
    return assigned


async def _kafka_killed_while_events_flow(
    deployment: Deployment, broker: Broker, tasks: httpx2.AsyncClient
) -> list[str]:
    assigned = await _assign(tasks, 10)
    broker.kill()  # whatever was under way
    assigned += await _assign(tasks, 10)
    await until(lambda: _tells_of_kafka(deployment, "tasks"))
    await _start(broker)
    return assigned


async def _killed_between_commit_and_relay(deployment: Deployment, tasks: httpx2.AsyncClient) -> list[str]:
    assigned = await _assign(tasks, 10)
    deployment.processes["work", "tasks"].kill()  # whatever was under way
    assigned += await _assign(tasks, 10)
    await deployment.start(("work", "tasks"))
    return assigned


async def _the_day_after(
    deployment: Deployment, notify: httpx2.AsyncClient, receiver: Subscriber, assigned: list[str]
) -> None:
    """Seven days before the deadline; the worker that tells of it was killed as well."""
    body = {"url": receiver.url, "agency_code": AGENCY["code"]}
    secret = (await _post(notify, "/notify/v1/subscriptions", body))["secret"]
    deployment.processes["work", "notify"].kill()
    await deployment.start(("work", "notify"), DONDOC_CLOCK="2025-05-24T08:30")

    async def all_delivered() -> list[dict[str, Any]] | None:
        found = await _items(notify, "/notify/v1/deliveries", status="delivered")
        return found if len(found) >= len(assigned) else None

    await receiver.wait_for(len(assigned), seconds=120)
    deliveries = await until(all_delivered) or []
    told = [one.verified(secret)["data"] for one in receiver.received]
    assert Counter(alert["task"]["id"] for alert in told) == Counter(assigned)
    assert {alert["milestone"] for alert in told} == {"T-7"}
    assert {delivery["attempts_made"] for delivery in deliveries} == {1}
    alerts = await _items(notify, "/notify/v1/alerts")
    assert Counter(alert["task"]["id"] for alert in alerts) == Counter(assigned)


# --- The suite in one process --------------------------------------------------------------------------------------


async def test_a_suite_killed_after_a_commit_and_again_in_a_call_tells_all_of_it(tmp_path: Path) -> None:
    folder, port = tmp_path / "data", free_port()
    env = {"DONDOC_WEBHOOK_TOTAL_SECONDS": str(CALL_SECONDS)}
    async with subscriber(lambda number: None if number == 0 else (204, {})) as receiver:
        async with suite_at("2025-05-23T09:00", folder, port, "--no-seed", env=env) as suite:
            await suite.post("/tasks/v1/programmes", PROGRAMME)
            body = {"url": receiver.url, "agency_code": AGENCY["code"]}
            secret = (await suite.post("/notify/v1/subscriptions", body))["secret"]
            [task_id] = await _assign(suite.client, 1)
            suite.process.kill()  # committed, and perhaps not yet heard of
        async with suite_at("2025-05-24T07:59:45", folder, port, env=env) as suite:
            await receiver.wait_for(1, seconds=120)
            suite.process.kill()  # claimed, called, and nothing recorded
        async with suite_at("2025-05-24T08:05", folder, port, env=env) as suite:
            first, second = await receiver.wait_for(2, seconds=120)

            async def ended() -> dict[str, Any] | None:
                [delivery] = (await suite.get("/notify/v1/deliveries"))["items"]
                return delivery if delivery["status"] == "delivered" else None

            delivery = await until(ended) or {}
            alerts = (await suite.get("/notify/v1/alerts", task=task_id))["items"]
    assert not (
        folder / "postgres" / "postmaster.pid"
    ).exists()  # the last run stopped it, whoever was killed before
    assert first.webhook_id == second.webhook_id == alerts[0]["id"]
    assert first.verified(secret) == second.verified(secret)
    assert [attempt["outcome"] for attempt in delivery["attempts"]] == ["lost", "delivered"]
    assert [alert["milestone"] for alert in alerts] == ["T-7"]
    assert len(receiver.received) == 2


# --- The database --------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    with own_postgres() as owned:
        yield owned


async def test_a_database_killed_under_the_api_is_told_and_found_again(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    url = await asyncio.to_thread(server.start)
    env = deployment_env(url, "127.0.0.1:9", "2025-05-23T09:00", "killed")
    await asyncio.to_thread(run, "migrate", env=env)
    key = run("keys", "create", "--name", "office", "--role", "office", env=env).stdout.strip()
    deployment = Deployment(env, tmp_path)
    try:
        await deployment.start(("serve", "tasks"))
        async with _client(deployment.url("tasks"), key) as tasks:
            await _post(tasks, "/tasks/v1/programmes", PROGRAMME)
            killed = kill(server)
            refused = [await tasks.get("/tasks/v1/programmes") for _ in range(3)]
            refused.append(await tasks.post("/tasks/v1/agencies", json=AGENCY))
            unready = await tasks.get("/readyz")
            alive = await tasks.get("/healthz")
            await revive(server, killed)
            shown = await until(lambda: _programmes(tasks))
            await _post(tasks, "/tasks/v1/agencies", AGENCY)
            await deployment.answers(("serve", "tasks"), "readyz")
    finally:
        deployment.end()
    assert {answer.status_code for answer in refused} == {503}
    assert {answer.headers["content-type"] for answer in refused} == {"application/problem+json"}
    assert {answer.json()["code"] for answer in refused} == {"database_unavailable"}
    assert (unready.status_code, alive.status_code) == (503, 200)
    assert [programme["code"] for programme in shown] == [PROGRAMME["code"]]


async def _programmes(tasks: httpx2.AsyncClient) -> list[dict[str, Any]]:
    """None while the database is away."""
    answer = await tasks.get("/tasks/v1/programmes")
    return answer.json()["items"] if answer.status_code == 200 else []
