"""What an agency sees of tasks: in full what concerns it and its units, of others what the document says and the status."""

from typing import Any

from services.tasks.schemas.tasks import HIDDEN
from services.tasks.use_cases.keys import record_key
from shared.keys.tokens import draw_key
from shared.runtime.audit import SYSTEM
from tests.support.tasks import TasksService, group_task
from tests.support.writing import writing

UNIT = "G12.K"
LED = [
    {"agency_code": UNIT, "role": "lead"},
    {"agency_code": "G06", "role": "coordinate"},
]


async def record_unit(service: TasksService) -> None:
    unit = {"code": UNIT, "name": "Kho bạc Nhà nước Thử", "bloc": "government", "level": "central"}
    await service.post("/agencies", unit | {"parent_code": "G12"})


async def forms(service: TasksService, agency: str, /, **asked: Any) -> dict[str, str]:
    """The form in which an agency is shown each task of a list, by id."""
    page = await service.get("/tasks", params=asked, role="agency", agency=agency)
    return {item["id"]: item["form"] for item in page["items"]}


async def test_a_task_is_whole_for_whom_it_concerns_and_those_above_them(service: TasksService) -> None:
    await record_unit(service)
    made = await service.assign(assignments=LED, priority="high")
    whole = await service.read(made)
    for agency in (UNIT, "G12", "G06"):
        assert await service.get(f"/tasks/{made['id']}", role="agency", agency=agency) == whole
        assert await forms(service, agency) == {made["id"]: "full"}
    assert (whole["form"], whole["priority"]) == ("full", "high")
    below = await service.assign(assignments=[{"agency_code": "G12", "role": "lead"}])
    assert (await forms(service, UNIT))[below["id"]] == "public"


async def test_others_see_the_public_form_everywhere(service: TasksService) -> None:
    await record_unit(service)
    made = await service.assign(assignments=LED, priority="high")
    await service.submit(made, agency=UNIT)
    await service.extend(made)
    whole = await service.read(made)
    asked = {"role": "agency", "agency": "G01"}
    answer = await service.send("GET", f"/tasks/{made['id']}", **asked)
    told = answer.json()
    assert {name for name in told if told[name] != whole[name]} == {*HIDDEN, "form", "assignments"} - {
        "coordinate_text"
    }
    assert [told[name] for name in HIDDEN] == [None] * len(HIDDEN)
    assert [each["role"] for each in told["assignments"]] == ["lead"]
    assert answer.headers["ETag"].startswith('"moment.')
    page = await service.get("/tasks", **asked)
    assert page["items"] == [told]
    refused = await service.send("GET", f"/tasks/{made['id']}/history", **asked)
    assert (refused.status_code, refused.json()["code"]) == (403, "other_tenant")
    for agency in (UNIT, "G12", "G06"):
        history = await service.get(f"/tasks/{made['id']}/history", role="agency", agency=agency)
        assert (len(history["submissions"]), len(history["deadlines"])) == (1, 2)


async def test_filters_find_by_what_is_shown(service: TasksService) -> None:
    await record_unit(service)
    made = await service.assign(assignments=LED)
    found = {"agency": UNIT, "role": "lead"}
    hidden = {"agency": "G06", "role": "coordinate"}
    assert await forms(service, "G01", **found) == {made["id"]: "public"}
    assert await forms(service, "G01", agency=UNIT) == {made["id"]: "public"}
    for asked in (hidden, {"agency": "G06"}):
        assert await forms(service, "G01", **asked) == {}
        for agency in (UNIT, "G06", "G12"):
            assert await forms(service, agency, **asked) == {made["id"]: "full"}


async def test_a_group_task_concerns_its_members_and_who_coordinates_it(service: TasksService) -> None:
    coordinated = [*group_task()["assignments"], {"agency_code": "G06", "role": "coordinate"}]
    made = await service.assign(assignments=coordinated)
    members = await service.members(made)
    asked = {"parent": made["id"]}
    assert await forms(service, "48") == {made["id"]: "full"}
    of_48 = await forms(service, "48", **asked)
    assert of_48 == {each["id"]: "full" if code == "48" else "public" for code, each in members.items()}
    assert set((await forms(service, "G06", **asked)).values()) == {"full"}
    assert set((await forms(service, "G01", **asked)).values()) == {"public"}
    assert await forms(service, "G01") == {made["id"]: "public"}


async def feed(service: TasksService, **caller: Any) -> list[tuple[str, str]]:
    """(verb, subject) of every change that a key is shown."""
    page = await service.get("/changes", params={"limit": 500}, **caller)
    return [(event["type"].split(".")[-2], event["subject"]) for event in page["items"]]


async def test_the_feed_tells_a_task_to_whom_it_is_assigned_then(service: TasksService) -> None:
    """The event that ends an assignment reaches the agency that it named; what comes later does not."""
    await record_unit(service)
    made = await service.assign(assignments=LED)
    service.clock.advance(hours=1)
    amended = await service.amend(made, assignments=[{"agency_code": "G01", "role": "lead"}])
    service.clock.advance(hours=1)
    await service.amend(amended, priority="high")
    other = await service.assign(assignments=[{"agency_code": "79", "role": "lead"}])

    async def of_tasks(agency: str) -> list[str]:
        seen = await feed(service, role="agency", agency=agency)
        assert ("recorded", "G06") in seen  # the catalogue is everybody's
        return [verb for verb, subject in seen if subject in {made["id"], other["id"]}]

    for agency in (UNIT, "G12", "G06"):
        assert await of_tasks(agency) == ["created", "amended"]
    assert await of_tasks("G01") == ["amended", "amended"]
    assert await of_tasks("79") == ["created"]
    assert await of_tasks("01") == []
    assert len(await feed(service, role="reader")) == len(await feed(service, role="office"))


async def test_the_feed_tells_members_of_their_group_task(service: TasksService) -> None:
    made = await service.assign(**group_task())
    members = {code: each["id"] for code, each in (await service.members(made)).items()}
    seen = {subject for _, subject in await feed(service, role="agency", agency="48")}
    assert seen & {made["id"], *members.values()} == {made["id"], members["48"]}


async def test_names_of_keys_are_shown_to_the_office_and_auditors_alone(service: TasksService) -> None:
    await record_unit(service)
    made = await service.assign(assignments=LED)
    await service.submit(made, agency=UNIT)
    path = f"/tasks/{made['id']}/history"

    async def actors(role: str, agency: str | None = None) -> list[Any]:
        return [item["actor"] for item in (await service.get(path, role=role, agency=agency))["items"]]

    office, reporter = await actors("office")
    assert office.startswith("office (")
    assert reporter.startswith(f"agency {UNIT} (")
    assert await actors("auditor") == [office, reporter]
    assert await actors("agency", UNIT) == [None, reporter]
    assert await actors("agency", "G12") == await actors("reader") == [None, None]


async def test_the_feed_shows_an_agency_its_own_keys_and_its_units(service: TasksService) -> None:
    await record_unit(service)
    keys = {code: draw_key(code, "agency", tenant=code) for code in ("G12", UNIT, "G01")}
    async with writing(service.database) as session:
        for key in (*keys.values(), draw_key("văn phòng", "office")):
            await record_key(session, key, actor=SYSTEM, at=service.clock.now())

    async def issued(**caller: Any) -> set[str]:
        return {subject for verb, subject in await feed(service, **caller) if verb == "issued"}

    assert await issued(role="agency", agency="G12") == {keys["G12"].prefix, keys[UNIT].prefix}
    assert await issued(role="agency", agency=UNIT) == {keys[UNIT].prefix}
    assert await issued(role="reader") == set()
    assert len(await issued(role="auditor")) == len(await issued(role="office")) == 4
