"""`dondoc generate`, run again: on another day, and where the office has many programmes."""

import httpx2

from tests.cli.conftest import Running


def titles(running: Running, seed: int) -> list[str]:
    found = running.get(f"/tasks/v1/tasks?programme=TONGHOP-{seed}&limit=100").json()["items"]
    return [item["title"] for item in found]


def test_another_days_run_adds_its_own_tasks_and_the_same_days_none(running: Running) -> None:
    command = ("generate", "--tasks", "8", "--seed", "2")
    for arguments, number in (((), 8), (("--around", "2025-05-21"), 16), (("--around", "2025-05-20"), 16)):
        done = running.command(*command, *arguments)
        assert done.exit_code == 0, done.exception
        assert len(titles(running, 2)) == number


def test_a_programme_beyond_the_first_page_is_known(running: Running) -> None:
    headers = {"authorization": f"Bearer {running.key_file.read_text()}"}
    with httpx2.Client(base_url=running.url, headers=headers, trust_env=False) as client:
        for number in range(200):
            body = {"code": f"A{number:03}", "title": "Chương trình"}
            assert client.post("/tasks/v1/programmes", json=body).status_code == 201
    for number in (1, 2):
        done = running.command("generate", "--tasks", str(number), "--seed", "3")
        assert done.exit_code == 0, done.exception
    assert len(titles(running, 3)) == 3
