"""`dondoc generate`: synthetic tasks in a deployment's database, the same for the same arguments."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from services.cli.console import Stop
from tests.cli.conftest import CLOCK, Running

BESIDE = "--beside-real-tasks"


@pytest.fixture
def office(running: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """The suite, whose database already holds a task that is real; the command goes by the suite's clock."""
    monkeypatch.setenv("DONDOC_CLOCK", CLOCK)
    headers = {"authorization": f"Bearer {running.key_file.read_text()}"}
    with httpx2.Client(base_url=running.url, headers=headers, trust_env=False) as client:
        client.post("/tasks/v1/programmes", json={"code": "THAT", "title": "Chương trình"})
        task = {
            "title": "Việc thật",
            "programme": "THAT",
            "assignments": [{"agency_code": "G12", "role": "lead"}],
        }
        answer = client.post(
            "/tasks/v1/tasks",
            json=task | {"deadline_text": "Tháng 6/2025"},
            headers={"idempotency-key": "that"},
        )
        assert answer.status_code == 201, answer.text
    return running


def generated(office: Running, *arguments: str) -> int:
    """The number that the command says it has added."""
    done = office.operator("generate", BESIDE, *arguments)
    assert done.exit_code == 0, done.exception
    return int(done.stdout.split("generated ")[1].split()[0])


def tasks(office: Running, seed: int) -> list[dict[str, Any]]:
    found = office.get(f"/tasks/v1/tasks?programme=TONGHOP-{seed}&limit=200").json()
    return list(found["items"])


def test_some_are_done_some_late_and_what_is_there_is_not_added_again(office: Running) -> None:
    assert generated(office, "--tasks", "150", "--seed", "2") == 150
    found = tasks(office, 2)
    assert len(found) == 150
    statuses = {item["status"] for item in found}
    assert {"completed_on_time", "completed_late", "overdue", "in_progress"} <= statuses
    assert {item["kind"] for item in found} == {"dated", "standing"}
    assert generated(office, "--tasks", "150", "--seed", "2") == 0
    assert generated(office, "--tasks", "152", "--seed", "2") == 2
    assert generated(office, "--tasks", "8", "--seed", "2", "--around", "2025-07-01") == 8


def test_few_agencies_are_given_all_tasks(office: Running) -> None:
    assert generated(office, "--tasks", "12", "--seed", "4", "--agencies", "3") == 12
    assert len({each["agency_code"] for item in tasks(office, 4) for each in item["assignments"]}) == 3


def test_where_real_tasks_are_none_are_generated_unless_told(office: Running) -> None:
    refused = office.operator("generate", "--tasks", "3", "--seed", "5")
    assert isinstance(refused.exception, Stop)
    assert BESIDE in refused.exception.vi
    assert tasks(office, 5) == []
