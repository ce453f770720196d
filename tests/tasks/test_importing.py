"""Annexes as offices print them become tasks: every row accepted, unchanged or refused with its reason."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import openpyxl
import pytest
from sqlalchemy import text

from services.tasks.api import imports as routes
from services.tasks.domain import imports as rules
from services.tasks.main import build_app
from services.tasks.use_cases import annexes, imports
from services.tasks.use_cases.annexes import read_annex
from services.tasks.use_cases.documents import record_document, record_programme
from services.tasks.use_cases.seeding import load_catalogue
from shared import outbox, uploads
from shared.audit import SYSTEM
from shared.clock import ManualClock
from shared.database import Database
from shared.events import tasks as events
from shared.health import Health
from shared.negotiation import XLSX
from shared.spreadsheets import MAX_BYTES
from tests.support import conformance
from tests.support.tasks import SETTINGS, TasksService, assigned

DATA = Path(__file__).parents[1] / "data"
NQ71 = (DATA / "nq71_appendix3.csv").read_bytes()
TB07 = (DATA / "tb07_annex.csv").read_bytes()
DOCUMENTS = {"71/NQ-CP": date(2025, 4, 1), "07-TB/CQTTBCĐ": date(2025, 10, 15)}
HEADINGS = "STT,Nhiệm vụ,Cơ quan chủ trì,Thời hạn,Sản phẩm"
GOOD = '1,Ban hành đề án,Bộ Nội vụ,Tháng 6/2025,Đề án\n2,Kết nối dữ liệu,"Các bộ, ngành, địa phương",Tháng 7/2025,Biên bản'
CREATED = text(
    "SELECT subject AS task, data->'task'->>'parent_id' AS parent FROM outbox WHERE type LIKE '%.task.created.%' ORDER BY id"
)
OPEN = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
)
BAD = "3,Xây dựng nền tảng,Bộ Không Có Thật,Tháng 8/2025,Nền tảng"


@pytest.fixture
async def office(database: Database, clock: ManualClock) -> AsyncIterator[TasksService]:
    """The service with the catalogue that ships, on 20 November 2025."""
    clock.move_to(datetime(2025, 11, 20, tzinfo=UTC))
    at = clock.now()
    async with database.transaction() as session:
        await load_catalogue(session, actor=SYSTEM, at=at)
        await record_programme(session, events.ProgrammeRecorded(code="NQ57", title="NQ 57"), SYSTEM, at)
        for code, day in DOCUMENTS.items():
            state = events.DocumentRecorded(code=code, type="Nghị quyết", issued_on=day, title=code)
            await record_document(session, state, SYSTEM, at)
    app = build_app(SETTINGS, database, clock, health=Health())
    async with conformance.client(app, "http://tasks") as http:
        yield TasksService(app, database, clock, http)


async def send(
    office: TasksService,
    content: bytes | str,
    document: str = "71/NQ-CP",
    name: str = "phụ lục.csv",
    **form: Any,
) -> httpx2.Response:
    data = {"programme": "NQ57", "document": document} | {key: str(value) for key, value in form.items()}
    content = content.encode() if isinstance(content, str) else content
    return await office.send("POST", "/imports", data=data, files={"file": (name, content)})


async def report_of(office: TasksService, content: bytes | str, *args: Any, **form: Any) -> Any:
    response = await send(office, content, *args, **form)
    assert response.status_code == 200, response.text
    return response.json()


def outcome(report: Any) -> tuple[int, int, int]:
    return report["accepted"], report["refused"], report["unchanged"]


def rows_of(report: Any) -> dict[str, Any]:
    return {row["ref"]: row for row in report["rows"]}


def table(*rows: str) -> str:
    return "\n".join([HEADINGS, *rows])


# --- the real annexes


async def test_the_46_tasks_of_resolution_71(office: TasksService) -> None:
    report = await report_of(office, NQ71)
    assert outcome(report) == (46, 0, 0)
    assert report["written"]
    assert {ref: row["members"] for ref, row in rows_of(report).items() if row["members"]} == {
        "2025-05/16": 57,
        "2025-05/24": 23,
        "2025-06/5": 23,
        "2025-06/6": 23,
    }
    assert {row["due_on"] for row in report["rows"]} == {"2025-05-31", "2025-06-30"}
    assert {row["kind"] for row in report["rows"]} == {"dated"}
    counts = await office.counts()
    assert counts["tasks"] == 46 + 57 + 3 * 23
    may_of_finance = await office.get(
        "/tasks", params={"agency": "G12", "due_before": "2025-06-01", "role": "lead"}
    )
    assert len(may_of_finance["items"]) == 8  # six of its own, two given to every ministry
    [task] = [item for item in (await office.get("/tasks", params={"q": "hoàn thành nhiệm vụ"}))["items"]
              if item["id"] == report["rows"][0]["task_id"]]  # fmt: skip
    assert task["citations"] == [{"document_code": "71/NQ-CP", "clause": "2025-05/1"}]
    assert (task["assigned_on"], task["lead_text"]) == ("2025-04-01", "Bộ Nội vụ")


async def test_the_64_tasks_of_notice_07(office: TasksService) -> None:
    report = await report_of(office, TB07, "07-TB/CQTTBCĐ", partial=True)
    assert outcome(report) == (56, 8, 0)
    refused = {
        row["ref"]: {problem["code"] for problem in row["problems"]}
        for row in report["rows"]
        if row["outcome"] == "refused"
    }
    no_one = {"agency_indefinite"}
    assert refused == {
        "III.1": no_one,  # các cơ quan, đơn vị, đặc biệt là người đứng đầu
        "IV.3": no_one,  # các cấp, các ngành ...
        "PL.2.b.1": no_one,  # các bộ, ngành được giao chủ trì
        "PL.2.b.2": no_one,
        "PL.2.b.3": no_one,
        "PL.4.a.1": {"agency_not_found"},  # các trường đại học lớn
        "PL.4.a.3": no_one,  # các bộ chuyên ngành (...)
        "PL.5.a.2-2": no_one,  # các bộ quản lý lĩnh vực
    }
    for row in report["rows"]:
        for problem in row["problems"]:
            assert problem["field"] == "lead_text"
            assert problem["detail"]
            assert problem["detail_en"]
    members = {ref: row["members"] for ref, row in rows_of(report).items() if row["members"]}
    assert members == {
        "III.2": 12, "III.9": 77, "PL.1.a.1": 77, "PL.1.a.2": 77, "PL.1.a.3": 77, "PL.1.b": 77, "PL.3.a": 77,
        "PL.3.b": 57, "PL.3.c.1-1": 23, "PL.3.c.1-2": 23, "PL.3.d.1": 34, "PL.3.d.2-1": 34, "PL.3.d.2-2": 34,
        "PL.4.a": 77, "PL.4.a.2": 3, "PL.5.b": 57,
    }  # fmt: skip
    assert (await office.counts())["tasks"] == 56 + sum(members.values())


# every refused row of the two annexes, and why a careful officer would not enter it either; the 102 others come in
REFUSED_ROWS = {
    "III.1": "“đặc biệt là người đứng đầu” of all bodies: an exhortation, nobody's task in particular",
    "IV.3": "“các cấp, các ngành …”: no list of them is meant that could be assigned",
    "PL.2.b.1": "“Các bộ, ngành được giao chủ trì”: who was given the lead stands in other documents",
    "PL.2.b.2": "as above",
    "PL.2.b.3": "as above",
    "PL.4.a.1": "universities are outside the catalogue of agencies and there is no other lead",
    "PL.4.a.3": "“Các bộ chuyên ngành (…, …, ...)”: the list is left open",
    "PL.5.a.2-2": "“các bộ quản lý lĩnh vực”: which they are depends on the field",
}


async def test_every_refusal_of_the_real_annexes_is_one_that_a_careful_officer_would_make(
    office: TasksService,
) -> None:
    first = await report_of(office, NQ71, dry_run=True)
    second = await report_of(office, TB07, "07-TB/CQTTBCĐ", dry_run=True)
    outcomes = {row["ref"]: row["outcome"] for report in (first, second) for row in report["rows"]}
    assert {ref for ref, what in outcomes.items() if what != "accepted"} == REFUSED_ROWS.keys()
    assert len(outcomes) == 46 + 64
    for report in (first, second):
        assert not report["skipped"]
        assert not report["sheets"][0]["ignored"]
        assert all(row["problems"][0]["detail"].endswith(".") for row in report["rows"] if row["problems"])


async def test_what_is_uncertain_beside_the_lead_is_a_warning_and_stays_as_text(office: TasksService) -> None:
    report = await report_of(office, TB07, "07-TB/CQTTBCĐ", partial=True)
    row = rows_of(report)["PL.5.a.1"]
    assert (row["outcome"], [warning["code"] for warning in row["warnings"]]) == (
        "accepted",
        ["group_kept_as_text"],
    )
    task = await office.get(f"/tasks/{row['task_id']}")
    assert task["coordinate_text"]
    assert [item["role"] for item in task["assignments"]] == ["lead"]


# --- dry run, again, partial


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize(
    ("content", "document"), [(NQ71, "71/NQ-CP"), (TB07, "07-TB/CQTTBCĐ")], ids=["nq71", "tb07"]
)
async def test_a_dry_run_reports_what_the_real_run_does_and_writes_nothing(
    office: TasksService, content: bytes, document: str, *, partial: bool
) -> None:
    before = await office.counts()
    dry = await report_of(office, content, document, dry_run=True, partial=partial)
    assert await office.counts() == before
    real = await report_of(office, content, document, partial=partial)
    assert (dry.pop("dry_run"), dry.pop("written")) == (True, False)
    assert (real.pop("dry_run"), real.pop("written")) == (False, partial or content == NQ71)
    assert dry == real


async def test_importing_twice_changes_nothing(office: TasksService) -> None:
    first = await report_of(office, NQ71)
    before = await office.counts()
    again = await report_of(office, NQ71)
    assert outcome(again) == (0, 0, 46)
    assert not again["written"]
    assert await office.counts() == before
    assert [row["task_id"] for row in again["rows"]] == [row["task_id"] for row in first["rows"]]


async def test_the_same_file_twice_at_once_is_imported_once(office: TasksService) -> None:
    answers = await asyncio.gather(*(send(office, NQ71) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) in ([200, 200], [200, 409])
    assert (await office.counts())["tasks"] == 46 + 57 + 3 * 23


async def test_one_bad_row_keeps_the_whole_file_out(office: TasksService) -> None:
    before = await office.counts()
    report = await report_of(office, table(GOOD, BAD))
    assert outcome(report) == (2, 1, 0)
    assert not report["written"]
    assert await office.counts() == before


async def test_with_partial_the_good_rows_come_in_and_the_bad_one_later(office: TasksService) -> None:
    report = await report_of(office, table(GOOD, BAD), partial=True)
    assert (outcome(report), report["written"]) == ((2, 1, 0), True)
    assert [row["row"] for row in report["rows"]] == [2, 3, 4]
    [problem] = rows_of(report)["3"]["problems"]
    assert (problem["field"], problem["code"]) == ("lead_text", "agency_not_found")
    mended = await report_of(office, table(GOOD, BAD.replace("Bộ Không Có Thật", "Bộ Công an")))
    assert (outcome(mended), mended["written"]) == ((1, 0, 2), True)


async def test_a_near_name_is_suggested_not_taken(office: TasksService) -> None:
    report = await report_of(office, table("1,Ban hành,Bộ Giáo dục,Tháng 6/2025,Đề án"))
    [problem] = report["rows"][0]["problems"]
    assert problem["code"] == "agency_not_found"
    assert [item["code"] for item in problem["suggestions"]] == ["G03"]
    assert "Bộ Giáo dục và Đào tạo (G03)" in problem["detail"]


# --- rows that say something else


async def test_a_row_that_changed_since_is_refused_with_the_remedy(office: TasksService) -> None:
    first = await report_of(office, table(GOOD))
    before = await office.counts()
    report = await report_of(office, table(GOOD.replace("Tháng 6/2025", "Tháng 9/2025")), partial=True)
    assert outcome(report) == (0, 1, 1)
    [problem] = rows_of(report)["1"]["problems"]
    assert (problem["field"], problem["code"]) == ("ref", "row_changed")
    assert first["rows"][0]["task_id"] in problem["detail"]
    assert "gia hạn" in problem["detail"]
    assert await office.counts() == before


async def test_a_reference_that_repeats_is_refused_the_second_time(office: TasksService) -> None:
    report = await report_of(
        office, table("1,Một,Bộ Nội vụ,Tháng 6/2025,A", "1,Hai,Bộ Công an,Tháng 6/2025,B"), partial=True
    )
    assert outcome(report) == (1, 1, 0)
    [problem] = report["rows"][1]["problems"]
    assert (problem["code"], "2" in problem["detail"]) == ("row_repeated", True)


async def test_the_same_reference_in_another_document_is_another_task(office: TasksService) -> None:
    await report_of(office, table(GOOD))
    assert outcome(await report_of(office, table(GOOD), "07-TB/CQTTBCĐ")) == (2, 0, 0)


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ("1,,Bộ Nội vụ,Tháng 6/2025,A", "title", "required"),
        ("1,Một,,Tháng 6/2025,A", "lead_text", "required"),
        (f"1,{'x' * 4001},Bộ Nội vụ,Tháng 6/2025,A", "title", "too_long"),
        (f"1,Một,Bộ Nội vụ,{'x' * 1001},A", "deadline_text", "too_long"),
        ("1,Một\u202e,Bộ Nội vụ,Tháng 6/2025,A", "title", "control_character"),
        ("1,Một\x1b[2J,Bộ Nội vụ,Tháng 6/2025,A", "title", "control_character"),
        ("1,Một,Bộ Nội vụ\x9b,Tháng 6/2025,A", "lead_text", "control_character"),
        ("1,Một,Bộ Nội vụ,Tháng 6/2025\x07,A", "deadline_text", "control_character"),
        ("1,Một,Bộ Nội vụ,Tháng 6/2025,A\u2066B", "deliverable", "control_character"),
        ("1\u202e,Một,Bộ Nội vụ,Tháng 6/2025,A", "ref", "control_character"),
        ('1,"=HYPERLINK(""http://x"")",Bộ Nội vụ,Tháng 6/2025,A', "title", "formula"),
    ],
)
async def test_a_row_that_cannot_be_is_refused_with_its_field(
    office: TasksService, row: str, field: str, code: str
) -> None:
    report = await report_of(office, table(row, GOOD.splitlines()[1]))
    assert outcome(report) == (1, 1, 0)
    assert (field, code) in [(each["field"], each["code"]) for each in report["rows"][0]["problems"]]


async def test_a_cell_of_several_lines_comes_in(office: TasksService) -> None:
    report = await report_of(office, table('1,"Một\nhai\tba",Bộ Nội vụ,"Tháng\n6/2025",A'))
    assert outcome(report) == (1, 0, 0)
    assert (await office.get(f"/tasks/{report['rows'][0]['task_id']}"))["title"] == "Một\nhai\tba"


async def test_a_deadline_without_a_date_comes_in_flagged(office: TasksService) -> None:
    report = await report_of(office, table("1,Một,Bộ Nội vụ,khẩn trương,A", "2,Hai,Bộ Nội vụ,thường xuyên,B"))
    found = [(row["kind"], row["due_on"], row["flags"]) for row in report["rows"]]
    assert found == [("dated", None, ["undated", "urgent"]), ("standing", None, [])]


async def test_who_helps_comes_in_and_no_one_twice(office: TasksService) -> None:
    heading = "STT,Nhiệm vụ,Cơ quan chủ trì,Cơ quan phối hợp,Thời hạn"
    rows = [
        '1,Một,"Bộ Nội vụ, Bộ Công an","Bộ Tài chính, Bộ Nội vụ",Tháng 6/2025',
        '2,Hai,"Các bộ, ngành",Bộ Tài chính,Tháng 6/2025',
    ]
    report = await report_of(office, "\n".join([heading, *rows]))
    one, two = [await office.get(f"/tasks/{row['task_id']}") for row in report["rows"]]
    assert [(item["agency_code"], item["role"]) for item in one["assignments"]] == [
        ("G09", "lead"), ("G01", "co_lead"), ("G12", "coordinate"),
    ]  # fmt: skip
    members = await office.members(two)
    finance = [item["role"] for item in members["G12"]["assignments"] if item["agency_code"] == "G12"]
    assert finance == ["lead"]
    assert assigned("G12", "coordinate") in members["G09"]["assignments"]


@pytest.mark.parametrize("cell", ["Các tổ chức chính trị - xã hội", "Phòng Văn hóa - Xã hội"])
async def test_a_name_like_that_of_a_commune_is_refused_where_no_communes_are(
    office: TasksService, cell: str
) -> None:
    report = await report_of(
        office, table(f"1,Một,{cell},Tháng 6/2025,A", GOOD.splitlines()[1]), partial=True
    )
    assert outcome(report) == (1, 1, 0)
    assert {problem["code"] for problem in report["rows"][0]["problems"]} <= {
        "agency_not_found", "agency_indefinite",
    }  # fmt: skip


async def test_a_row_that_breaks_the_reader_is_refused_and_the_others_come_in(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = annexes.find_agencies

    def break_once(text: str, *args: Any) -> Any:
        return 1 // 0 if text == "Bộ Công an" else find(text, *args)

    monkeypatch.setattr(annexes, "find_agencies", break_once)
    for _ in range(2):
        report = await report_of(office, table("3,Ba,Bộ Công an,Tháng 6/2025,A", GOOD), partial=True)
        assert report["refused"] == 1
        assert [problem["code"] for problem in report["rows"][0]["problems"]] == ["row_failed"]
    assert outcome(report) == (0, 1, 2)


async def test_a_row_whose_judging_breaks_is_refused_and_the_others_come_in(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = imports.check_assignments

    def break_once(assignments: Any, members: Any) -> None:
        if "G01" in {assignment.agency_code for assignment in assignments}:
            raise ZeroDivisionError
        check(assignments, members)

    monkeypatch.setattr(imports, "check_assignments", break_once)
    for _ in range(2):
        report = await report_of(office, table("3,Ba,Bộ Công an,Tháng 6/2025,A", GOOD), partial=True)
        [broken] = [row for row in report["rows"] if row["outcome"] == "refused"]
        assert [problem["code"] for problem in broken["problems"]] == ["row_failed"]
        assert (broken["row"], broken["order_no"], broken["task_id"]) == (2, "3", None)
    assert outcome(report) == (0, 1, 2)


# --- files and forms


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


async def test_a_workbook_is_read_and_its_formulas_refused(office: TasksService) -> None:
    content = workbook(
        tuple(HEADINGS.split(",")),
        (1, "Ban hành đề án", "Bộ Nội vụ", date(2025, 6, 30), "Đề án"),
        (2, '=CONCAT("Kết nối")', "Bộ Công an", "Tháng 6/2025", "Biên bản"),
    )
    report = await report_of(office, content, name="phụ lục.xlsx", partial=True)
    assert outcome(report) == (1, 1, 0)
    assert report["rows"][0]["due_on"] == "2025-06-30"
    assert {problem["code"] for problem in report["rows"][1]["problems"]} >= {"formula"}


async def test_columns_may_be_named_as_the_file_prints_them(office: TasksService) -> None:
    content = "Mã,Việc phải làm,Ai làm,Bao giờ xong\nA1,Ban hành đề án,Bộ Nội vụ,Tháng 6/2025"
    columns = {"ref": "Mã", "title": "Việc phải làm", "lead_text": "Ai làm", "deadline_text": "Bao giờ xong"}
    report = await report_of(office, content, columns=json.dumps(columns))
    assert (outcome(report), report["rows"][0]["ref"]) == ((1, 0, 0), "A1")


@pytest.mark.parametrize("columns", ["{", "[]", '"x"', "[" * 9000, '{"title": 5}', "null"])
async def test_a_columns_map_that_is_none_is_refused(office: TasksService, columns: str) -> None:
    response = await send(office, table(GOOD), columns=columns)
    assert (response.status_code, response.json()["code"]) == (422, "columns_invalid")


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (table(GOOD).encode("utf-16-le"), "a.csv", None),
        (b"\xff\xfe" + table(GOOD).encode("utf-16-le"), "a.csv", "ok"),
        (table(GOOD).encode("cp1258", "replace"), "a.csv", None),
        (b"a\0b,c", "a.csv", "nul_character"),
        (b"\xd0\xcf\x11\xe0", "a.xls", "file_format_old"),
        (b"%PDF-1.7", "a.pdf", "file_format_unknown"),
        (b"PK\x03\x04junk", "a.xlsx", None),
        (b"", "a.csv", None),
        (b"", "", None),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused(
    office: TasksService, content: bytes, name: str, code: str | None
) -> None:
    response = await send(office, content, name=name)
    if code == "ok":
        assert response.status_code == 200
        return
    assert response.status_code == 422, response.text
    assert code is None or response.json()["code"] == code


async def test_a_file_beyond_the_limit_is_refused_declared_or_not(office: TasksService) -> None:
    large = await send(office, b"x" * (MAX_BYTES + 2**20))
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    beyond_the_reader = await send(office, b"x" * (MAX_BYTES + 1))
    assert (beyond_the_reader.status_code, beyond_the_reader.json()["code"]) == (413, "file_too_large")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"programme": "NQ00", "document": "71/NQ-CP"}, "programme_unknown"),
        ({"programme": "NQ57", "document": "0/QD"}, "document_unknown"),
        ({"programme": "NQ57"}, "request_invalid"),
        ({"programme": "NQ\x0057", "document": "71/NQ-CP"}, "nul_character"),
        ({"programme": "x" * 65, "document": "71/NQ-CP"}, "request_invalid"),
        ({"programme": "NQ57", "document": "71/NQ-CP", "dry_run": "perhaps"}, "request_invalid"),
    ],
)
async def test_a_form_that_is_wrong_is_refused(office: TasksService, form: dict[str, str], code: str) -> None:
    response = await office.send(
        "POST", "/imports", data=form, files={"file": ("a.csv", table(GOOD).encode())}
    )
    assert (response.status_code, response.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("multipart/form-data; boundary=x", b"--y\r\nnonsense"),
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=x", b""),
    ],
)
async def test_a_body_that_is_no_form_is_refused(
    office: TasksService, content_type: str, content: bytes
) -> None:
    headers = {"Content-Type": content_type}
    response = await office.send("POST", "/imports", headers=headers, content=content)
    assert response.status_code in {400, 415, 422}
    assert response.json()["detail_en"]


async def test_a_document_of_tomorrow_gives_no_tasks_today(office: TasksService) -> None:
    body = {"code": "1/QD", "type": "Quyết định", "issued_on": "2025-11-21", "title": "Mai"}
    await office.post("/documents", body)
    response = await send(office, table(GOOD), "1/QD")
    assert (response.status_code, response.json()["code"]) == (422, "assigned_in_future")
    assert response.json()["field"] == "document"


async def test_a_file_sent_again_with_its_key_is_answered_alike(office: TasksService) -> None:
    form = {"programme": "NQ57", "document": "71/NQ-CP"}
    files = {"file": ("a.csv", table(GOOD).encode())}
    answers = [  # each has a boundary of its own
        await office.send("POST", "/imports", data=form, files=files, headers={"Idempotency-Key": "nhap-1"})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert answers[1].json()["accepted"] == 2


# --- large files


async def test_the_log_tells_a_group_before_its_members_however_the_writes_are_cut(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_TOGETHER", 3)
    report = await report_of(office, table(GOOD))
    parent = report["rows"][1]["task_id"]
    async with office.database.reading() as connection:
        told = (await connection.execute(CREATED)).all()
    assert len(told) == 2 + report["rows"][1]["members"]
    assert [row.task for row in told[:2]] == [row["task_id"] for row in report["rows"]]
    assert {row.parent for row in told[2:]} == {parent}


async def test_what_the_log_cannot_hold_leaves_nothing_behind(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await office.counts()
    monkeypatch.setattr(imports, "_TOGETHER", 1)
    monkeypatch.setattr(outbox, "MAX_EVENT_BYTES", 3_000)
    long = f"9,{'x' * 3000},Bộ Nội vụ,Tháng 6/2025,A"
    response = await send(office, table(GOOD, long), partial=True)
    assert (response.status_code, response.json()["code"]) == (422, "event_too_large")
    assert await office.counts() == before


async def test_a_file_that_makes_too_many_tasks_is_refused(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "MAX_TASKS", 20)
    response = await send(office, table(GOOD), dry_run=True)
    assert (response.status_code, response.json()["code"]) == (413, "too_many_tasks")


async def test_beyond_many_unknown_names_rows_are_refused_unread(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_UNKNOWN_NAMES", 2)
    names = ["Bộ Không Một", "Bộ Nội vụ", "Bộ Không Hai", "Bộ Không Hai", "Bộ Công an", "Bộ Nội vụ"]
    rows = [f"{n},Việc {n},{name},Tháng 6/2025,A" for n, name in enumerate(names, 1)]
    report = await report_of(office, table(*rows), partial=True)
    assert [[problem["code"] for problem in row["problems"]] for row in report["rows"]] == [
        ["agency_not_found"],
        [],
        ["agency_not_found"],
        ["agency_not_found"],
        ["too_many_unknown_names"],
        [],
    ]
    problem = report["rows"][4]["problems"][0]
    assert (problem["field"], "2" in problem["detail"]) == ("lead_text", True)


async def test_no_transaction_is_open_while_the_names_are_compared(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    async def watch(*args: Any, **options: Any) -> Any:
        async with office.database.reading() as connection:
            seen.append((await connection.execute(OPEN)).scalar_one())
        return await read_annex(*args, **options)

    monkeypatch.setattr(routes, "read_annex", watch)
    assert outcome(await report_of(office, table(GOOD))) == (2, 0, 0)
    assert seen == [0]


# --- imported again, and the report as a workbook


SHEET_HEAD = ("STT", "Nhiệm vụ", "Cơ quan chủ trì", "Thời hạn")


def tasks_of(report: Any) -> dict[str, str | None]:
    return {row["ref"]: row["task_id"] for row in report["rows"]}


async def test_one_more_row_brings_one_more_task_and_moved_rows_are_known(office: TasksService) -> None:
    section = ",II. Hoàn thiện thể chế,,,"
    first = await report_of(
        office, table("I,Nhận thức,,,", GOOD, section, "1,Sửa luật,Bộ Tư pháp,Tháng 6/2025,A")
    )
    assert tasks_of(first).keys() == {"I/1", "I/2", "II/1"}
    before = (await office.counts())["tasks"]
    longer = table(
        "I,Nhận thức,,,",
        GOOD,
        section,
        "1,Đào tạo cán bộ,Bộ Nội vụ,Tháng 9/2025,B",
        "2,Sửa luật,Bộ Tư pháp,Tháng 6/2025,A",
    )
    second = await report_of(office, longer)
    assert outcome(second) == (1, 0, 3)
    moved = rows_of(second)["II/2"]
    assert (moved["task_id"], moved["moved_from"], moved["order_no"]) == (
        tasks_of(first)["II/1"],
        "II/1",
        "2",
    )
    assert (await office.counts())["tasks"] == before + 1
    third = await report_of(office, longer)
    assert (outcome(third), third["written"], rows_of(third)["II/2"]["moved_from"]) == (
        (0, 0, 4),
        False,
        None,
    )


async def test_what_may_be_an_old_row_is_asked_and_answered(office: TasksService) -> None:
    first = await report_of(office, table("1,Xây dựng đề án chuyển đổi số giáo dục,Bộ Nội vụ,Tháng 6/2025,A"))
    old = first["rows"][0]["task_id"]
    before = await office.counts()
    changed = table("4,Xây dựng đề án chuyển đổi số giáo dục và đào tạo,Bộ Nội vụ,Tháng 6/2025,A")
    asked = await report_of(office, changed)
    [row] = asked["rows"]
    assert (asked["questions"], asked["written"], row["outcome"], row["outcome_vi"]) == (
        1,
        False,
        "question",
        "Cần xác nhận",
    )
    assert [(task["task_id"], task["ref"]) for task in row["candidates"]] == [(old, "1")]
    assert await office.counts() == before
    same = await report_of(office, changed, answers=json.dumps({"2": old}))
    assert (same["rows"][0]["outcome"], same["rows"][0]["task_id"], same["written"]) == (
        "unchanged",
        old,
        True,
    )
    assert outcome(await report_of(office, changed)) == (0, 0, 1)
    wrong = await send(office, changed, answers=json.dumps({"9": "mới"}))
    assert (wrong.status_code, wrong.json()["code"]) == (422, "answer_row_unknown")
    nonsense = await report_of(office, changed, answers=json.dumps({"2": "chắc thế"}))
    assert [problem["code"] for problem in nonsense["rows"][0]["problems"]] == ["answer_invalid"]
    third = changed.replace("và đào tạo", "phổ thông").replace("4,", "7,")
    new = await report_of(office, third, answers=json.dumps({"2": "mới"}))
    assert outcome(new) == (1, 0, 0)
    assert [task["task_id"] for task in new["missing"]] == [old]


async def test_two_annexes_of_one_document_live_side_by_side(office: TasksService) -> None:
    await report_of(office, table("1,Ban hành đề án,Bộ Nội vụ,Tháng 6/2025,A"), annex="Phụ lục I")
    second = await report_of(
        office, table("1,Kết nối dữ liệu dân cư,Bộ Công an,Tháng 6/2025,A"), annex="Phụ lục II"
    )
    assert (outcome(second), second["missing"], second["rows"][0]["annex"]) == ((1, 0, 0), [], "Phụ lục II")
    again = await report_of(office, table("1,Ban hành đề án,Bộ Nội vụ,Tháng 6/2025,A"), annex="PHỤ LỤC SỐ 1")
    assert outcome(again) == (0, 0, 1)


async def test_a_renamed_annex_asks_for_every_row_or_is_told_its_old_name(office: TasksService) -> None:
    rows = table(GOOD)
    first = await report_of(office, rows, annex="Phụ lục I")
    before = await office.counts()
    asked = await report_of(office, rows, annex="Phụ lục III")
    assert (asked["questions"], asked["written"]) == (2, False)
    assert "(annex_was): Phụ lục I." in asked["rows"][0]["problems"][0]["detail"]
    named = {"annex": "Phụ lục III", "annex_was": "PL 1"}
    dry = await report_of(office, rows, dry_run=True, **named)
    told = await report_of(office, rows, **named)
    assert (outcome(told), told["written"], told["missing"], dry["rows"]) == (
        (0, 0, 2),
        True,
        [],
        told["rows"],
    )
    assert tasks_of(told) == tasks_of(first)
    assert [row["moved_from"] for row in told["rows"]] == ["Phụ lục I, 1", "Phụ lục I, 2"]
    assert outcome(await report_of(office, rows, annex="Phụ lục III")) == (0, 0, 2)
    after = await office.counts()
    assert after["tasks"] == before["tasks"]
    again = await send(office, rows, **named)
    assert (again.status_code, again.json()["code"], again.json()["field"]) == (
        422,
        "annex_was_unknown",
        "annex_was",
    )
    assert "“Phụ lục III”" in again.json()["detail"]


async def test_annexes_that_all_moved_on_are_imported_from_the_last(office: TasksService) -> None:
    one, two = table("1,Ban hành đề án,Bộ Nội vụ,Tháng 6/2025,A"), table("1,Kết nối dữ liệu,Bộ Công an,sớm,B")
    first = [
        await report_of(office, rows, annex=name) for rows, name in ((one, "Phụ lục I"), (two, "Phụ lục II"))
    ]
    later = [
        await report_of(office, rows, annex=name, annex_was=was)
        for rows, name, was in ((two, "Phụ lục III", "Phụ lục II"), (one, "Phụ lục II", "Phụ lục I"))
    ]
    assert [outcome(report) for report in later] == [(0, 0, 1), (0, 0, 1)]
    assert [tasks_of(report) for report in later] == [tasks_of(report) for report in reversed(first)]
    fresh = await report_of(office, table("1,Đào tạo cán bộ,Bộ Nội vụ,sớm,C"), annex="Phụ lục I")
    assert outcome(fresh) == (1, 0, 0)


async def test_a_renamed_annex_in_a_book_of_several_is_named_with_its_sheet(office: TasksService) -> None:
    one = [SHEET_HEAD, (1, "Ban hành đề án", "Bộ Nội vụ", "Tháng 6/2025")]
    two = [SHEET_HEAD, (1, "Kết nối dữ liệu", "Bộ Công an", "Tháng 6/2025")]
    await report_of(office, book_of(**{"PL I": one, "PL II": two}), name="a.xlsx")
    book = book_of(**{"PL I": one, "PL IV": two})
    both = await send(office, book, name="a.xlsx", annex_was="PL II")
    assert (both.json()["code"], both.json()["field"]) == ("annex_needs_sheet", "annex_was")
    told = await report_of(office, book, name="a.xlsx", sheet="PL IV", annex_was="PL II")
    assert outcome(told) == (0, 0, 1)
    assert outcome(await report_of(office, book, name="a.xlsx")) == (0, 0, 2)


def book_of(**sheets: list[tuple[object, ...]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


async def test_each_sheet_is_an_annex_in_whatever_order_they_stand(office: TasksService) -> None:
    one = [("PHỤ LỤC I",), SHEET_HEAD, (1, "Ban hành đề án", "Bộ Nội vụ", "Tháng 6/2025")]
    two = [SHEET_HEAD, (1, "Kết nối dữ liệu", "Bộ Công an", "Tháng 6/2025")]
    signed = [("Nơi nhận:", None, None, "TM. CHÍNH PHỦ"), ("- Lưu: VT", None, None, "Nguyễn Văn A")]
    first = await report_of(office, book_of(Bìa=[("x",)], A=one, B=[*two, *signed]), name="a.xlsx")
    assert outcome(first) == (2, 0, 0)
    assert [(row["sheet"], row["annex"]) for row in first["rows"]] == [("A", "Phụ lục I"), ("B", "B")]
    assert [(row["sheet"], row["reason"], row["detail"]) for row in first["skipped"]] == [
        ("B", "signature", "Phần ký, nơi nhận."), ("B", "signature", "Phần ký, nơi nhận."),
    ]  # fmt: skip
    assert {sheet["name"]: sheet["outcome"] for sheet in first["sheets"]} == {
        "Bìa": "headings_missing", "A": "read", "B": "read",
    }  # fmt: skip
    assert outcome(await report_of(office, book_of(B=two, A=one), name="a.xlsx")) == (0, 0, 2)
    assert outcome(await report_of(office, book_of(B=two, A=one), name="a.xlsx", sheet="B")) == (0, 0, 1)
    named = await send(office, book_of(B=two, A=one), name="a.xlsx", annex="Phụ lục I")
    assert (named.status_code, named.json()["code"]) == (422, "annex_needs_sheet")


async def test_the_report_is_had_as_a_workbook_corrected_and_imported_again(office: TasksService) -> None:
    rows = [
        SHEET_HEAD,
        (1, "=1+1", "Bộ Nội vụ", "Tháng 6/2025"),
        (2, "Kết nối dữ liệu", "Bộ Công an", "khẩn trương"),
    ]
    form = {"programme": "NQ57", "document": "71/NQ-CP", "partial": "true"}
    answer = await office.send(
        "POST", "/imports", data=form, files={"file": ("phụ lục.xlsx", book_of(PL=rows))},
        headers={"Accept": XLSX, "Idempotency-Key": "bao-cao-1"},
    )  # fmt: skip
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
    assert "b%C3%A1o%20c%C3%A1o.xlsx" in answer.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    found = [[cell.value for cell in row][4:7] for row in book["PL"].iter_rows()]
    assert found[0] == ["Kết quả nhập", "Lý do", "Gợi ý"]
    assert [row[0] for row in found[1:]] == ["Từ chối", "Nhận"]
    assert "Nhiệm vụ: Ô chứa công thức" in str(found[1][1])
    assert "khẩn trương, sớm" in str(found[2][1])
    book["PL"]["B2"] = "Ban hành đề án"
    corrected = io.BytesIO()
    book.save(corrected)
    again = await report_of(office, corrected.getvalue(), name="phụ lục - báo cáo.xlsx")
    assert (outcome(again), again["sheets"][0]["ignored"]) == ((1, 0, 1), [])


async def test_where_the_file_cannot_be_written_again_the_report_comes_as_it_is(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> bytes:
        raise OSError("no space left")

    monkeypatch.setattr(uploads, "report_workbook", fail)
    form = {"programme": "NQ57", "document": "71/NQ-CP"}
    files = {"file": ("a.csv", table(GOOD).encode())}
    answer = await office.send("POST", "/imports", data=form, files=files, headers={"Accept": XLSX})
    assert (answer.status_code, answer.json()["accepted"], answer.json()["written"]) == (200, 2, True)


async def test_a_question_is_answered_in_the_workbook_itself(office: TasksService) -> None:
    content = table("1,Xây dựng đề án chuyển đổi số giáo dục,Bộ Nội vụ,Tháng 6/2025,A")
    old = (await report_of(office, content))["rows"][0]["task_id"]
    form = {"programme": "NQ57", "document": "71/NQ-CP"}
    files = {"file": ("a.csv", content.replace("1,", "5,").replace("giáo dục", "ngành giáo dục").encode())}
    answer = await office.send("POST", "/imports", data=form, files=files, headers={"Accept": XLSX})
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]][-1] == "Xác nhận"
    assert old in str(sheet.cell(2, 8).value)
    sheet.cell(2, 9).value = old
    answered = io.BytesIO()
    book.save(answered)
    report = await report_of(office, answered.getvalue(), name="a.xlsx")
    assert (report["rows"][0]["outcome"], report["rows"][0]["task_id"]) == ("unchanged", old)


async def test_two_versions_of_a_file_at_once_bring_each_task_once(office: TasksService) -> None:
    one = table("1,Ban hành đề án,Bộ Nội vụ,Tháng 6/2025,A")
    two = table(
        "1,Đào tạo cán bộ cấp xã,Bộ Nội vụ,Tháng 6/2025,A", "2,Ban hành đề án,Bộ Nội vụ,Tháng 6/2025,A"
    )
    answers = await asyncio.gather(send(office, one, partial=True), send(office, two, partial=True))
    assert [answer.status_code for answer in answers] == [200, 200]
    titles = [item["title"] for item in (await office.get("/tasks"))["items"]]
    assert sorted(titles).count("Ban hành đề án") == 1
