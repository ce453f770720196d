"""Lists of databases as files: every row accepted, unchanged, or refused with its reason."""

from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from services.datasets.api import imports as api
from services.datasets.use_cases import imports
from services.datasets.use_cases.imports import JudgedList, import_list, judge_list, read_list
from shared.imports.overtaken import Overtaken
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import local_date
from shared.spreadsheets import Upload
from tests.datasets.world import READ, REPORT, World
from tests.support.imports import Notes

HEADING = "Mã,Tên cơ sở dữ liệu,Loại,Cơ quan chủ quản,Căn cứ pháp lý,Giai đoạn,Kết nối,Ngày hiệu lực"
GOOD = (
    "DC,Dân cư,Quốc gia,Bộ Công an,Luật Căn cước,Đang vận hành,Đã đồng bộ,01/03/2026",
    "THUE,Quản lý thuế,chuyên ngành,G12,,đang xây dựng,,1/3/2026",
    "NTDC,Nền tảng định danh,Nền tảng số,BO CONG AN,,,,",
)


def table(*rows: str, heading: str = HEADING) -> bytes:
    return "\n".join((heading, *rows)).encode()


async def send(world: World, content: bytes, status: int = 200, name: str = "ds.csv", **form: Any) -> Any:
    response = await world.send(
        "POST",
        "/imports",
        files={"file": (name, content)},
        data={key: str(value) for key, value in form.items()},
    )
    assert response.status_code == status, response.text
    return response.json()


def outcomes(report: Any) -> list[tuple[str, str]]:
    return [(row["code"], row["outcome"]) for row in report["rows"]]


async def test_a_list_is_imported_and_the_same_again_changes_nothing(world: World) -> None:
    dry = await send(world, table(*GOOD), dry_run=True)
    assert (dry["accepted"], dry["written"]) == (3, False)
    assert await world.rows("SELECT 1 FROM databases") == []
    report = await send(world, table(*GOOD))
    assert report["written"]
    assert report["rows"] == dry["rows"]
    assert [row["owner_code"] for row in report["rows"]] == ["G01", "G12", "G01"]
    found = await world.get("/databases/DC")
    assert (found["kind"], found["phase"]["value"], found["ndc_connection"]["value"]) == (
        "national", "operating", "synchronised",
    )  # fmt: skip
    assert found["phase"]["evidence"] == [{"kind": "file", "reference": "ds.csv", "title": "Dòng 2"}]
    before = await world.rows("SELECT count(*) AS number FROM outbox")
    again = await send(world, table(*GOOD))
    assert outcomes(again) == [("DC", "unchanged"), ("THUE", "unchanged"), ("NTDC", "unchanged")]
    assert not again["written"]
    assert await world.rows("SELECT count(*) AS number FROM outbox") == before


async def test_a_row_that_breaks_the_reader_is_refused_and_the_others_come_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    understand = imports.understand

    def break_once(number: int, *args: Any) -> Any:
        return 1 // 0 if number == 3 else understand(number, *args)

    monkeypatch.setattr(imports, "understand", break_once)
    report = await send(world, table(*GOOD), partial=True)
    assert outcomes(report) == [("DC", "accepted"), ("THUE", "refused"), ("NTDC", "accepted")]
    assert [problem["code"] for problem in report["rows"][1]["problems"]] == ["row_failed"]


async def test_a_new_declaration_of_a_known_database_is_taken(world: World) -> None:
    await send(world, table(*GOOD))
    later = await send(world, table("THUE,Quản lý thuế,sector,G12,,operating,connected,2026-03-05", GOOD[0]))
    assert outcomes(later) == [("THUE", "accepted"), ("DC", "unchanged")]
    assert (await world.get("/databases/THUE"))["phase"]["value"] == "operating"


async def test_a_list_may_say_how_often_a_database_is_to_send(world: World) -> None:
    heading = "Mã,Tên,Loại,Chủ quản,Chu kỳ (giây),Trễ cho phép (giây)"
    rows = ("A,Một,sector,G12,3600,600", "B,Hai,sector,G12,3600,", "C,Ba,sector,G12,,")
    await send(world, table(*rows, heading=heading))
    agreed = [(await world.get(f"/databases/{code}"))["heartbeat"] for code in "ABC"]
    assert agreed == [
        {"period_seconds": 3600, "grace_seconds": 600}, {"period_seconds": 3600, "grace_seconds": 0}, None,
    ]  # fmt: skip
    bad = (
        "D,Bốn,sector,G12,29,",
        "E,Năm,sector,G12,1 giờ,",
        "F,Sáu,sector,G12,,60",
        "A,Một,sector,G12,7200,600",
    )
    report = await send(world, table(*bad, heading=heading))
    assert [row["problems"][0]["code"] for row in report["rows"]] == [
        "seconds_invalid", "seconds_invalid", "seconds_invalid", "registered_otherwise",
    ]  # fmt: skip


async def test_an_english_workbook(world: World) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["Code", "Name", "Kind", "Owner", "Legal basis", "Phase", "Connection", "Effective on"])
    sheet.append(
        ["HTTT", "Procedures", "system", "Bộ Y tế", "Decree 1", "operating", "connected", "2026-03-01"]
    )
    content = BytesIO()
    book.save(content)
    report = await send(world, content.getvalue(), name="list.xlsx")
    assert outcomes(report) == [("HTTT", "accepted")]


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (",Tên,Quốc gia,G01,,,,", "code", "required"),
        ("A,,Quốc gia,G01,,,,", "name", "required"),
        ("A,Tên,,G01,,,,", "kind", "required"),
        ("A,Tên,Quốc gia,,,,,", "owner", "required"),
        ("A,Tên,lạ,G01,,,,", "kind", "word_unknown"),
        ("A,Tên,Quốc gia,Bộ Chưa Ai Biết,,,,", "owner", "agency_not_found"),
        ("A,Tên,Quốc gia,G01,,lạ,,1/3/2026", "phase", "word_unknown"),
        ("A,Tên,Quốc gia,G01,,,lạ,1/3/2026", "ndc_connection", "word_unknown"),
        ("A,Tên,Quốc gia,G01,,vận hành,,", "effective_on", "day_required"),
        ("A,Tên,Quốc gia,G01,,vận hành,,31/2/2026", "effective_on", "day_invalid"),
        ("A,Tên,Quốc gia,G01,,vận hành,,11/3/2026", "effective_on", "day_in_future"),
        ("A B,Tên,Quốc gia,G01,,,,", "code", "code_invalid"),
        ("A,T\u202eên,Quốc gia,G01,,,,", "name", "control_character"),
        (f"A,{'x' * 501},Quốc gia,G01,,,,", "name", "too_long"),
        ("DC,Dân cư khác,Quốc gia,G01,,,,", "name", "registered_otherwise"),
        ("DC,Dân cư,Quốc gia,G12,,,,", "owner_code", "registered_otherwise"),
        ("OK,Hai lần,Quốc gia,G01,,,,", "code", "code_repeated"),
    ],
)
async def test_a_row_that_is_wrong_is_told_why_and_keeps_the_others_out(
    world: World, row: str, field: str, code: str
) -> None:
    await send(world, table(GOOD[0]))
    content = table("OK,Tên đúng,Quốc gia,G01,,,,", row)
    report = await send(world, content)
    assert not report["written"]
    [problem] = report["rows"][1]["problems"]
    assert (problem["field"], problem["code"]) == (field, code)
    assert problem["detail"] != problem["detail_en"]
    partial = await send(world, content, partial=True)
    assert partial["written"]
    assert [item["outcome"] for item in partial["rows"]] == ["accepted", "refused"]
    codes = await world.rows("SELECT code FROM databases ORDER BY code")
    assert [item.code for item in codes] == ["DC", "OK"]


async def test_a_file_that_is_wrong(world: World) -> None:
    assert (await send(world, b"\x00\x01", 422, name="a.pdf"))["code"] == "file_format_unknown"
    assert (await send(world, table(heading="Mã,Loại,Chủ quản"), 422))["code"] == "heading_missing"
    mapped = table("X,Tên,national,G01", heading="Ký hiệu,Tên,Loại,Chủ quản")
    assert (await send(world, mapped, 422))["code"] == "heading_missing"
    assert (await send(world, mapped, columns='{"code": "Ký hiệu"}'))["accepted"] == 1
    refused = await world.send(
        "POST", "/imports", scopes=frozenset({READ, REPORT}), files={"file": ("a.csv", table())}
    )
    assert refused.status_code == 403


def sheets(**named: tuple[str, ...]) -> bytes:
    book = Workbook()
    book.active.append(("Danh mục",))
    for name, rows in named.items():
        sheet = book.create_sheet(name)
        for row in (HEADING, *rows):
            sheet.append(row.split(","))
    content = BytesIO()
    book.save(content)
    return content.getvalue()


async def test_every_sheet_with_a_list_is_read_or_the_one_that_is_named(world: World) -> None:
    content = sheets(DC=GOOD[:1], Khác=(GOOD[1], "X,Tên,chuyên ngành,G12,,đang xây dựng,,46000"))
    named = await send(world, content, name="a.xlsx", sheet="DC", dry_run=True)
    assert outcomes(named) == [("DC", "accepted")]
    report = await send(world, content, name="a.xlsx", partial=True)
    assert [(row["sheet"], row["row"], row["outcome_vi"]) for row in report["rows"]] == [
        ("DC", 2, "Nhận"), ("Khác", 2, "Nhận"), ("Khác", 3, "Từ chối"),
    ]  # fmt: skip
    assert [warning["code"] for warning in report["rows"][2]["warnings"]] == ["date_serial"]
    assert [sheet["outcome"] for sheet in report["sheets"]] == ["headings_missing", "read", "read"]


async def test_one_day_with_the_month_first_puts_the_others_in_doubt(world: World) -> None:
    days = ("05/19/2025", "05/04/2025", "19/05/2025", "2025-05-20", "")
    rows = [f"A{n},Tên,Quốc gia,G01,,{'vận hành' if day else ''},,{day}" for n, day in enumerate(days)]
    report = await send(world, table(*rows))
    codes = [[problem["code"] for problem in row["problems"]] for row in report["rows"]]
    assert codes == [["day_invalid"], ["day_ambiguous"], [], [], []]


async def test_what_may_be_changed_of_a_record_is_said_with_its_path(world: World) -> None:
    await send(world, table(GOOD[0]))
    report = await send(world, table("DC,Dân cư khác,Quốc gia,G12,,,,"))
    [problem] = report["rows"][0]["problems"]
    assert "PATCH /datasets/v1/databases/DC" in problem["detail"]
    assert "PATCH /datasets/v1/databases/DC" in problem["detail_en"]
    report = await send(world, table("DC,Dân cư,Nền tảng,G01,,,,"))
    [problem] = report["rows"][0]["problems"]
    assert problem["code"] == "registered_otherwise"
    assert "PATCH" not in problem["detail"]


# --- when an import is seen -------------------------------------------------------------------------------------------

DATED = {
    "databases": "recorded_at",
    "amendments": "recorded_at",
    "watches": "checked_at",
    "declarations": "recorded_at",
    "outbox": "time",
    "audit": "at",
}


async def judged(world: World, *rows: str) -> JudgedList:
    read = await read_list(world.database, Upload("ds.csv", table(*rows)), today=local_date(world.now))
    return await judge_list(world.database, read)


async def test_a_list_is_prepared_before_its_import_is_announced_and_recorded_under_one_instant(
    world: World,
) -> None:
    await world.register("DB")
    notes = Notes(world.database, "SELECT count(*) FROM databases")
    rows = (*GOOD, "DB,Cơ sở dữ liệu DB,Quốc gia,G12,,vận hành,,01/03/2026")
    found = await judged(world, *rows)
    async with world.database.late_change(world.clock) as late:
        await import_list(notes.of(late), found, rules=world.rules, actor=SYSTEM)
    assert (notes.settled, notes.now, notes.seen) == (world.now, world.now, 1)
    assert (
        len(notes.statements) == len(DATED) + 1
    )  # each table is copied at once; the import's own audit entry
    for name, column in DATED.items():
        of_all = f"SELECT count(*) FROM {name} WHERE {column} = :now"  # noqa: S608 - names of this file
        assert await world.rows(of_all, now=world.now) != [(0,)], name
    [registered, declared] = await world.events("DC")
    assert [each[:2] for each in (registered, declared)] == [("registered", 1), ("declared", 2)]
    assert {
        datetime.fromisoformat(each[2]["database"]["observed_since"]) for each in (registered, declared)
    } == {world.now}
    assert (await world.events("DB"))[-1][:2] == ("declared", 2)
    assert (await world.get("/databases/DB"))["phase"]["value"] == "operating"
    [watch] = await world.rows("SELECT * FROM watches WHERE database_code = 'DC'")
    assert (watch.version, watch.observed_since, watch.phase) == (2, world.now, "operating")


async def test_what_a_list_declares_is_held_against_heartbeats_by_the_watch(world: World) -> None:
    await world.register("DB")
    await world.beat("DB")
    await send(world, table("DB,Cơ sở dữ liệu DB,Quốc gia,G12,,,chưa kết nối,10/03/2026"))
    world.clock.advance(seconds=1)
    await world.watch()
    [item] = (await world.get("/databases/DB"))["contradictions"]
    assert item["kind"] == "none_but_sending"


async def test_an_import_that_another_came_before_is_judged_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, first = imports.judge_list, []

    async def late(*args: Any) -> JudgedList:
        found = await judge(*args)
        if not first:
            first.append(found)
            assert (await send(world, table(*GOOD)))["accepted"] == 3
        return found

    monkeypatch.setattr(api, "judge_list", late)
    assert [outcome for _, outcome in outcomes(await send(world, table(*GOOD)))] == ["unchanged"] * 3
    assert await world.rows("SELECT count(*) FROM declarations") == [(2,)]


async def test_a_code_that_is_taken_while_an_import_is_announced_undoes_it(world: World) -> None:
    notes = Notes(world.database, "SELECT 1", meanwhile=lambda: world.register("THUE"))
    found = await judged(world, *GOOD)
    with pytest.raises(Overtaken):
        async with world.database.late_change(world.clock) as late:
            await import_list(notes.of(late), found, rules=world.rules, actor=SYSTEM)
    assert await world.rows("SELECT code FROM databases") == [("THUE",)]
