"""Agencies, groups, programmes and documents over HTTP."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.tasks.use_cases.seeding import load_catalogue, load_communes
from shared.runtime.audit import SYSTEM
from tests.support.tasks import LOCALITIES, TasksService, new_task
from tests.support.writing import writing

AGENCY = {
    "code": "G99", "name": "Bộ Thử nghiệm", "short_name": "BTN", "bloc": "government", "level": "central",
    "parent_code": None,
    "identifiers": [
        {"scheme": "electronic_code", "value": "G99.1", "valid_from": "2025-01-01", "valid_to": None},
        {"scheme": "qcvn_102", "value": "000.00.00.G99", "valid_from": None, "valid_to": "2024-12-31"},
    ],
    "aliases": ["Bộ TN"],
}  # fmt: skip


def called(code: str) -> dict[str, Any]:
    """A code, and names of its own."""
    return {"code": code, "name": f"Bộ {code}", "short_name": None, "aliases": []}


DOCUMENT = {
    "code": "9/QD",
    "type": "Quyết định",
    "issuer_code": "G12",
    "issued_on": "2025-05-01",
    "title": "Chín",
}
PROGRAMME = {"code": "NQ59", "title": "Nghị quyết 59-NQ/TW"}


async def test_an_agency_is_recorded_and_found_by_any_of_its_codes(service: TasksService) -> None:
    recorded = AGENCY | {"predecessors": []}
    assert await service.post("/agencies", AGENCY) == recorded
    for code in ("G99", "G99.1", "000.00.00.G99"):
        assert await service.get(f"/agencies/{code}") == recorded
    assert (await service.get("/agencies/G98", 404))["code"] == "agency_unknown"


@pytest.mark.parametrize("written", ["G99/BTN", "G99%2FBTN"])
async def test_a_code_with_a_slash_is_found(service: TasksService, written: str) -> None:
    agency = await service.post("/agencies", AGENCY | {"code": "G99/BTN", "identifiers": []})
    assert await service.get(f"/agencies/{written}") == agency
    assert (await service.get("/agencies/G99", 404))["code"] == "agency_unknown"


@pytest.mark.parametrize(("scheme", "value"), [("electronic_code", "H26.19"), ("qcvn_102", "000.00.19.H26")])
async def test_an_electronic_code_is_found_by_both_its_forms(
    service: TasksService, scheme: str, value: str
) -> None:
    identifiers = [{"scheme": scheme, "value": value, "valid_from": None, "valid_to": None}]
    agency = await service.post("/agencies", AGENCY | {"identifiers": identifiers})
    for written in ("H26.19", "000.00.19.H26", "h26.19"):
        assert await service.get(f"/agencies/{written}") == agency
    assert (await service.get("/agencies/H26.190", 404))["code"] == "agency_unknown"


async def test_only_an_electronic_code_has_two_forms(service: TasksService) -> None:
    other = [{"scheme": "old", "value": "H26.19"}]
    await service.post("/agencies", AGENCY | {"identifiers": other})
    await service.get("/agencies/H26.19")
    assert (await service.get("/agencies/000.00.19.H26", 404))["code"] == "agency_unknown"


async def test_two_forms_of_one_code_at_two_agencies_find_neither(service: TasksService) -> None:
    for code, scheme, value in (("G98", "electronic_code", "H26.19"), ("G99", "qcvn_102", "000.00.19.H26")):
        identifiers = [{"scheme": scheme, "value": value}]
        await service.post("/agencies", AGENCY | called(code) | {"identifiers": identifiers})
    for written in ("H26.19", "000.00.19.H26"):
        assert (await service.get(f"/agencies/{written}", 404))["code"] == "agency_unknown"


@pytest.mark.parametrize(
    ("scheme", "value", "remedy"),
    [
        ("electronic_code", "26.H19", "H26.19"),
        ("electronic_code", "H26..19", "H26.19"),
        ("electronic_code", "h26.19", "H26.19"),
        ("electronic_code", "000.00.19.H26", "H26.19"),
        ("qcvn_102", "H26.19", "000.00.19.H26"),
        ("qcvn_102", "00.00.19.H26", "000.00.19.H26"),
    ],
)
async def test_an_electronic_code_is_recorded_in_the_form_of_its_scheme(
    service: TasksService, scheme: str, value: str, remedy: str
) -> None:
    before = await service.counts()
    good = {"scheme": "old", "value": "anything"}
    body = AGENCY | {"identifiers": [good, {"scheme": scheme, "value": value}]}
    problem = await service.post("/agencies", body, 422)
    assert (problem["code"], problem["field"]) == ("electronic_code_invalid", "identifiers.1.value")
    assert remedy in problem["detail"]
    assert remedy in problem["detail_en"]
    assert await service.counts() == before


async def test_an_identifier_of_two_agencies_finds_neither(service: TasksService) -> None:
    for code in ("G98", "G99"):
        shared = [{"scheme": "old", "value": "SAME"}]
        await service.post("/agencies", AGENCY | called(code) | {"identifiers": shared})
    assert (await service.get("/agencies/SAME", 404))["code"] == "agency_unknown"


@pytest.mark.parametrize(
    ("path", "body"), [("/agencies", AGENCY), ("/documents", DOCUMENT), ("/programmes", PROGRAMME)]
)
async def test_a_code_is_given_once(service: TasksService, path: str, body: dict[str, Any]) -> None:
    answers = await asyncio.gather(*(service.send("POST", path, json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert await service.refused(path, body, 409) == "code_exists"
    events = await service.rows("SELECT 1 FROM outbox WHERE subject = :code", code=body["code"])
    assert len(events) == 1


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/agencies", AGENCY | {"parent_code": "G00"}, "agency_unknown"),
        ("/agencies", AGENCY | {"parent_code": "G99"}, "agency_unknown"),
        ("/documents", DOCUMENT | {"issuer_code": "G00"}, "agency_unknown"),
        ("/agencies", AGENCY | {"code": "a b"}, "request_invalid"),
        ("/agencies", AGENCY | {"code": "a?b"}, "request_invalid"),
        ("/agencies", AGENCY | {"identifiers": [{"scheme": "x", "value": "y"}] * 51}, "request_invalid"),
        ("/documents", DOCUMENT | {"issued_on": "2025-02-30"}, "request_invalid"),
        ("/programmes", PROGRAMME | {"title": " "}, "request_invalid"),
    ],
)
async def test_what_cannot_be_recorded_is_refused(
    service: TasksService, path: str, body: dict[str, Any], code: str
) -> None:
    before = await service.counts()
    assert await service.refused(path, body, 422) == code
    assert await service.counts() == before


async def test_agencies_are_filtered(service: TasksService) -> None:
    child = AGENCY | {
        "code": "01001",
        "level": "commune",
        "bloc": "commune",
        "parent_code": "01",
        "identifiers": [],
    }
    await service.post("/agencies", child)

    async def codes(**asked: str) -> list[str]:
        return [item["code"] for item in (await service.get("/agencies", params=asked))["items"]]

    assert await codes(level="province") == list(LOCALITIES)
    assert await codes(bloc="court") == ["VN-TATC"]
    assert await codes(parent_code="01") == ["01001"]
    assert await codes(level="province", bloc="court") == []


async def test_documents_and_programmes_are_read_back(service: TasksService) -> None:
    assert await service.post("/documents", DOCUMENT) == DOCUMENT
    assert await service.post("/programmes", PROGRAMME) == PROGRAMME
    assert DOCUMENT in (await service.get("/documents"))["items"]
    assert PROGRAMME in (await service.get("/programmes"))["items"]


async def test_groups_name_their_members_in_order(service: TasksService) -> None:
    groups = await service.get("/groups")
    assert groups["items"] == [
        {"code": "localities", "name": "Các địa phương", "member_codes": list(LOCALITIES)}
    ]


async def test_the_catalogue_that_ships_is_loaded_once(service: TasksService) -> None:
    await service.execute("TRUNCATE agencies, groups, group_aliases, outbox CASCADE")
    at = service.clock.now()
    async with writing(service.database) as session:
        assert await load_catalogue(session, actor=SYSTEM, at=at) == 78
        assert await load_catalogue(session, actor=SYSTEM, at=at) == 0
    ha_noi = await service.get("/agencies/01")
    assert {item["scheme"] for item in ha_noi["identifiers"]}
    groups = {group["code"]: len(group["member_codes"]) for group in (await service.get("/groups"))["items"]}
    assert (groups["ministries"], groups["localities"], groups["party_bodies"]) == (23, 34, 12)
    events = await service.rows("SELECT type, count(*) AS n FROM outbox GROUP BY type ORDER BY type")
    assert [(row.type.split(".")[3], row.n) for row in events] == [("agency", 78), ("group", 6)]


async def test_communes_come_by_command_below_their_provinces(service: TasksService) -> None:
    await service.execute("TRUNCATE agencies, groups, group_aliases, outbox CASCADE")
    at = service.clock.now()
    async with writing(service.database) as session:
        await load_catalogue(session, actor=SYSTEM, at=at)
        assert await load_communes(session, actor=SYSTEM, at=at) == 3321
        assert await load_communes(session, actor=SYSTEM, at=at) == 0
    page = await service.get("/agencies", params={"parent_code": "01", "limit": 200})
    assert {item["level"] for item in page["items"]} == {"commune"}


LOOK_ALIKE = ("9/QÐ-BTC", "09/qđ–btc", " 9 / QĐ - BTC ", "Số 9/QĐ-BTC", "９／ＱĐ－ＢＴＣ")
NUMBERED = {"/documents": DOCUMENT, "/programmes": PROGRAMME}


@pytest.mark.parametrize("path", sorted(NUMBERED))
@pytest.mark.parametrize("typed", LOOK_ALIKE)
async def test_a_number_that_looks_alike_is_the_same(service: TasksService, path: str, typed: str) -> None:
    await service.post(path, NUMBERED[path] | {"code": "9/QĐ-BTC"})
    problem = await service.post(path, NUMBERED[path] | {"code": typed, "similar_is_meant": True}, 409)
    assert (problem["code"], problem["recorded"], problem["field"]) == ("code_exists", "9/QĐ-BTC", "code")
    assert "9/QĐ-BTC" in problem["detail"]


@pytest.mark.parametrize("path", sorted(NUMBERED))
async def test_a_similar_number_is_taken_only_when_it_is_meant(service: TasksService, path: str) -> None:
    await service.post(path, NUMBERED[path] | {"code": "9/QĐ-BTC"})
    other = NUMBERED[path] | {"code": "9/QD-BTC"}
    problem = await service.post(path, other, 409)
    assert (problem["code"], problem["similar"]) == ("number_similar", ["9/QĐ-BTC"])
    assert "similar_is_meant" in problem["detail"]
    assert "similar_is_meant" in problem["detail_en"]
    assert (await service.post(path, other | {"similar_is_meant": True}))["code"] == "9/QD-BTC"
    assert await service.refused(path, other, 409) == "code_exists"
    listed = [item["code"] for item in (await service.get(path))["items"]]
    assert {"9/QĐ-BTC", "9/QD-BTC"} <= set(listed)


@pytest.mark.parametrize("path", sorted(NUMBERED))
async def test_of_numbers_alike_or_similar_that_come_at_once_one_is_taken(
    service: TasksService, path: str
) -> None:
    typed = ("9/QĐ-BTC", "9/QÐ-BTC", "9/qđ-btc", "9/QD-BTC", "9-QĐ/BTC", "09/QĐ-BTC")
    answers = await asyncio.gather(
        *(service.send("POST", path, json=NUMBERED[path] | {"code": code}) for code in typed)
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert {answer.json().get("code") for answer in answers if answer.status_code == 409} <= {
        "code_exists",
        "number_similar",
    }


async def test_the_database_itself_keeps_a_number_once(service: TasksService) -> None:
    await service.post("/documents", DOCUMENT)
    with pytest.raises(DBAPIError):
        async with writing(service.database) as session:
            await session.execute(
                text(
                    "INSERT INTO documents SELECT 'other', normal_form, similar_form, type, issuer_code, issued_on, title, "
                    "version, recorded_at FROM documents"
                )
            )


@pytest.mark.parametrize("nothing", ["–", "/", "\u200b-"])
async def test_a_number_has_a_letter_or_digit(service: TasksService, nothing: str) -> None:
    problem = await service.post("/documents", DOCUMENT | {"code": nothing}, 422)
    assert problem["errors"][0]["code"] == "no_number"


async def test_documents_and_programmes_are_found_however_their_number_is_typed(
    service: TasksService,
) -> None:
    await service.post("/documents", DOCUMENT | {"code": "9/QĐ-BTC"})
    await service.post("/programmes", PROGRAMME | {"code": "59-NQ/TW"})
    cited = [{"document_code": typed, "clause": "Mục I"} for typed in LOOK_ALIKE]
    task = await service.assign(programme="59–NQ/tw", citations=cited)
    assert task["programme"] == "59-NQ/TW"
    assert task["citations"] == [{"document_code": "9/QĐ-BTC", "clause": "Mục I"}]
    for typed in LOOK_ALIKE:
        found = (await service.get("/tasks", params={"document": typed, "programme": "59 – NQ/TW"}))["items"]
        assert [item["id"] for item in found] == [task["id"]]
    for nothing in ("9/QD-BTC", "–", "1"):
        assert (await service.get("/tasks", params={"document": nothing}))["items"] == []
    body = {"deadline_text": "31/12/2025", "document_code": "9/qđ—btc", "reason": "Chờ kinh phí"}
    await service.post(f"/tasks/{task['id']}/extensions", body)
    history = await service.get(f"/tasks/{task['id']}/history")
    assert history["deadlines"][-1]["document_code"] == "9/QĐ-BTC"


async def test_an_unknown_number_names_the_similar_one(service: TasksService) -> None:
    await service.post("/documents", DOCUMENT | {"code": "9/QĐ-BTC"})
    problem = await service.post("/tasks", new_task(citations=[{"document_code": "9/QD-BTC"}]), 422)
    assert problem["code"] == "document_unknown"
    assert "9/QĐ-BTC" in problem["detail"]
    assert "9/QĐ-BTC" in problem["detail_en"]
    problem = await service.post("/tasks", new_task(programme="NQ–57"), 422)
    assert problem["code"] == "programme_unknown"
    assert "NQ57" in problem["detail"]


async def test_citing_a_document_again_in_other_letters_changes_nothing(service: TasksService) -> None:
    task = await service.assign()
    headers = {"If-Match": '"1"'}
    body = {"citations": [item | {"document_code": "71 / nq–cp"} for item in task["citations"]]}
    answer = await service.send("PATCH", f"/tasks/{task['id']}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["citations"] == task["citations"]
    assert answer.headers["ETag"] == '"1"'


async def test_an_annex_imported_under_a_look_alike_number_brings_nothing_twice(
    service: TasksService,
) -> None:
    content = "Nhiệm vụ,Cơ quan chủ trì,Thời hạn\nLàm một việc,Bộ Tài chính,31/12/2025\n".encode()
    outcomes = []
    for programme, document in (("NQ57", "71/NQ-CP"), ("nq57", "71/nq–cp")):
        form = {"programme": programme, "document": document}
        answer = await service.send("POST", "/imports", data=form, files={"file": ("a.csv", content)})
        assert answer.status_code == 200, answer.text
        outcomes.append([row["outcome"] for row in answer.json()["rows"]])
    assert outcomes == [["accepted"], ["unchanged"]]
