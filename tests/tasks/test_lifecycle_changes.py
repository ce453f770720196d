"""Extending, cancelling and amending a task."""

import asyncio
from typing import Any

import pytest

from tests.support.tasks import APPROVAL, TasksService, group_task

UNDATED = {"deadline_text": "khẩn trương"}


# --- extension


async def test_an_extension_holds_from_its_document_and_counts_once_recorded(service: TasksService) -> None:
    task = await service.assign(deadline_text="trước ngày 11/5/2025")
    service.clock.advance(hours=1)
    extended = await service.extend(task)
    assert (extended["due_on"], extended["deadline_revision"], extended["version"]) == ("2025-08-15", 2, 2)
    assert (await service.read(task, as_of="2025-05-14"))["status"] == "overdue"
    assert (await service.read(task, as_of="2025-05-15"))["status"] == "in_progress"
    earlier = await service.read(task, as_of="2025-05-15", known_at="2025-05-20T01:59:59Z")
    assert (earlier["status"], earlier["due_on"]) == ("overdue", "2025-05-10")
    assert await service.versions(task["id"]) == [("created", 1), ("extended", 2)]


@pytest.mark.parametrize(
    ("task", "changes", "status", "code"),
    [
        ({}, {"deadline_text": "sớm"}, 422, "deadline_unreadable"),
        ({}, {"deadline_text": "Tháng 6/2025"}, 409, "deadline_unchanged"),
        ({}, {"document_code": "0/QD"}, 422, "document_unknown"),
        ({}, {"reason": ""}, 422, "request_invalid"),
        ({"deadline_text": "thường xuyên"}, {}, 409, "task_standing"),
    ],
)
async def test_an_extension_that_cannot_be_is_refused(
    service: TasksService, task: dict[str, Any], changes: dict[str, Any], status: int, code: str
) -> None:
    assigned = await service.assign(**task)
    body = {"deadline_text": "trước ngày 16/8/2025", "reason": "Vì", "document_code": APPROVAL} | changes
    assert await service.refused(f"/tasks/{assigned['id']}/extensions", body, status) == code
    assert (await service.read(assigned))["version"] == 1


async def test_a_document_of_tomorrow_extends_nothing_today(service: TasksService) -> None:
    task = await service.assign()
    tomorrow = {"code": "99/QD", "type": "Quyết định", "issued_on": "2025-05-21", "title": "Gia hạn"}
    await service.post("/documents", tomorrow)
    body = {"deadline_text": "trước ngày 16/8/2025", "reason": "Vì", "document_code": "99/QD"}
    assert await service.refused(f"/tasks/{task['id']}/extensions", body, 422) == "document_in_future"
    service.clock.advance(hours=16)  # midnight in Hà Nội
    assert (await service.post(f"/tasks/{task['id']}/extensions", body))["due_on"] == "2025-08-15"


async def test_an_undated_task_gets_its_date_by_extension_too(service: TasksService) -> None:
    assert (await service.extend(await service.assign(**UNDATED)))["due_on"] == "2025-08-15"


# --- cancellation


async def test_a_cancelled_task_takes_nothing_more(service: TasksService) -> None:
    task = await service.assign()
    submitted = await service.submit(task)
    cancelled = await service.cancel(task)
    assert (cancelled["status"], cancelled["submitted"]) == ("cancelled", False)
    for path, body in (
        ("submissions", {"completed_on": "2025-05-19", "summary": "Xong", "evidence": [
            {"kind": "document", "reference": "1/BC", "title": "Báo cáo"}]}),
        ("extensions", {"deadline_text": "31/8/2025", "reason": "Vì", "document_code": APPROVAL}),
        ("cancellation", {"reason": "Vì"}),
    ):  # fmt: skip
        assert await service.refused(f"/tasks/{task['id']}/{path}", body, 409) == "task_ended"
    decision = {"decision": "accept"}
    assert await service.refused(f"/submissions/{submitted['id']}/decision", decision, 409) == "task_ended"
    assert (await service.amend(cancelled, 409, title="Khác"))["code"] == "task_ended"
    assert await service.versions(task["id"]) == [("created", 1), ("submitted", 2), ("cancelled", 3)]


async def test_a_cancelled_task_stood_before_as_it_did(service: TasksService) -> None:
    task = await service.assign(deadline_text="trước ngày 11/5/2025")
    service.clock.advance(hours=1)
    await service.cancel(task)
    assert (await service.read(task, as_of="2025-05-19"))["status"] == "overdue"
    assert (await service.read(task, known_at="2025-05-20T01:30:00Z"))["status"] == "overdue"


async def test_of_extension_and_cancellation_at_once_the_log_tells_one_order(service: TasksService) -> None:
    task = await service.assign()
    body = {"deadline_text": "trước ngày 16/8/2025", "reason": "Vì", "document_code": APPROVAL}
    extended, cancelled = await asyncio.gather(
        service.send("POST", f"/tasks/{task['id']}/extensions", json=body),
        service.send("POST", f"/tasks/{task['id']}/cancellation", json={"reason": "Vì"}),
    )
    assert cancelled.status_code == 201
    verbs = [verb for verb, _ in await service.versions(task["id"])]
    both = ["created", "extended", "cancelled"]
    assert verbs == (both if extended.status_code == 201 else ["created", "cancelled"])


# --- amendment


async def test_an_amendment_changes_what_it_names(service: TasksService) -> None:
    task = await service.assign()
    amended = await service.amend(task, title="Đề án mới", deliverable=None, priority="urgent")
    assert {name for name in amended if amended[name] != task[name]} == {
        "title", "deliverable", "priority", "version",
    }  # fmt: skip
    assert await service.versions(task["id"]) == [("created", 1), ("amended", 2)]
    [event] = await service.rows("SELECT data FROM outbox WHERE type LIKE '%.amended.v1'")
    assert event.data["changed"] == ["title", "deliverable", "priority"]
    assert [item["id"] for item in (await service.get("/tasks", params={"q": "de an moi"}))["items"]] == [
        task["id"]
    ]


async def test_an_amendment_says_which_version_it_read(service: TasksService) -> None:
    task = await service.assign()
    path, change = f"/tasks/{task['id']}", {"title": "Khác"}
    response = await service.send("GET", path)
    assert response.headers["etag"].startswith('"1.')
    assert await service.refused(path, change, 428, "PATCH") == "if_match_required"
    for wrong, status, code in (
        ("1", 422, "if_match_invalid"), ("", 422, "if_match_invalid"), ('"x"', 412, "version_stale"),
        ('W/"1"', 412, "version_stale"), ('"' + "9" * 400 + '"', 412, "version_stale"), ('"-1"', 412, "version_stale"),
    ):  # fmt: skip
        assert await service.refused(path, change, status, "PATCH", headers={"If-Match": wrong}) == code
    assert (await service.amend(task, title="Một"))["version"] == 2
    stale = await service.amend(task, 412, title="Hai")
    assert (stale["code"], stale["version"]) == ("version_stale", 2)


async def test_of_amendments_at_once_exactly_one_holds(service: TasksService) -> None:
    task = await service.assign()
    answers = await asyncio.gather(
        *(
            service.send(
                "PATCH", f"/tasks/{task['id']}", json={"title": f"Bản {n}"}, headers={"If-Match": '"1"'}
            )
            for n in range(5)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]


@pytest.mark.parametrize(
    "change", [{}, {"title": None}, {"priority": None}, {"deadline_text": None}, {"assignments": None}]
)
async def test_an_amendment_that_says_nothing_is_refused(
    service: TasksService, change: dict[str, Any]
) -> None:
    task = await service.assign()
    assert (await service.amend(task, 422, **change))["code"] == "change_empty"


@pytest.mark.parametrize("names", [
    ("title", "deliverable", "priority"), ("deadline_text",), ("assignments",), ("citations",),
    ("title", "deliverable", "priority", "deadline_text", "assignments", "citations"),
])  # fmt: skip
async def test_an_amendment_to_what_stands_already_is_none(
    service: TasksService, names: tuple[str, ...]
) -> None:
    task = await service.assign()
    before = await service.counts()
    assert await service.amend(task, **{name: task[name] for name in names}) == task
    assert await service.counts() == before


@pytest.mark.parametrize("words", ["khẩn trương", "thường xuyên", ""])
async def test_a_deadline_without_a_date_sent_again_is_no_change(service: TasksService, words: str) -> None:
    task = await service.assign(deadline_text=words)
    before = await service.counts()
    assert await service.amend(task, deadline_text=words) == task
    assert await service.counts() == before
    assert (await service.amend(task, title="Khác", deadline_text=words))["version"] == 2


async def test_other_words_without_a_date_are_refused(service: TasksService) -> None:
    task = await service.assign(**UNDATED)
    assert (await service.amend(task, 422, deadline_text="sớm"))["code"] == "deadline_unreadable"


async def test_an_amendment_tells_only_what_it_changed(service: TasksService) -> None:
    task = await service.assign()
    await service.amend(task, title=task["title"], priority="urgent", deadline_text=task["deadline_text"])
    entries = (await service.get(f"/tasks/{task['id']}/history"))["items"]
    assert entries[-1]["detail"]["changed"] == ["priority"]


async def test_members_who_have_the_words_already_are_not_told_again(service: TasksService) -> None:
    parent = await service.assign(**group_task())
    member = (await service.members(parent))["01"]
    await service.amend(member, title="Tên mới")
    await service.amend(parent, title="Tên mới")
    versions = {code: item["version"] for code, item in (await service.members(parent)).items()}
    assert versions == {"01": 2, "48": 2, "79": 2}


async def test_a_deadline_without_a_date_gets_one_by_amendment(service: TasksService) -> None:
    task = await service.assign(**UNDATED)
    assert (task["due_on"], task["status"]) == (None, "in_progress")
    service.clock.advance(hours=1)
    dated = await service.amend(task, deadline_text="trước ngày 11/5/2025")
    assert (dated["due_on"], dated["status"], dated["deadline_revision"]) == ("2025-05-10", "overdue", 2)
    assert (await service.read(task, as_of="2025-05-12"))[
        "status"
    ] == "overdue"  # it holds from the first day on
    assert (await service.read(task, known_at="2025-05-20T01:30:00Z"))["status"] == "in_progress"


async def test_a_deadline_that_has_a_date_moves_by_extension_only(service: TasksService) -> None:
    task = await service.assign()
    assert (await service.amend(task, 409, deadline_text="Tháng 7/2025"))["code"] == "deadline_has_date"


async def test_reassigning_ends_one_lead_and_begins_another(service: TasksService) -> None:
    task = await service.assign()
    service.clock.advance(hours=1)
    amended = await service.amend(
        task,
        assignments=[{"agency_code": "G06", "role": "lead"}, {"agency_code": "G12", "role": "coordinate"}],
    )
    assert sorted(item["agency_code"] for item in amended["assignments"]) == ["G06", "G12"]
    asked = {"group_by": "agency"}
    now = await service.get("/statistics", params=asked)
    before = await service.get("/statistics", params=asked | {"known_at": "2025-05-20T01:30:00Z"})
    assert [group["key"] for group in now["groups"]] == ["G06"]
    assert [group["key"] for group in before["groups"]] == ["G12"]
    assert (await service.submit(task, agency="G06"))["agency_code"] == "G06"


@pytest.mark.parametrize(
    ("assignments", "code"),
    [
        ([{"agency_code": "G99", "role": "lead"}], "agency_unknown"),
        ([{"agency_code": "G12", "role": "direct"}], "lead_required"),
        ([{"group_code": "localities", "role": "lead"}], "group_cannot_lead"),
        (
            [{"agency_code": "G06", "role": "lead"}, {"group_code": "localities", "role": "lead"}],
            "group_cannot_lead",
        ),
    ],
)
async def test_a_reassignment_that_cannot_be_is_refused(
    service: TasksService, assignments: list[dict[str, str]], code: str
) -> None:
    task = await service.assign()
    assert (await service.amend(task, 422, assignments=assignments))["code"] == code
    assert await service.read(task) == task


async def test_a_group_that_should_take_over_is_named_by_its_place(service: TasksService) -> None:
    wanted = [{"agency_code": "G06", "role": "lead"}, {"group_code": "localities", "role": "lead"}]
    refused = await service.amend(await service.assign(), 422, assignments=wanted)
    assert refused["field"] == "assignments.1.group_code"


async def test_a_group_may_help_with_a_task_that_is_there(service: TasksService) -> None:
    wanted = [{"agency_code": "G06", "role": "lead"}, {"group_code": "localities", "role": "coordinate"}]
    amended = await service.amend(await service.assign(), assignments=wanted)
    assert sorted(item["agency_code"] for item in amended["assignments"]) == ["01", "48", "79", "G06"]
