"""Annexes imported again, and the report as a workbook."""

import asyncio
import io
import json
from typing import Any

import openpyxl
import pytest

from shared.http import uploads
from shared.http.negotiation import XLSX
from tests.support.tasks import TasksService
from tests.tasks.importing import (
    GOOD,
    SHEET_HEAD,
    book_of,
    outcome,
    report_of,
    rows_of,
    send,
    table,
    tasks_of,
)


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


async def test_a_row_that_says_what_another_says_is_told(office: TasksService) -> None:
    cells = "Sửa luật,Bộ Tư pháp,Tháng 6/2025,A"
    twice = table(f"1,{cells}", "2,Đào tạo cán bộ,Bộ Nội vụ,Tháng 9/2025,B", f"3,{cells}")
    rows = rows_of(await report_of(office, twice))
    warned = {ref: [each["code"] for each in row["warnings"]] for ref, row in rows.items()}
    assert warned == {"1": [], "2": [], "3": ["words_repeated"]}
    assert "dòng 2" in rows["3"]["warnings"][0]["detail"]


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
    report = await report_of(office, rows, **named)
    assert (outcome(report), report["written"], report["missing"], dry["rows"]) == (
        (0, 0, 2),
        True,
        [],
        report["rows"],
    )
    assert tasks_of(report) == tasks_of(first)
    assert [row["moved_from"] for row in report["rows"]] == ["Phụ lục I, 1", "Phụ lục I, 2"]
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
    report = await report_of(office, book, name="a.xlsx", sheet="PL IV", annex_was="PL II")
    assert outcome(report) == (0, 0, 1)
    assert outcome(await report_of(office, book, name="a.xlsx")) == (0, 0, 2)


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
