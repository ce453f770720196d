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
from tests.faults.tasks import AGENCY, PROGRAMME, assign, items, planned_once, post, record_basics
from tests.support.deployed import caller
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

CALL_SECONDS = 3  # a killed worker's call counts as lost after four of that and half a minute, real time


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


@pytest.mark.kafka
async def test_whatever_is_killed_every_task_is_heard_of_and_spoken_of_once(
    postgres: URL, broker: Broker, tmp_path: Path
) -> None:
    async with _without_kafka(postgres, broker, tmp_path) as deployment, subscriber() as receiver:
        done = run("keys", "create", "--name", "office", "--role", "office", env=deployment.env)
        key = done.stdout.strip()
        async with (
            caller(deployment.url("tasks"), key) as tasks,
            caller(deployment.url("notify"), key) as notify,
        ):
            assigned = await _kafka_absent_at_start(deployment, broker, tasks)
            await planned_once(notify, assigned)
            assigned += await _kafka_killed_while_events_flow(deployment, broker, tasks)
            await planned_once(notify, assigned)
            assigned += await _killed_between_commit_and_relay(deployment, tasks)
            await planned_once(notify, assigned)
            await _the_day_after(deployment, notify, receiver, assigned)


async def _kafka_absent_at_start(
    deployment: Deployment, broker: Broker, tasks: httpx2.AsyncClient
) -> list[str]:
    """The API works without the broker; the workers say what they miss, and begin when it is there."""
    await record_basics(tasks)
    assigned = await assign(tasks, 10)
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
    assigned = await assign(tasks, 10)
    broker.kill()  # whatever was under way
    assigned += await assign(tasks, 10)
    await until(lambda: _tells_of_kafka(deployment, "tasks"))
    await _start(broker)
    return assigned


async def _killed_between_commit_and_relay(deployment: Deployment, tasks: httpx2.AsyncClient) -> list[str]:
    assigned = await assign(tasks, 10)
    deployment.processes["work", "tasks"].kill()  # whatever was under way
    assigned += await assign(tasks, 10)
    await deployment.start(("work", "tasks"))
    return assigned


async def _the_day_after(
    deployment: Deployment, notify: httpx2.AsyncClient, receiver: Subscriber, assigned: list[str]
) -> None:
    """Seven days before the deadline; the worker that tells of it was killed as well."""
    body = {"url": receiver.url, "agency_code": AGENCY["code"]}
    secret = (await post(notify, "/notify/v1/subscriptions", body))["secret"]
    deployment.processes["work", "notify"].kill()
    await deployment.start(("work", "notify"), DONDOC_CLOCK="2025-05-24T08:30")

    async def all_delivered() -> list[dict[str, Any]] | None:
        found = await items(notify, "/notify/v1/deliveries", status="delivered")
        return found if len(found) >= len(assigned) else None

    await receiver.wait_for(len(assigned), seconds=120)
    deliveries = await until(all_delivered) or []
    told = [one.verified(secret)["data"] for one in receiver.received]
    assert Counter(alert["task"]["id"] for alert in told) == Counter(assigned)
    assert {alert["milestone"] for alert in told} == {"T-7"}
    assert {delivery["attempts_made"] for delivery in deliveries} == {1}
    alerts = await items(notify, "/notify/v1/alerts")
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
            [task_id] = await assign(suite.client, 1)
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
        async with caller(deployment.url("tasks"), key) as tasks:
            await post(tasks, "/tasks/v1/programmes", PROGRAMME)
            killed = kill(server)
            refused = [await tasks.get("/tasks/v1/programmes") for _ in range(3)]
            refused.append(await tasks.post("/tasks/v1/agencies", json=AGENCY))
            unready = await tasks.get("/readyz")
            alive = await tasks.get("/healthz")
            await revive(server, killed)
            shown = await until(lambda: _programmes(tasks))
            await post(tasks, "/tasks/v1/agencies", AGENCY)
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
