"""Files and forms of an import: what is taken, what is refused, and large ones."""

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from services.tasks.api import imports as routes
from services.tasks.use_cases import new_tasks, row_reports
from services.tasks.use_cases.annexes import read_annex
from shared.naming import lookup, refusals
from shared.runtime import staging
from shared.spreadsheets import MAX_BYTES
from tests.support.tasks import TasksService
from tests.tasks.importing import GOOD, HEADINGS, outcome, report_of, send, table, workbook

CREATED = text(
    "SELECT subject AS task, data->'task'->>'parent_id' AS parent FROM outbox WHERE type LIKE '%.task.created.%' ORDER BY id"
)
OPEN = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
)


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
    monkeypatch.setattr(staging, "BATCH", 3)
    report = await report_of(office, table(GOOD))
    parent = report["rows"][1]["task_id"]
    async with office.database.reading() as connection:
        created = (await connection.execute(CREATED)).all()
    assert len(created) == 2 + report["rows"][1]["members"]
    assert [row.task for row in created[:2]] == [row["task_id"] for row in report["rows"]]
    assert {row.parent for row in created[2:]} == {parent}


async def test_what_the_log_cannot_hold_leaves_nothing_behind(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await office.counts()
    monkeypatch.setattr(new_tasks, "MAX_EVENT_BYTES", 3_000)
    monkeypatch.setattr(new_tasks, "FEW_ASSIGNMENTS", 0)
    long = f"9,{'x' * 3000},Bộ Nội vụ,Tháng 6/2025,A"
    response = await send(office, table(GOOD, long), partial=True)
    assert (response.status_code, response.json()["code"]) == (422, "event_too_large")
    assert await office.counts() == before


async def test_a_file_that_makes_too_many_tasks_is_refused(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_reports, "MAX_TASKS", 20)
    response = await send(office, table(GOOD), dry_run=True)
    assert (response.status_code, response.json()["code"]) == (413, "too_many_tasks")


async def test_beyond_many_unknown_names_only_those_known_exactly_are_found(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (lookup, refusals):
        monkeypatch.setattr(module, "MAX_COMPARED", 2)
    names = [
        "Bộ Không Một",
        "Bộ Nội vụ",
        "Bộ Không Hai",
        "Bộ Không Hai",
        "Bộ Không Ba",
        "Bộ Nội vụ",
        "Bộ Công an",
    ]
    rows = [f"{n},Việc {n},{name},Tháng 6/2025,A" for n, name in enumerate(names, 1)]
    report = await report_of(office, table(*rows), partial=True)
    assert [[problem["code"] for problem in row["problems"]] for row in report["rows"]] == [
        ["agency_not_found"],
        [],
        ["agency_not_found"],
        ["agency_not_found"],
        ["too_many_unknown_names"],
        [],
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
