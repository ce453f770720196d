"""Agencies are renamed and given aliases, groups gain and lose members: dated, with their events, and never another's name."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from rapidfuzz.fuzz import token_sort_ratio

from services.tasks.queries.agency_names import Names, load_directory
from services.tasks.use_cases.agencies import lock_names, record_agency
from services.tasks.use_cases.documents import record_document, record_programme
from services.tasks.use_cases.groups import members_of
from services.tasks.use_cases.seeding import load_catalogue
from shared.events import tasks as events
from shared.naming.directory import Directory, Entry
from shared.naming.lookup import Found, Meaning, find_name
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.support.names import AGENCIES, FORMER, GROUPS
from tests.support.tasks import DOCUMENT, PROGRAMME, SETTINGS, TasksService, new_task
from tests.support.writing import writing

DELTA = {
    "code": "delta",
    "name": "Các tỉnh Đồng bằng sông Cửu Long",
    "aliases": ["Các tỉnh miền Tây"],
    "members": [{"agency_code": "92", "valid_from": "2025-07-01"}, {"agency_code": "96"}],
}

WAITING = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
async def office(database: Database, clock: ManualClock) -> AsyncIterator[TasksService]:
    """The service with the catalogue that ships, on 20 November 2025."""
    clock.move_to(datetime(2025, 11, 20, tzinfo=UTC))
    async with writing(database) as session:
        await load_catalogue(session, actor=SYSTEM, at=clock.now())
        programme = events.ProgrammeRecorded(code=PROGRAMME, title="Nghị quyết 57-NQ/TW")
        await record_programme(session, programme, SYSTEM, clock.now())
        given_by = events.DocumentRecorded(
            code=DOCUMENT, type="Nghị quyết", issued_on=date(2025, 4, 1), title="Nghị quyết"
        )
        await record_document(session, given_by, SYSTEM, clock.now())
    async with TasksService.running(SETTINGS, database, clock) as service:
        yield service


async def patch(
    service: TasksService,
    path: str,
    body: dict[str, Any],
    status: int = 200,
    version: int = 1,
    **request: Any,
) -> Any:
    headers = {"If-Match": f'"{version}"', **request.pop("headers", {})}
    stored_code = request.pop("stored", path.rpartition("/")[2])
    answer = await service.send("PATCH", path, json=body, headers=headers, **request)
    assert answer.status_code == status, answer.text
    if status == 200:
        [version_told] = re.findall(r'^"(\d+)', answer.headers["ETag"])
        table = path.split("/")[1]
        [stored] = await service.rows(f"SELECT version FROM {table} WHERE code = :code", code=stored_code)  # noqa: S608 - this file's words
        assert int(version_told) == stored.version
    return answer.json()


async def meaning(service: TasksService, name: str) -> Meaning:
    async with service.database.reading() as connection:
        return find_name(name, await load_directory(connection), token_sort_ratio)


async def events_of(service: TasksService, subject: str) -> list[Any]:
    rows = await service.rows("SELECT data FROM outbox WHERE subject = :subject ORDER BY id", subject=subject)
    return [row.data for row in rows]


# --- agencies


async def test_an_agency_takes_an_alias_by_which_it_is_found(office: TasksService) -> None:
    before = await office.get("/agencies/G12")
    aliases = [*before["aliases"], "Bộ Tài chính Việt Nam"]
    after = await patch(office, "/agencies/G12", {"aliases": aliases})
    assert after == before | {"aliases": sorted(aliases)}
    assert await office.get("/agencies/G12") == after
    assert await meaning(office, "bộ tài chính việt nam") == Found("agency", ("G12",))
    *_, last = await events_of(office, "G12")
    assert last["aliases"] == sorted(aliases)
    assert last["predecessors"] == before["predecessors"] != []
    [entry] = await office.rows("SELECT * FROM audit WHERE action = 'amend' AND entity_id = 'G12'")
    assert entry.detail == {"aliases": [before["aliases"], sorted(aliases)]}
    assert entry.actor.startswith("office")


async def test_a_renamed_agency_is_found_by_its_old_names(office: TasksService) -> None:
    after = await patch(office, "/agencies/G10", {"name": "Bộ Đất đai", "short_name": "BĐĐ"})
    assert {"Bộ Nông nghiệp và Môi trường", "Bộ NNMT"} <= set(after["aliases"])
    for name in ("Bộ Nông nghiệp và Môi trường", "Bộ NN&MT", "Bộ Đất đai", "BĐĐ"):
        assert await meaning(office, name) == Found("agency", ("G10",))
    back = await patch(office, "/agencies/G10", {"name": "Bộ Nông nghiệp và Môi trường"}, version=2)
    assert "Bộ Đất đai" in back["aliases"]
    assert "Bộ Nông nghiệp và Môi trường" not in back["aliases"]


async def test_what_stands_already_is_no_change(office: TasksService) -> None:
    before = await office.get("/agencies/G12")
    for body in ({"name": before["name"]}, {"aliases": [*before["aliases"], *before["aliases"]]}):
        assert await patch(office, "/agencies/G12", body) == before
    assert len(await events_of(office, "G12")) == 1


async def test_an_alias_is_taken_away_only_when_that_is_said(office: TasksService) -> None:
    assert (await patch(office, "/agencies/G01", {"aliases": []}))["aliases"] == []
    assert not isinstance(await meaning(office, "BCA"), Found)
    assert (await patch(office, "/agencies/G01", {"short_name": None}, version=2))["short_name"] is None


@pytest.mark.parametrize(
    ("alias", "code", "named"),
    [
        ("Bộ Nội vụ", "name_taken", "G09"),
        ("BỘ  NỘI VỤ", "name_taken", "G09"),
        ("BNV", "name_taken", "G09"),
        ("g09", "name_taken", "G09"),
        ("Quảng Nam", "name_taken", "48"),
        ("Tỉnh Quảng Nam", "name_taken", "48"),
        ("Bộ TT&TT", "name_taken", "G06"),
        ("Các bộ, ngành", "name_taken", "ministries"),
        ("Các bộ, ngành và địa phương", "name_taken", "localities"),
        ("Văn phòng Chính phủu", "alias_alike", "G22"),
        ("Tỉnh Quảng Namm", "alias_alike", "48"),
        ("Bộ Nội vụ".replace("B", "\u0412"), "name_letters", "U+0412"),
        ("Bộ\u200dX", "name_letters", "U+200D"),
        ("\u200b\u3164", "request_invalid", ""),
        ("Ｂộ X", "name_letters", "U+FF22"),
        ("—", "name_without_letters", "—"),
        ("12", "name_without_letters", "12"),
        ("a", "name_without_letters", "a"),
        ("", "request_invalid", ""),
        ("Bộ\u0000X", "nul_character", ""),
        ("Bộ\u0007X", "request_invalid", ""),
        ("Bộ\u202eX", "request_invalid", ""),
        ("Bộ " * 200, "request_invalid", ""),
    ],
)
async def test_an_alias_that_is_another_s_or_no_name_is_refused(
    office: TasksService, alias: str, code: str, named: str
) -> None:
    aliases = [*(await office.get("/agencies/G12"))["aliases"], alias]
    status = 409 if code in {"name_taken", "alias_alike"} else 422
    problem = await patch(office, "/agencies/G12", {"aliases": aliases}, status)
    assert problem["code"] == code
    assert named in problem["detail"]
    assert named in problem["detail_en"]
    new = AGENCY | {"aliases": [alias]}
    assert await office.refused("/agencies", new, status) == code
    assert len(await events_of(office, "G12")) == 1


AGENCY: dict[str, Any] = {"code": "X1", "name": "Bộ Thử nghiệm", "bloc": "government", "level": "central"}


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Bộ Nội vụ"},
        {"name": "Tỉnh Yên Bái"},
        {"short_name": "BTC"},
        {"code": "BTC"},
        {"name": "Các địa phương"},
    ],
)
async def test_a_new_agency_takes_no_name_of_another(office: TasksService, body: dict[str, Any]) -> None:
    assert await office.refused("/agencies", AGENCY | body, 409) == "name_taken"


async def test_units_of_two_provinces_share_a_name_and_one_province_has_it_once(office: TasksService) -> None:
    unit = {"name": "Sở Y tế", "bloc": "local", "level": "province"}
    for code, parent in (("SYT-01", "01"), ("SYT-79", "79")):
        await office.post("/agencies", unit | {"code": code, "parent_code": parent})
    assert (
        await office.refused("/agencies", unit | {"code": "SYT-01B", "parent_code": "01"}, 409)
        == "name_taken"
    )


async def test_too_many_aliases_are_refused(office: TasksService) -> None:
    body = {"aliases": [f"Tên gọi {number}" for number in range(10_000)]}
    assert (await patch(office, "/agencies/G12", body, 422))["code"] == "request_invalid"


async def test_a_change_says_what_it_read(office: TasksService) -> None:
    body = {"aliases": ["Bộ Tài chính Việt Nam"]}
    assert (await office.refused("/agencies/G12", body, 428, "PATCH")) == "if_match_required"
    assert (await patch(office, "/agencies/G12", body, 412, version=7))["code"] == "version_stale"
    assert (await patch(office, "/agencies/G77", body, 404))["code"] == "agency_unknown"
    for role, agency in (("agency", "G12"), ("agency", "G01"), ("reader", None)):
        refused = await patch(office, "/agencies/G12", body, 403, role=role, agency=agency)
        assert refused["code"] == "scope_missing"


async def test_a_change_is_made_once_for_its_key(office: TasksService) -> None:
    headers = {"Idempotency-Key": "once", "If-Match": '"1"'}
    body = {"aliases": ["Bộ Tài chính Việt Nam"]}
    answers = [await office.send("PATCH", "/agencies/G12", json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert len(await events_of(office, "G12")) == 2


async def test_of_concurrent_changes_one_wins(office: TasksService) -> None:
    async def change(path: str, body: dict[str, Any]) -> int:
        return (await office.send("PATCH", path, json=body, headers={"If-Match": '"1"'})).status_code

    same = await asyncio.gather(*(change("/agencies/G12", {"aliases": [f"Bộ Tiền bạc {n}"]}) for n in "ABCD"))
    assert sorted(same) == [200, 412, 412, 412]
    body = {"aliases": ["Cơ quan thường trực"]}
    other = await asyncio.gather(*(change(f"/agencies/{code}", body) for code in ("G01", "G06", "G09")))
    assert sorted(other) == [200, 409, 409]


async def test_a_change_and_a_new_unit_below_wait_for_each_other_in_one_order(office: TasksService) -> None:
    """The unit's foreign key waits for its parent's row, and the parent's change for the names."""
    unit = events.AgencyRecorded(
        code="VPC", name="Vụ Pháp chế", bloc="government", level="central", parent_code="G12"
    )
    async with writing(office.database) as session:
        await lock_names(session)
        change = asyncio.create_task(patch(office, "/agencies/G12", {"aliases": ["Bộ Tiền bạc"]}))
        while not await office.rows(WAITING):  # noqa: ASYNC110 - a lock of the database has no event to wait for
            await asyncio.sleep(0)
        await record_agency(session, unit, SYSTEM, office.clock.now())
    assert (await change)["aliases"] == ["Bộ Tiền bạc"]


async def test_an_agency_is_amended_by_every_code_it_is_read_by(office: TasksService) -> None:
    old = "000.00.00.G12"
    assert (await office.get(f"/agencies/{old}"))["code"] == "G12"
    after = await patch(office, f"/agencies/{old}", {"aliases": ["Bộ Tiền bạc"]}, stored="G12")
    assert (after["code"], after["aliases"]) == ("G12", ["Bộ Tiền bạc"])
    [entry] = await office.rows("SELECT entity_id FROM audit WHERE action = 'amend'")
    assert entry.entity_id == "G12"


def test_the_names_of_one_agency_are_those_it_has_among_all() -> None:
    names = Names(AGENCIES, GROUPS, FORMER)
    whole = names.directory()
    for agency in AGENCIES[::37]:
        alone = names.directory_of(agency)
        assert len(alone.exact) < len(whole.exact) / 2
        assert _meaning(alone, agency.code) == _meaning(whole, agency.code)


def _meaning(directory: Directory, code: str) -> set[tuple[str, Entry]]:
    return {
        (key, each)
        for key, entries in directory.exact.items()
        for each in entries
        if (each.kind, each.codes) == ("agency", (code,))
    }


# --- groups


async def test_a_group_is_recorded_and_named_by_its_phrases(office: TasksService) -> None:
    group = await office.post("/groups", DELTA)
    assert group == await office.get("/groups/delta")
    assert group["member_codes"] == ["92", "96"]
    assert group["members"] == [
        {"agency_code": "92", "valid_from": "2025-07-01", "valid_to": None},
        {"agency_code": "96", "valid_from": None, "valid_to": None},
    ]
    for phrase in ("các tỉnh đồng bằng sông cửu long", "Các tỉnh miền Tây"):
        assert await meaning(office, phrase) == Found("group", ("delta",))
    assert (await events_of(office, "delta"))[-1]["member_codes"] == ["92", "96"]
    before = await office.get("/groups/delta", params={"as_of": "2025-06-30"})
    assert before["member_codes"] == ["96"]


async def test_members_join_and_leave_on_a_day_on_both_clocks(office: TasksService) -> None:
    await office.post("/groups", DELTA)
    learned = office.clock.now() + timedelta(hours=1)
    office.clock.move_to(learned + timedelta(hours=1))
    changes = {
        "end_members": [{"agency_code": "92", "valid_to": "2025-09-30"}],
        "add_members": [
            {"agency_code": "80", "valid_from": "2025-10-01"},
            {"agency_code": "92", "valid_from": "2026-01-01"},
        ],
    }
    group = await patch(office, "/groups/delta", changes)
    assert group["member_codes"] == ["80", "96"]

    async def members(as_of: str, known_at: datetime | None = None) -> list[str]:
        params = {"as_of": as_of} | ({"known_at": known_at.isoformat()} if known_at else {})
        return list((await office.get("/groups/delta", params=params))["member_codes"])

    assert await members("2025-09-30") == ["92", "96"]
    assert await members("2026-01-01") == ["80", "92", "96"]
    assert await members("2026-01-01", learned) == ["92", "96"]
    async with writing(office.database) as session:
        assert await members_of(session, ["delta"], date(2025, 12, 1)) == ("80", "96")
    known = await office.get("/groups/delta", params={"known_at": learned.isoformat()})
    assert [each["valid_to"] for each in known["members"]] == [None, None]
    assert (await events_of(office, "delta"))[-1]["member_codes"] == ["80", "96"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"add_members": [{"agency_code": "92", "valid_from": "2026-01-01"}]}, 409, "member_exists"),
        ({"add_members": [{"agency_code": "G12", "valid_from": "2026-01-01"}] * 2}, 409, "member_exists"),
        ({"add_members": [{"agency_code": "localities", "valid_from": "2026-01-01"}]}, 422, "agency_unknown"),
        ({"add_members": [{"agency_code": "Quảng-Nam", "valid_from": "2026-01-01"}]}, 422, "agency_unknown"),
        ({"add_members": [{"agency_code": "G12"}]}, 422, "request_invalid"),
        ({"add_members": []}, 422, "request_invalid"),
        ({"end_members": []}, 422, "request_invalid"),
        ({"end_members": None}, 422, "change_empty"),
        (
            {"add_members": [{"agency_code": "G12", "valid_from": "2026-01-02", "valid_to": "2026-01-01"}]},
            422,
            "membership_days",
        ),
        ({"end_members": [{"agency_code": "G12", "valid_to": "2026-01-01"}]}, 409, "member_unknown"),
        ({"end_members": [{"agency_code": "92", "valid_to": "2025-06-30"}]}, 422, "membership_days"),
        ({"end_members": [{"agency_code": "92", "valid_to": "2025-08-01"}] * 2}, 409, "member_unknown"),
        ({"aliases": ["Bộ Nội vụ"]}, 409, "name_taken"),
        ({"aliases": ["Quảng Nam"]}, 409, "name_taken"),
        ({"aliases": ["Các bộ, ngành"]}, 409, "name_taken"),
        ({"aliases": ["Các bộ, ngành, địa phương"]}, 409, "name_taken"),
        ({"name": "Nhóm \u0412"}, 422, "name_letters"),
    ],
)
async def test_a_change_of_a_group_that_cannot_be_is_refused(
    office: TasksService, change: dict[str, Any], status: int, code: str
) -> None:
    group = await office.post("/groups", DELTA)
    assert (await patch(office, "/groups/delta", change, status))["code"] == code
    assert await office.get("/groups/delta") == group


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Các địa phương", "name_taken"),
        ("Các bộ, ngành, địa phương", "name_taken"),
        ("Bộ Nội vụ", "name_taken"),
        ("Tỉnh Quảng Namm", "alias_alike"),
    ],
)
async def test_a_group_takes_no_name_of_another(office: TasksService, name: str, code: str) -> None:
    """A new name, a changed one and an alias alike; the refusal points at the one that is meant."""
    group = await office.post("/groups", DELTA)
    refused = [
        (await patch(office, "/groups/delta", {"name": name}, 409), "name"),
        (await office.post("/groups", {"code": "new", "name": name, "aliases": ["Nhóm mới"]}, 409), "name"),
        (
            await office.post("/groups", {"code": "new", "name": "Nhóm mới", "aliases": ["Nhóm", name]}, 409),
            "aliases.1",
        ),
    ]
    assert [(problem["code"], problem["field"]) for problem, _ in refused] == [
        (code, field) for _, field in refused
    ]
    assert await office.get("/groups/delta") == group


async def test_a_renamed_group_is_found_by_both_names(office: TasksService) -> None:
    await office.post("/groups", DELTA)
    after = await patch(office, "/groups/delta", {"name": "Các tỉnh Tây Nam Bộ", "aliases": []})
    assert after["aliases"] == ["Các tỉnh Tây Nam Bộ", DELTA["name"]]
    for phrase in after["aliases"]:
        assert await meaning(office, phrase) == Found("group", ("delta",))
    assert not isinstance(await meaning(office, "Các tỉnh miền Tây"), Found)


async def test_a_group_s_event_tells_its_phrases_and_every_time_of_membership(office: TasksService) -> None:
    await office.post("/groups", DELTA)
    await patch(office, "/groups/delta", {"end_members": [{"agency_code": "92", "valid_to": "2025-09-30"}]})
    last = (await events_of(office, "delta"))[-1]
    assert last["member_codes"] == ["96"]
    assert last["aliases"] == ["Các tỉnh miền Tây", DELTA["name"]]
    assert last["memberships"] == [
        {"agency_code": "92", "valid_from": "2025-07-01", "valid_to": "2025-09-30"},
        {"agency_code": "96", "valid_from": None, "valid_to": None},
    ]
    shipped = (await events_of(office, "localities"))[-1]
    assert {"Các địa phương", "34 tỉnh, thành phố"} <= set(shipped["aliases"])
    assert [each["agency_code"] for each in shipped["memberships"]] == shipped["member_codes"]


async def test_a_group_takes_no_code_or_name_that_is_there(office: TasksService) -> None:
    await office.post("/groups", DELTA)
    assert await office.refused("/groups", DELTA, 409) == "code_exists"
    assert await office.refused("/groups", DELTA | {"code": "other"}, 409) == "name_taken"
    assert await office.refused("/groups", DELTA, 403, role="agency", agency="G12") == "scope_missing"
    answers = await asyncio.gather(
        *(
            office.send("POST", "/groups", json=DELTA | {"code": "a", "name": "Nhóm A", "aliases": []})
            for _ in "12"
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_a_group_without_members_takes_no_task(office: TasksService) -> None:
    group = await office.post("/groups", DELTA | {"members": []})
    assert group["member_codes"] == []
    for role, more in (("lead", []), ("coordinate", [{"agency_code": "G12", "role": "lead"}])):
        body = new_task(assignments=[*more, {"group_code": "delta", "role": role}])
        problem = await office.post("/tasks", body, 422)
        assert (problem["code"], problem["field"]) == ("group_empty", "assignments")
        assert "delta" in problem["detail"]
    file = "STT,Nhiệm vụ,Cơ quan chủ trì,Thời hạn\n1,Ban hành,Các tỉnh miền Tây,Tháng 12/2025\n"
    form = {"programme": PROGRAMME, "document": DOCUMENT, "dry_run": "true"}
    answer = await office.send("POST", "/imports", data=form, files={"file": ("a.csv", file.encode())})
    [row] = answer.json()["rows"]
    assert [problem["code"] for problem in row["problems"]] == ["group_empty"]


async def test_a_code_that_names_no_agency_says_what_was_meant(office: TasksService) -> None:
    body = new_task(assignments=[{"agency_code": "Quảng-Nam", "role": "lead"}])
    problem = await office.post("/tasks", body, 422)
    assert problem["code"] == "agency_unknown"
    assert problem["nearest"] == {"Quảng-Nam": "48"}
