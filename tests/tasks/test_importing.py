"""Annexes as offices print them become tasks: every row accepted, unchanged or refused with its reason."""

import asyncio
from typing import Any

import pytest

from services.tasks.use_cases import row_reports
from shared.naming import cells
from tests.support.tasks import TasksService, assigned
from tests.tasks.importing import (
    BAD,
    GOOD,
    NQ71,
    TB07,
    outcome,
    report_of,
    rows_of,
    send,
    table,
)

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
    assert [answer.status_code for answer in answers] == [200, 200]
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
    find = cells.find_agencies

    def break_once(text: str, *args: Any) -> Any:
        return 1 // 0 if text == "Bộ Công an" else find(text, *args)

    monkeypatch.setattr(cells, "find_agencies", break_once)
    for _ in range(2):
        report = await report_of(office, table("3,Ba,Bộ Công an,Tháng 6/2025,A", GOOD), partial=True)
        assert report["refused"] == 1
        assert [problem["code"] for problem in report["rows"][0]["problems"]] == ["row_failed"]
    assert outcome(report) == (0, 1, 2)


async def test_a_row_whose_judging_breaks_is_refused_and_the_others_come_in(
    office: TasksService, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = row_reports.check_assignments

    def break_once(assignments: Any, members: Any) -> None:
        if "G01" in {assignment.agency_code for assignment in assignments}:
            raise ZeroDivisionError
        check(assignments, members)

    monkeypatch.setattr(row_reports, "check_assignments", break_once)
    for _ in range(2):
        report = await report_of(office, table("3,Ba,Bộ Công an,Tháng 6/2025,A", GOOD), partial=True)
        [broken] = [row for row in report["rows"] if row["outcome"] == "refused"]
        assert [problem["code"] for problem in broken["problems"]] == ["row_failed"]
        assert (broken["row"], broken["order_no"], broken["task_id"]) == (2, "3", None)
    assert outcome(report) == (0, 1, 2)
