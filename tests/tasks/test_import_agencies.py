"""What the importer makes of cells of agencies: assignments with titles and units, what repeats, whose units are meant."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest

from services.tasks.use_cases.agencies import record_agencies
from services.tasks.use_cases.documents import record_document, record_programme
from services.tasks.use_cases.seeding import load_catalogue, load_communes
from shared.events import tasks as events
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.support.tasks import SETTINGS, TasksService, assigned
from tests.support.writing import writing

HEADINGS = "Nhóm;STT;Nhiệm vụ;Cơ quan chủ trì;Cơ quan phối hợp;Thời hạn"
CENTRAL, PROVINCIAL = "71/NQ-CP", "12/KH-UBND"
COMMUNES = ["17272", "17329", "16732"]  # of Nghệ An


@pytest.fixture
async def office(database: Database, clock: ManualClock) -> AsyncIterator[TasksService]:
    """The shipped catalogue with three communes and two units of Nghệ An, whose committee issued one of the documents."""
    clock.move_to(datetime(2025, 11, 20, tzinfo=UTC))
    at = clock.now()
    async with writing(database) as session:
        await load_catalogue(session, actor=SYSTEM, at=at)
        await load_communes(session, actor=SYSTEM, at=at, only=COMMUNES)
        units = [
            events.AgencyRecorded(code=code, name=name, bloc="local", level="province", parent_code="40")
            for code, name in (("40.YT", "Sở Y tế"), ("40.TC", "Sở Tài chính"))
        ]
        await record_agencies(session, units, at)
        await record_programme(session, events.ProgrammeRecorded(code="NQ57", title="NQ 57"), SYSTEM, at)
        for code, issuer in ((CENTRAL, None), (PROVINCIAL, "40")):
            state = events.DocumentRecorded(
                code=code, type="Kế hoạch", issuer_code=issuer, issued_on=date(2025, 11, 1), title=code
            )
            await record_document(session, state, SYSTEM, at)
    async with TasksService.running(SETTINGS, database, clock) as service:
        yield service


async def send(
    office: TasksService, *cells: tuple[str, str], document: str = CENTRAL, **form: str
) -> httpx2.Response:
    rows = [f'I;{n};Việc {n};"{lead}";"{other}";Tháng 12/2025' for n, (lead, other) in enumerate(cells, 1)]
    return await send_rows(office, *rows, document=document, **form)


async def send_rows(
    office: TasksService, *rows: str, document: str = CENTRAL, **form: str
) -> httpx2.Response:
    data = {"programme": "NQ57", "document": document, "partial": "true"} | form
    content = "\n".join([HEADINGS, *rows]).encode()
    return await office.send("POST", "/imports", data=data, files={"file": ("a.csv", content)})


async def report(office: TasksService, *cells: tuple[str, str], **form: str) -> list[dict[str, Any]]:
    response = await send(office, *cells, **form)
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()["rows"]
    return rows


async def assignments(office: TasksService, lead: str, other: str = "", **form: str) -> list[dict[str, Any]]:
    [row] = await report(office, (lead, other), **form)
    assert row["outcome"] == "accepted", row
    task = await office.get(f"/tasks/{row['task_id']}")
    found: list[dict[str, Any]] = task["assignments"]
    return found


CASES = {
    ("Bộ Nội vụ chủ trì, phối hợp với Bộ Tài chính", ""): [assigned("G09", "lead"), assigned("G12", "coordinate")],
    ("Chủ trì: Bộ Nội vụ", "Phối hợp: Bộ Tài chính"): [assigned("G09", "lead"), assigned("G12", "coordinate")],
    ("Bộ Nội vụ chỉ đạo Bộ Tài chính", "Bộ Y tế"): [
        assigned("G12", "lead"), assigned("G09", "direct"), assigned("G18", "coordinate"),
    ],
    ("Bộ trưởng Bộ Nội vụ", ""): [assigned("G09", "lead", "Bộ trưởng"), assigned("G09", "accountable", "Bộ trưởng")],
    ("Bộ Nội vụ", "Bộ trưởng Bộ Tài chính"): [assigned("G09", "lead"), assigned("G12", "coordinate", "Bộ trưởng")],
    ("Vụ A, Bộ Y tế; Vụ B, Bộ Y tế", ""): [assigned("G18", "lead", unit="Vụ A; Vụ B")],
    ("C06, Bộ Công an", "Bảo hiểm xã hội Việt Nam"): [
        assigned("G01", "lead", unit="C06"), assigned("G12", "coordinate", unit="Bảo hiểm xã hội Việt Nam"),
    ],
    ("Bộ Y tế đồng chủ trì; Bộ Nội vụ chủ trì", ""): [assigned("G09", "lead"), assigned("G18", "co_lead")],
}  # fmt: skip


@pytest.mark.parametrize(("lead", "other"), CASES)
async def test_roles_titles_and_units_are_recorded(office: TasksService, lead: str, other: str) -> None:
    found = await assignments(office, lead, other)
    assert sorted(found, key=str) == sorted(CASES[lead, other], key=str)
    [event] = await office.rows("SELECT data FROM outbox WHERE type LIKE '%.task.created.%'")
    assert event.data["task"]["assignments"] == found


async def test_the_heads_of_a_group_answer_for_their_own_part(office: TasksService) -> None:
    [row] = await report(office, ("Bộ trưởng các Bộ: Nội vụ, Tài chính", "Bộ Y tế"))
    parent = await office.get(f"/tasks/{row['task_id']}")
    members = await office.members(parent)
    assert sorted(members) == ["G09", "G12"]
    assert members["G09"]["assignments"] == [
        assigned("G09", "lead"), assigned("G09", "accountable", "Bộ trưởng"), assigned("G18", "coordinate"),
    ]  # fmt: skip


REFUSED = {
    ("VNPT", ""): ("lead_text", "agency_not_found", "POST /tasks/v1/agencies"),
    ("Sở Y tế", ""): ("lead_text", "agency_ambiguous", "tỉnh"),
    ("Sở Nội vụ", ""): ("lead_text", "agency_not_found", "issued_by"),
    ("các sở, ban, ngành", ""): ("lead_text", "agency_issuer_unknown", "issued_by"),
    ("phường Cửa Lò, Hà Nội", ""): ("lead_text", "agency_elsewhere", "tỉnh"),
    ("Phối hợp với Bộ Tài chính", ""): ("lead_text", "agency_nobody_leads", "chủ trì"),
    ("Bộ Nội vụ", "Bộ Tài chính chủ trì"): ("coordinate_text", "agency_role_contradicts_column", "cột"),
    ("Bộ Nội vụ, Bộ Y tế, Bộ Tài chính (phối hợp)", ""): ("lead_text", "agency_role_unclear", "vai trò"),
    ("Bộ Nội vụ (Bộ Y tế)", ""): ("lead_text", "agency_note_unclear", "vai trò"),
    ("UBND huyện Tân Kỳ", ""): ("lead_text", "agency_district_ended", "tên tỉnh"),
    ("Các địa phương (ven biển)", ""): ("lead_text", "agency_note_unclear", "từng cơ quan"),
    ("Các bộ, ngành, trừ Bộ Công an", ""): ("lead_text", "agency_exception", "từng cơ quan"),
    ("nt", ""): ("lead_text", "agency_repeat", "phía trên"),
    ("Bộ Nội vụ", "như trên"): ("coordinate_text", "agency_repeat", "phía trên"),
}


@pytest.mark.parametrize(("lead", "other"), REFUSED)
async def test_what_nobody_can_tell_is_refused_with_the_remedy(
    office: TasksService, lead: str, other: str
) -> None:
    [row] = await report(office, (lead, other))
    [problem] = row["problems"]
    field, code, remedy = REFUSED[lead, other]
    assert (row["outcome"], problem["field"], problem["code"]) == ("refused", field, code)
    assert remedy in problem["detail"]
    assert problem["detail_en"]


WARNED = {
    ("Bộ Nội vụ (dự kiến)", ""): "agency_note",
    ("Bộ Nội vụ", "Các địa phương (ven biển)"): "agency_note_unclear",
    ("Bộ Nội vụ, VNPT", ""): "agency_kept_as_text",
    ("Bộ Nội vụ", "VNPT"): "agency_kept_as_text",
    ("Bộ Nội vụ (chủ trì), Bộ Tài chính", ""): "agency_role_assumed",
    ("Bộ Nội vụ chủ trì, phối hợp với các bộ, ngành", ""): "group_kept_as_text",
    ("Bộ Nội vụ chủ trì, phối hợp với các cơ quan liên quan", ""): "agency_indefinite",
    ("Ban Đổi mới Quốc gia chỉ đạo Bộ Nội vụ", ""): "agency_not_found",
}


@pytest.mark.parametrize(("lead", "other"), WARNED)
async def test_beside_a_lead_that_is_found_it_is_kept_as_text_and_said_so(
    office: TasksService, lead: str, other: str
) -> None:
    [row] = await report(office, (lead, other))
    assert (row["outcome"], [each["code"] for each in row["warnings"]]) == ("accepted", [WARNED[lead, other]])
    task = await office.get(f"/tasks/{row['task_id']}")
    assert task["lead_text"] == lead
    assert task["assignments"][0] == assigned("G09", "lead")


async def test_a_cell_repeats_the_one_above_within_its_section(office: TasksService) -> None:
    response = await send_rows(
        office,
        "I;1;Một;Bộ Nội vụ;Bộ Y tế;Tháng 12/2025",
        "I;2;Hai;nt;-nt-;nt",
        "I;3;Ba;//;Bộ Công an;Tháng 11/2025",
        "I;4;Bốn;Bộ Không Ai Biết;;Tháng 12/2025",
        "I;5;Năm;như trên;;Tháng 12/2025",
        "II;6;Sáu;nt;;Tháng 12/2025",
    )
    rows = response.json()["rows"]
    assert [row["outcome"] for row in rows] == ["accepted"] * 3 + ["refused"] * 3
    assert rows[1]["due_on"] == "2025-12-31"
    second = await office.get(f"/tasks/{rows[1]['task_id']}")
    assert (second["lead_text"], second["coordinate_text"]) == ("Bộ Nội vụ", "Bộ Y tế")
    assert second["assignments"] == [assigned("G09", "lead"), assigned("G18", "coordinate")]
    codes = [[problem["code"] for problem in row["problems"]] for row in rows[3:]]
    assert codes == [["agency_not_found"], ["agency_not_found"], ["agency_repeat"]]


async def test_a_province_s_document_means_its_own_units_and_communes(office: TasksService) -> None:
    found = await assignments(office, "Sở Y tế", "Sở Tài chính, UBND xã Tân Phú", document=PROVINCIAL)
    assert found == [
        assigned("40.YT", "lead"),
        assigned("40.TC", "coordinate"),
        assigned("17272", "coordinate"),
    ]


async def test_a_province_s_groups_are_its_own(office: TasksService) -> None:
    units, communes = await report(
        office,
        ("Giám đốc các sở, ban, ngành", ""),
        ("Chủ tịch UBND các xã, phường", ""),
        document="12/KH-UBND",
        issued_by="40",
    )
    assert sorted(await office.members(await office.get(f"/tasks/{units['task_id']}"))) == ["40.TC", "40.YT"]
    members = await office.members(await office.get(f"/tasks/{communes['task_id']}"))
    assert sorted(members) == sorted(COMMUNES)
    assert assigned("17272", "accountable", "Chủ tịch") in members["17272"]["assignments"]


async def test_the_import_may_say_who_issued_a_document_that_does_not(office: TasksService) -> None:
    assert await assignments(office, "Sở Y tế", issued_by="40") == [assigned("40.YT", "lead")]


@pytest.mark.parametrize(
    ("document", "issued_by", "code"),
    [(PROVINCIAL, "48", "issuer_contradicted"), (CENTRAL, "X9", "agency_unknown")],
)
async def test_an_issuer_that_cannot_be_is_refused(
    office: TasksService, document: str, issued_by: str, code: str
) -> None:
    response = await send(office, ("Bộ Nội vụ", ""), document=document, issued_by=issued_by)
    problem = response.json()
    assert (response.status_code, problem["code"], problem["field"]) == (422, code, "issued_by")


async def test_a_title_and_a_unit_are_sent_amended_and_read_back(office: TasksService) -> None:
    lead = {"agency_code": "G09", "role": "lead", "unit": "Vụ Pháp chế"}
    body = {"title": "Việc", "programme": "NQ57", "assignments": [lead]}
    task = await office.post("/tasks", body)
    assert task["assignments"] == [assigned("G09", "lead", unit="Vụ Pháp chế")]
    wanted = [{"agency_code": "G09", "role": "lead", "position": "Bộ trưởng"}]
    amended = await office.amend(task, assignments=wanted)
    assert amended["assignments"] == [assigned("G09", "lead", "Bộ trưởng")]
    assert (await office.amend(amended, assignments=wanted))["version"] == amended["version"]


async def test_the_heads_of_a_group_may_be_sent(office: TasksService) -> None:
    wanted = {"group_code": "ministerial_bodies", "role": "lead", "position": "Thủ trưởng"}
    body = {"title": "Việc", "programme": "NQ57", "assignments": [wanted]}
    members = await office.members(await office.post("/tasks", body))
    assert len(members) == 17
    assert members["G19"]["assignments"] == [
        assigned("G19", "lead"),
        assigned("G19", "accountable", "Thủ trưởng"),
    ]
    refused = await office.send("POST", "/tasks", json=body | {"assignments": [wanted | {"unit": "Vụ A"}]})
    assert (refused.status_code, refused.json()["code"]) == (422, "unit_of_group")
