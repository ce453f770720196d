"""A task given to a group, and the tasks of its members."""

import asyncio

from tests.support.tasks import APPROVAL, DOCUMENT, LOCALITIES, TasksService, assigned, group_task, submission


async def test_a_group_is_done_with_its_last_member(service: TasksService) -> None:
    parent = await service.assign(**group_task(deadline_text="chậm nhất ngày 18/5/2025"))
    members = await service.members(parent)
    await service.finish(members["01"], "2025-05-17", "01")
    await service.finish(members["48"], "2025-05-19", "48")
    assert (await service.read(parent))["status"] == "overdue"
    await service.finish(members["79"], "2025-05-18", "79")
    assert (await service.read(parent))["status"] == "completed_late"
    assert await service.versions(parent["id"]) == [("created", 1), ("completed", 2)]
    [event] = await service.rows(
        "SELECT data FROM outbox WHERE subject = :id AND version = 2", id=parent["id"]
    )
    assert event.data["completed_on"] == "2025-05-19"


async def test_members_accepted_at_once_complete_their_group_once(service: TasksService) -> None:
    parent = await service.assign(**group_task())
    members = await service.members(parent)
    submitted = [await service.submit(members[code], agency=code) for code in LOCALITIES]
    await asyncio.gather(*(service.decide(item) for item in submitted))
    assert await service.versions(parent["id"]) == [("created", 1), ("completed", 2)]


async def test_members_end_while_their_group_is_extended(service: TasksService) -> None:
    """The group's row is locked before its members' on every way: neither waits for the other."""
    for _ in range(5):
        parent = await service.assign(**group_task())
        members = await service.members(parent)
        submitted = [await service.submit(members[code], agency=code) for code in LOCALITIES]
        body = {"deadline_text": "trước ngày 16/8/2025", "reason": "Vì", "document_code": APPROVAL}
        extended, *_ = await asyncio.gather(
            service.send("POST", f"/tasks/{parent['id']}/extensions", json=body),
            *(service.decide(item) for item in submitted[1:]),
            service.cancel(members["01"]),
        )
        assert extended.status_code in {201, 409}  # 409 where all members had ended before
        for member in (await service.members(parent)).values():
            versions = [version for _, version in await service.versions(member["id"])]
            assert versions == list(range(1, len(versions) + 1))


async def test_a_group_is_reported_through_its_members(service: TasksService) -> None:
    parent = await service.assign(**group_task())
    code = await service.refused(f"/tasks/{parent['id']}/submissions", submission(), 409)
    assert code == "task_has_members"


async def test_cancelling_a_group_cancels_what_its_members_have_not_done(service: TasksService) -> None:
    parent = await service.assign(**group_task())
    members = await service.members(parent)
    await service.finish(members["01"], agency="01")
    answer = await service.cancel(parent)
    assert answer["status"] == "cancelled"
    now = await service.members(parent)
    assert {code: member["status"] for code, member in now.items()} == {
        "01": "completed_on_time",
        "48": "cancelled",
        "79": "cancelled",
    }
    assert await service.versions(parent["id"]) == [("created", 1), ("cancelled", 2)]
    assert (await service.get("/statistics"))["by_status"]["cancelled"] == 1
    by_agency = await service.get("/statistics", params={"group_by": "agency"})
    assert [group["by_status"]["completed_on_time"] for group in by_agency["groups"]] == [1, 0, 0]


async def test_a_group_whose_members_are_all_cancelled_is_cancelled(service: TasksService) -> None:
    parent = await service.assign(**group_task())
    for member in (await service.members(parent)).values():
        await service.cancel(member)
    assert (await service.read(parent))["status"] == "cancelled"
    assert await service.versions(parent["id"]) == [("created", 1), ("cancelled", 2)]
    assert (await service.cancel(parent, 409))["code"] == "task_ended"


async def test_a_group_is_done_when_its_last_open_member_is_cancelled(service: TasksService) -> None:
    parent = await service.assign(**group_task())
    members = await service.members(parent)
    await service.finish(members["01"], agency="01")
    await service.finish(members["48"], agency="48")
    await service.cancel(members["79"])
    assert (await service.read(parent))["status"] == "completed_on_time"
    assert await service.versions(parent["id"]) == [("created", 1), ("completed", 2)]


async def test_a_group_extended_moves_its_members_also_one_done_after_the_approval(
    service: TasksService,
) -> None:
    parent = await service.assign(**group_task())
    members = await service.members(parent)
    await service.finish(members["01"], agency="01")
    await service.extend(parent)
    due = {code: member["due_on"] for code, member in (await service.members(parent)).items()}
    assert due == {"01": "2025-08-15", "48": "2025-08-15", "79": "2025-08-15"}
    assert await service.versions(members["48"]["id"]) == [("created", 1), ("extended", 2)]
    assert (await service.versions(members["01"]["id"]))[-2:] == [("completed", 3), ("extended", 4)]


async def test_a_member_that_was_given_a_later_day_keeps_it(service: TasksService) -> None:
    parent = await service.assign(**group_task())
    members = await service.members(parent)
    await service.extend(members["48"], "trước ngày 01/10/2025")
    await service.extend(parent)
    due = {code: member["due_on"] for code, member in (await service.members(parent)).items()}
    assert due == {"01": "2025-08-15", "48": "2025-09-30", "79": "2025-08-15"}


async def test_a_member_extended_alone_leaves_the_others(service: TasksService) -> None:
    parent = await service.assign(**group_task())
    members = await service.members(parent)
    await service.extend(members["48"])
    due = {code: member["due_on"] for code, member in (await service.members(parent)).items()}
    assert due == {"01": "2025-06-30", "48": "2025-08-15", "79": "2025-06-30"}
    assert (await service.read(parent))["due_on"] == "2025-06-30"


async def test_what_a_group_is_told_its_members_are_told(service: TasksService) -> None:
    parent = await service.assign(**group_task(deadline_text="khẩn trương", title="Kết nối dữ liệu đất đai"))
    members = await service.members(parent)
    own = await service.amend(members["01"], deliverable="Biên bản của Hà Nội")
    await service.amend(parent, title="Kết nối dữ liệu giá đất", deadline_text="trước ngày 1/7/2025")
    now = await service.members(parent)
    assert {member["title"] for member in now.values()} == {"Kết nối dữ liệu giá đất"}
    assert {member["due_on"] for member in now.values()} == {"2025-06-30"}
    assert own["deliverable"] == now["01"]["deliverable"]
    found = await service.get("/tasks", params={"q": "bien ban ha noi", "parent": parent["id"]})
    assert [item["id"] for item in found["items"]] == [members["01"]["id"]]


async def test_a_further_document_of_a_group_is_cited_by_every_member_also_those_that_ended(
    service: TasksService,
) -> None:
    parent = await service.assign(**group_task())
    members = await service.members(parent)
    await service.finish(members["01"], agency="01")
    await service.cancel(members["79"])
    further = [{"document_code": APPROVAL, "clause": "II.3"}]
    amended = await service.amend(parent, citations=further)
    for count in ("task", "assignment"):
        figures = await service.get("/statistics", params={"group_by": "document", "count": count})
        groups = {group.pop("key"): group for group in figures["groups"]}
        assert groups[APPROVAL] == groups[DOCUMENT], count
    for code, member in members.items():
        found = (await service.get("/tasks", params={"agency": code, "document": APPROVAL}))["items"]
        assert [item["id"] for item in found] == [member["id"]]
    assert (await service.versions(members["01"]["id"]))[-2:] == [("completed", 3), ("amended", 4)]
    before = await service.counts()
    await service.amend(amended, citations=further)
    assert await service.counts() == before


async def test_of_words_and_a_document_a_member_that_ended_takes_the_document_only(
    service: TasksService,
) -> None:
    parent = await service.assign(**group_task())
    members = await service.members(parent)
    await service.finish(members["01"], agency="01")
    await service.amend(parent, title="Tên mới", citations=[{"document_code": APPROVAL}])
    now = await service.members(parent)
    assert {code: item["title"] == "Tên mới" for code, item in now.items()} == {
        "01": False,
        "48": True,
        "79": True,
    }
    assert {len(item["citations"]) for item in now.values()} == {2}
    assert (await service.versions(members["48"]["id"])) == [("created", 1), ("amended", 2)]


async def test_who_leads_a_part_is_changed_on_the_part(service: TasksService) -> None:
    parent = await service.assign(**group_task())
    wanted = [assigned("G12", "lead")]
    assert (await service.amend(parent, 409, assignments=wanted))["code"] == "task_has_members"
    member = (await service.members(parent))["01"]
    assert (await service.amend(member, assignments=wanted))["assignments"] == wanted
