"""From assignment to acceptance, extension or cancellation, as callers see it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.support.tasks import APPROVAL, LOCALITIES, TasksService, assigned, group_task, new_task, submission

# --- assigning


async def test_a_task_is_assigned_and_read_back(service: TasksService) -> None:
    response = await service.send("POST", "/tasks", json=new_task())
    task = response.json()
    assert response.headers["location"] == f"/tasks/v1/tasks/{task['id']}"
    assert response.headers["etag"] == '"1"'
    assert (task["status"], task["due_on"], task["kind"]) == ("in_progress", "2025-06-30", "dated")
    assert (task["assigned_on"], task["version"], task["submitted"]) == ("2025-04-01", 1, False)
    assert task["deadline"]["kind"] == "month"
    assert task["assignments"] == [assigned("G12", "lead")]
    assert await service.read(task) == task


async def test_the_answer_to_a_change_knows_the_change_on_a_running_clock(service: TasksService) -> None:
    """Real clocks move between the question and the change; the answer is that of after the change."""
    manual, ticks = service.clock, 0

    def ticking() -> Any:
        nonlocal ticks
        ticks += 1
        manual.advance(milliseconds=1)
        return type(manual).now(manual)

    manual.now = ticking  # type: ignore[method-assign]  # a clock that moves whenever it is read
    task = await service.assign(deadline_text="trước ngày 11/5/2025")
    assert (task["due_on"], task["status"]) == ("2025-05-10", "overdue")
    extended = await service.extend(task)
    assert (extended["due_on"], extended["status"]) == ("2025-08-15", "in_progress")
    assert (await service.cancel(task))["status"] == "cancelled"
    assert ticks


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"assignments": [{"agency_code": "G99", "role": "lead"}]}, "agency_unknown"),
        ({"assignments": [{"group_code": "nobody", "role": "lead"}]}, "group_unknown"),
        ({"assignments": [{"agency_code": "G12", "role": "coordinate"}]}, "lead_required"),
        (
            {"assignments": [{"agency_code": code, "role": "lead"} for code in ("G12", "G01")]},
            "lead_required",
        ),
        ({"assignments": [{"agency_code": "G12", "role": "lead"}] * 2}, "lead_required"),
        (
            {"assignments": [*new_task()["assignments"], *[{"agency_code": "G01", "role": "direct"}] * 2]},
            "assignment_repeated",
        ),
        (
            {"assignments": [*group_task()["assignments"], {"agency_code": "G12", "role": "lead"}]},
            "lead_and_group",
        ),
        ({"assignments": [{"role": "lead"}]}, "assignee_required"),
        ({"programme": "NQ00"}, "programme_unknown"),
        ({"citations": [{"document_code": "0/QD"}]}, "document_unknown"),
        ({"assigned_on": "2025-05-21"}, "assigned_in_future"),
    ],
)
async def test_a_task_that_cannot_be_assigned_is_refused_whole(
    service: TasksService, changes: dict[str, Any], code: str
) -> None:
    before = await service.counts()
    assert await service.refused("/tasks", new_task(**changes), 422) == code
    assert await service.counts() == before


async def test_a_task_of_a_group_fans_out_to_each_member(service: TasksService) -> None:
    helper = assigned("G06", "coordinate")
    parent = await service.assign(assignments=[*group_task()["assignments"], helper])
    assert (parent["members"], parent["assignments"]) == (3, [helper])
    members = await service.members(parent)
    assert sorted(members) == list(LOCALITIES)
    for code, member in members.items():
        assert member["parent_id"] == parent["id"]
        assert member["assignments"] == [assigned(code, "lead"), helper]
        assert await service.versions(member["id"]) == [("created", 1)]


async def test_a_member_does_not_help_itself(service: TasksService) -> None:
    helper = assigned("79", "coordinate")
    parent = await service.assign(assignments=[*group_task()["assignments"], helper])
    members = await service.members(parent)
    assert members["79"]["assignments"] == [assigned("79", "lead")]
    assert helper in members["01"]["assignments"]


async def test_a_group_that_helps_is_each_of_its_members(service: TasksService) -> None:
    task = await service.assign(
        assignments=[*new_task()["assignments"], {"group_code": "localities", "role": "coordinate"}]
    )
    assert [item["agency_code"] for item in task["assignments"]] == ["G12", *LOCALITIES]


@pytest.mark.parametrize(
    ("kind", "text", "found", "status"),
    [
        (None, "thường xuyên", "standing", "standing"),
        (None, "định kỳ hằng tháng", "standing", "standing"),
        (None, "khẩn trương", "dated", "in_progress"),
        ("standing", "Tháng 4/2025", "standing", "standing"),
        ("dated", "thường xuyên", "dated", "in_progress"),
    ],
)
async def test_kind_is_what_the_words_say_unless_the_office_says_otherwise(
    service: TasksService, kind: str | None, text: str, found: str, status: str
) -> None:
    task = await service.assign(kind=kind, deadline_text=text)
    assert (task["kind"], task["status"]) == (found, status)


async def test_a_task_is_not_there_before_its_day_nor_before_it_was_recorded(service: TasksService) -> None:
    task = await service.assign(**group_task())
    for asked in ({"as_of": "2025-03-31"}, {"known_at": "2025-05-20T00:59:59Z"}):
        problem = await service.get(f"/tasks/{task['id']}", 404, params=asked)
        assert problem["code"] == "task_unknown"
        assert (await service.get("/tasks", params=asked))["items"] == []


# --- submission, return, acceptance


async def test_submission_return_resubmission_acceptance(service: TasksService) -> None:
    task = await service.assign()
    first = await service.submit(task)
    assert (first["agency_code"], first["decision"]) == ("G12", None)
    seen = await service.read(task)
    assert (seen["status"], seen["submitted"]) == ("in_progress", True)
    returned = await service.decide(first, "return", "Thiếu văn bản ban hành")
    assert (returned["decision"], returned["reason"]) == ("return", "Thiếu văn bản ban hành")
    assert (await service.read(task))["submitted"] is False
    second = await service.submit(task, "2025-05-20")
    accepted = await service.decide(second)
    assert accepted["decided_at"] == "2025-05-20T01:00:00Z"
    seen = await service.read(task)
    assert (seen["status"], seen["version"], seen["submitted"]) == ("completed_on_time", 5, False)
    assert await service.versions(task["id"]) == [
        ("created", 1), ("submitted", 2), ("returned", 3), ("submitted", 4), ("completed", 5),
    ]  # fmt: skip
    [completed] = await service.rows("SELECT data FROM outbox WHERE type LIKE '%.completed.v1'")
    assert completed.data["submission_id"] == second["id"]
    assert completed.data["completed_on"] == "2025-05-20"
    assert completed.data["task"]["state"] == "completed"


async def test_work_done_after_the_deadline_is_late_whenever_it_is_accepted(service: TasksService) -> None:
    task = await service.assign(deadline_text="trước ngày 11/5/2025")
    assert task["status"] == "overdue"
    await service.finish(task, "2025-05-11")
    assert (await service.read(task))["status"] == "completed_late"
    assert (await service.read(task, as_of="2025-05-10"))["status"] == "due_soon"


async def test_work_done_in_time_is_on_time_although_accepted_after_the_deadline(
    service: TasksService,
) -> None:
    task = await service.assign(deadline_text="chậm nhất ngày 20/5/2025")
    submitted = await service.submit(task, "2025-05-20")
    service.clock.advance(days=30)
    assert (await service.read(task))["status"] == "overdue"
    await service.decide(submitted)
    assert (await service.read(task))["status"] == "completed_on_time"
    assert (await service.read(task, known_at="2025-06-18T00:00:00Z"))["status"] == "overdue"


async def test_only_who_leads_reports(service: TasksService) -> None:
    task = await service.assign(assignments=[*new_task()["assignments"], {"agency_code": "G06", "role": "co_lead"},
                                             {"agency_code": "G01", "role": "coordinate"}])  # fmt: skip
    path, body = f"/tasks/{task['id']}/submissions", submission()
    for agency in ("G01", "79"):
        assert await service.refused(path, body, 403, role="agency", agency=agency) == "not_the_lead"
    other = submission(agency_code="G12")
    assert await service.refused(path, other, 403, role="agency", agency="G06") == "other_tenant"
    assert await service.refused(path, submission(agency_code="G01"), 403) == "not_the_lead"
    assert (await service.submit(task, agency="G06"))["agency_code"] == "G06"


async def test_the_office_reports_for_an_agency_or_for_no_one(service: TasksService) -> None:
    for agency in ("G12", None):
        task = await service.assign()
        body = submission(agency_code=agency)
        submitted = await service.post(f"/tasks/{task['id']}/submissions", body)
        assert submitted["agency_code"] == agency


async def test_one_submission_awaits_at_a_time(service: TasksService) -> None:
    task = await service.assign()
    await service.submit(task)
    path = f"/tasks/{task['id']}/submissions"
    code = await service.refused(path, submission(), 409, role="agency", agency="G12")
    assert code == "submission_awaiting"


async def test_of_submissions_at_once_exactly_one_is_taken(service: TasksService) -> None:
    task = await service.assign()
    await service.authorization("agency", "G12")
    answers = await asyncio.gather(
        *(
            service.send(
                "POST", f"/tasks/{task['id']}/submissions", json=submission(), role="agency", agency="G12"
            )
            for _ in range(5)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert await service.versions(task["id"]) == [("created", 1), ("submitted", 2)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"completed_on": "2025-05-21"}, "completed_in_future"),
        ({"completed_on": "2025-03-31"}, "completed_before_assigned"),
        (
            {"evidence": [{"kind": "url", "reference": "trang chủ", "title": "Kết quả"}]},
            "evidence_url_invalid",
        ),
        ({"evidence": []}, "request_invalid"),
        ({"summary": " "}, "request_invalid"),
        ({"completed_on": "1900-01-01"}, "request_invalid"),
    ],
)
async def test_a_submission_that_cannot_be_is_refused(
    service: TasksService, changes: dict[str, Any], code: str
) -> None:
    task = await service.assign()
    assert await service.refused(f"/tasks/{task['id']}/submissions", submission(**changes), 422) == code
    assert (await service.read(task))["version"] == 1


async def test_a_decision_is_not_changed(service: TasksService) -> None:
    submitted = await service.submit(await service.assign())
    await service.decide(submitted, "return", "Thiếu")
    for decision in ("accept", "return"):
        body = {"decision": decision, "reason": "Nghĩ lại"}
        assert (
            await service.refused(f"/submissions/{submitted['id']}/decision", body, 409)
            == "submission_decided"
        )


async def test_a_return_says_why(service: TasksService) -> None:
    submitted = await service.submit(await service.assign())
    path = f"/submissions/{submitted['id']}/decision"
    assert await service.refused(path, {"decision": "return"}, 422) == "reason_required"
    assert await service.refused(path, {"decision": "return", "reason": "  "}, 422) == "request_invalid"


async def test_of_decisions_at_once_exactly_one_holds(service: TasksService) -> None:
    task = await service.assign()
    submitted = await service.submit(task)
    bodies = [{"decision": "accept"}, {"decision": "return", "reason": "Thiếu"}] * 3
    answers = await asyncio.gather(
        *(service.send("POST", f"/submissions/{submitted['id']}/decision", json=body) for body in bodies)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert [version for _, version in await service.versions(task["id"])] == [1, 2, 3]


async def test_what_is_not_there_is_said_so(service: TasksService) -> None:
    nothing = uuid4()
    for path, body in (
        (f"/tasks/{nothing}/submissions", submission()),
        (f"/tasks/{nothing}/cancellation", {"reason": "Vì"}),
        (
            f"/tasks/{nothing}/extensions",
            {"deadline_text": "31/5/2025", "reason": "Vì", "document_code": APPROVAL},
        ),
    ):
        assert await service.refused(path, body, 404) == "task_unknown"
    assert (
        await service.refused(f"/submissions/{nothing}/decision", {"decision": "accept"}, 404)
        == "submission_unknown"
    )
    assert (await service.get(f"/tasks/{nothing}/history", 404))["code"] == "task_unknown"
