"""What a task showed on a day, by what was known: the words, the people and the date belong together."""

from datetime import date
from typing import Any

from sqlalchemy import update

from services.tasks.schemas.tasks import TaskPage
from services.tasks.tables import GroupMember
from tests.support.tasks import APPROVAL, TasksService
from tests.support.writing import writing


async def _document(service: TasksService, code: str, issued_on: str) -> None:
    body = {"code": code, "type": "Quyết định", "issued_on": issued_on, "title": "Gia hạn"}
    await service.post("/documents", body)


async def _extend(service: TasksService, task: Any, text: str, document: str, status: int = 201) -> Any:
    body = {"deadline_text": text, "reason": "Chờ tiêu chuẩn", "document_code": document}
    return await service.post(f"/tasks/{task['id']}/extensions", body, status)


async def test_the_latest_approval_holds_whatever_was_typed_in_last(service: TasksService) -> None:
    await _document(service, "90/QD", "2025-05-10")
    await _document(service, "95/QD", "2025-05-18")
    task = await service.assign()
    await _extend(service, task, "trước ngày 01/10/2025", "95/QD")
    late = await _extend(service, task, "trước ngày 01/8/2025", "90/QD")
    assert late["due_on"] == "2025-09-30"
    asked = await service.get(f"/tasks/{task['id']}", params={"as_of": "2025-05-12"})
    assert (asked["due_on"], asked["deadline_text"]) == ("2025-07-31", "trước ngày 01/8/2025")


async def test_an_extension_typed_in_late_does_not_tell_that_the_deadline_moved(
    service: TasksService,
) -> None:
    await _document(service, "90/QD", "2025-05-10")
    await _document(service, "95/QD", "2025-05-18")
    task = await service.assign()
    await _extend(service, task, "trước ngày 01/10/2025", "95/QD")
    await _extend(service, task, "trước ngày 01/8/2025", "90/QD")
    extended = [
        (data["document_code"], data["in_force"], deadline["revision"], deadline["due_on"])
        for change in (await service.get("/changes", params={"limit": 500}))["items"]
        if change["type"] == "vn.dondoc.tasks.task.extended.v1"
        for data in [change["data"]]
        for deadline in [data["task"]["deadline"]]
    ]
    assert extended == [("95/QD", True, 2, "2025-09-30"), ("90/QD", False, 2, "2025-09-30")]
    entries = (await service.get(f"/tasks/{task['id']}/history"))["items"]
    assert [entry["detail"].get("in_force") for entry in entries] == [None, True, False]


async def test_who_was_in_a_group_is_told_by_what_was_known(service: TasksService) -> None:
    first = service.clock.now().isoformat()
    service.clock.advance(days=1)
    now = service.clock.now()
    async with writing(service.database) as session:
        # learned on 21 May: Đà Nẵng's last day was 10 May, and G12 has belonged since 1 May
        await session.execute(
            update(GroupMember)
            .where(GroupMember.agency_code == "48")
            .values(valid_to=date(2025, 5, 10), ended_at=now)
        )
        session.add(
            GroupMember(
                group_code="localities", agency_code="G12", valid_from=date(2025, 5, 1), recorded_at=now
            )
        )

    async def members(**asked: str) -> list[str]:
        [group] = (await service.get("/groups", params=asked))["items"]
        return [str(code) for code in group["member_codes"]]

    assert await members() == ["01", "79", "G12"]
    assert await members(as_of="2025-05-10") == ["01", "48", "79", "G12"]
    assert await members(as_of="2025-04-30") == ["01", "48", "79"]
    assert await members(as_of="2025-05-15", known_at=first) == ["01", "48", "79"]


async def test_figures_of_a_group_count_those_who_were_known_to_be_in_it(service: TasksService) -> None:
    await service.assign(assignments=[{"agency_code": "48", "role": "lead"}])
    asked = {"group_by": "group", "known_at": service.clock.now().isoformat()}
    before = await service.get("/statistics", params=asked)
    service.clock.advance(days=1)
    async with writing(service.database) as session:
        await session.execute(
            update(GroupMember)
            .where(GroupMember.agency_code == "48")
            .values(valid_to=date(2025, 5, 10), ended_at=service.clock.now())
        )
    assert [group["key"] for group in before["groups"]] == ["localities"]
    assert await service.get("/statistics", params=asked | {"as_of": "2025-05-20"}) == before
    assert (await service.get("/statistics", params={"group_by": "group"}))["groups"] == []


async def test_a_view_of_an_earlier_day_shows_that_days_words_and_people(service: TasksService) -> None:
    task = await service.assign()
    before = service.clock.now().isoformat()
    service.clock.advance(days=3)
    changed = await service.amend(task, assignments=[{"agency_code": "G06", "role": "lead"}])
    await service.extend(changed)
    then = await service.get(f"/tasks/{task['id']}", params={"as_of": "2025-05-20", "known_at": before})
    yesterday = await service.get(f"/tasks/{task['id']}", params={"as_of": "2025-05-20"})
    today = await service.get(f"/tasks/{task['id']}")
    assert [item["agency_code"] for item in then["assignments"]] == ["G12"]
    assert [item["agency_code"] for item in yesterday["assignments"]] == ["G12"]
    assert [item["agency_code"] for item in today["assignments"]] == ["G06"]
    assert (then["deadline_text"], then["due_on"]) == (task["deadline_text"], task["due_on"])
    assert today["deadline_revision"] == 2


async def test_an_approval_that_came_to_light_after_completion_puts_lateness_right(
    service: TasksService,
) -> None:
    task = await service.assign(deadline_text="trước ngày 10/5/2025")
    await service.finish(task, completed_on="2025-05-18")
    assert (await service.read(task))["status"] == "completed_late"
    await _extend(service, task, "chậm nhất ngày 19/5/2025", APPROVAL)
    assert (await service.read(task))["status"] == "completed_on_time"


async def test_an_approval_after_completion_changes_nothing(service: TasksService) -> None:
    task = await service.assign()
    await service.finish(task, completed_on="2025-05-10")
    refused = await _extend(service, task, "trước ngày 01/10/2025", APPROVAL, status=409)
    assert refused["code"] == "task_ended"


async def test_a_date_is_given_only_to_a_dated_task_and_only_a_date(service: TasksService) -> None:
    undated = await service.assign(deadline_text="khẩn trương")
    standing = await service.assign(deadline_text="thường xuyên")
    assert (await service.amend(undated, 422, deadline_text="sớm"))["code"] == "deadline_unreadable"
    assert (await service.amend(standing, 409, deadline_text="trước ngày 01/10/2025"))[
        "code"
    ] == "task_standing"


async def test_an_extension_does_not_end_before_its_approval(service: TasksService) -> None:
    task = await service.assign()
    refused = await _extend(service, task, "trước ngày 02/5/2025", APPROVAL, status=422)
    assert refused["code"] == "deadline_before_document"


async def test_a_completed_task_tells_the_log_when_it_was_done(service: TasksService) -> None:
    task = await service.assign()
    await service.finish(task, completed_on="2025-05-18")
    changes = (await service.get("/changes", params={"limit": 500}))["items"]
    last = [change for change in changes if change["subject"] == task["id"]][-1]
    assert last["type"] == "vn.dondoc.tasks.task.completed.v1"
    assert last["data"]["task"]["completed_on"] == "2025-05-18"


async def test_a_second_document_that_gives_the_same_task_is_cited_not_counted_again(
    service: TasksService,
) -> None:
    task = await service.assign()
    amended = await service.amend(task, citations=[{"document_code": APPROVAL, "clause": "II.3"}] * 2)
    again = await service.amend(
        amended, citations=[{"document_code": APPROVAL, "clause": "II.3"}], title="Đề án"
    )
    assert [item["document_code"] for item in again["citations"]].count(APPROVAL) == 1
    figures = await service.get("/statistics", params={"group_by": "document"})
    assert figures["total"] == 1
    assert APPROVAL in {group["key"] for group in figures["groups"]}


async def test_a_list_is_written_in_the_shape_that_its_schema_says(service: TasksService) -> None:
    await service.assign(deadline_text="định kỳ trước ngày 20 hằng tháng")
    task = await service.assign()
    page = await service.get("/tasks")
    checked = TaskPage.model_validate(page)
    assert checked.model_dump(mode="json") == page
    assert await service.read(task) in page["items"]
