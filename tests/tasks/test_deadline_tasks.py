"""What a reading means for the task that is recorded with it."""

from tests.support.tasks import APPROVAL, TasksService

OPEN = "Năm 2026 và các năm tiếp theo"


async def test_an_open_end_is_a_standing_duty_and_never_overdue(service: TasksService) -> None:
    reading = await service.post("/deadline-readings", {"text": OPEN}, 200, role="reader")
    assert (reading["due_on"], reading["flags"]) == ("2026-12-31", ["open_ended"])
    task = await service.assign(deadline_text=OPEN)
    assert (task["kind"], task["due_on"], task["status"]) == ("standing", None, "standing")
    later = await service.get(f"/tasks/{task['id']}", params={"as_of": "2028-01-01"})
    assert later["status"] == "standing"


async def test_an_open_end_said_to_be_dated_has_no_day_to_be_late_after(service: TasksService) -> None:
    task = await service.assign(deadline_text=OPEN, kind="dated")
    later = await service.get(f"/tasks/{task['id']}", params={"as_of": "2028-01-01"})
    assert (later["kind"], later["due_on"], later["status"]) == ("dated", None, "in_progress")
    assert (later["deadline"]["start_on"], later["deadline"]["flags"]) == ("2026-01-01", ["open_ended"])


async def test_words_that_were_not_understood_travel_with_the_task_and_its_event(
    service: TasksService,
) -> None:
    task = await service.assign(deadline_text="trước ngày 15/11/2025, trừ các xã đảo")
    assert task["deadline"]["flags"] == ["words_unread"]
    assert task["deadline"]["unread_words"] == ["trừ các xã đảo"]
    changes = await service.get("/changes", params={"limit": "500"})
    created = [item for item in changes["items"] if item["type"].endswith("task.created.v1")]
    assert created[-1]["data"]["task"]["deadline"]["unread_words"] == ["trừ các xã đảo"]


async def test_an_open_end_extends_nothing(service: TasksService) -> None:
    task = await service.assign(deadline_text="trước ngày 11/5/2025")
    body = {"deadline_text": OPEN, "reason": "Vì", "document_code": APPROVAL}
    assert await service.refused(f"/tasks/{task['id']}/extensions", body, 422) == "deadline_unreadable"


async def test_a_weekly_duty_is_told_with_its_weekday(service: TasksService) -> None:
    task = await service.assign(deadline_text="báo cáo trước 15 giờ thứ Sáu hằng tuần")
    weekly = {"every": "week", "due_day": 5, "due_month": None}
    assert (task["kind"], task["deadline"]["recurrence"]) == ("standing", weekly)
    changes = await service.get("/changes", params={"limit": "500"})
    deadline = changes["items"][-1]["data"]["task"]["deadline"]
    assert (deadline["cycle"], deadline["recurrence"]) == (weekly, None)
