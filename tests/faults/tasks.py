"""Tasks assigned over HTTP, and what notify has planned for them."""

from collections import Counter
from typing import Any

import httpx2

from tests.support.processes import until

AGENCY = {"code": "G09", "name": "Bộ Nội vụ", "bloc": "government", "level": "central"}
PROGRAMME = {"code": "NQ57", "title": "Nghị quyết 57-NQ/TW"}
MILESTONES = {"T-30", "T-14", "T-7", "T-3", "T-1", "T0", "T+1", "T+7"}


async def post(client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def record_basics(tasks: httpx2.AsyncClient) -> None:
    await post(tasks, "/tasks/v1/agencies", AGENCY)
    await post(tasks, "/tasks/v1/programmes", PROGRAMME)


def new_task(title: str) -> dict[str, Any]:
    """Due on 31 May 2025."""
    return {
        "title": title,
        "programme": PROGRAMME["code"],
        "deadline_text": "Tháng 5/2025",
        "assignments": [{"agency_code": AGENCY["code"], "role": "lead"}],
    }


async def assign(client: httpx2.AsyncClient, count: int) -> list[str]:
    """Ids of new tasks, committed when this returns."""
    tasks = [await post(client, "/tasks/v1/tasks", new_task(f"Đề án số {number}")) for number in range(count)]
    return [task["id"] for task in tasks]


async def items(client: httpx2.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """Of all pages."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        asked = {"limit": 200, **params, **({"cursor": cursor} if cursor else {})}
        page = (await client.get(path, params=asked)).raise_for_status().json()
        found += page["items"]
        if (cursor := page["next_cursor"]) is None:
            return found


async def planned_once(notify: httpx2.AsyncClient, tasks: list[str]) -> None:
    """Return when every milestone of each task is planned; fail where one is planned twice."""

    async def planned() -> list[dict[str, Any]] | None:
        # pages of a list that still grows: some may be missed
        reminders = await items(notify, "/notify/v1/reminders", subject_kind="task")
        return reminders if len(reminders) >= len(tasks) * len(MILESTONES) else None

    reminders = await until(planned)
    counted = Counter((each["subject"], each["facts"]["milestone"]) for each in reminders or [])
    assert counted == Counter((task, milestone) for task in tasks for milestone in MILESTONES)
