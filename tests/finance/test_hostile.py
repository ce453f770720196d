"""Requests of a hostile caller: forged cursors, sums beyond a bigint, files that say one thing and hide another."""

import io
from typing import Any

import openpyxl
import pytest

from shared.http.pagination import encode_cursor
from tests.finance.test_imports import HEADINGS, ROWS, csv, problems, send
from tests.finance.world import TI, FinanceService, line_body

LARGEST = 10**15  # đồng of one line


@pytest.mark.parametrize("number", [-(2**40), 2**31 - 1, 2**40, 2**63 - 1])
async def test_a_forged_cursor_is_no_failure(service: FinanceService, number: int) -> None:
    posted = await service.decide("approve", line_body(1))
    key = ("registered", 2025, "central", "G12", "capital", "digital_transformation")
    for path, cursor in (
        (f"/decisions/{posted['id']}", encode_cursor(number)),
        ("/claims", encode_cursor(*key, number)),
        ("/claims", encode_cursor(key[0], number, *key[2:], 1)),
    ):
        response = await service.send("GET", path, params={"cursor": cursor})
        assert response.status_code in {200, 422}, (path, response.text)


async def test_a_day_on_which_more_was_moved_than_a_bigint_holds_is_told_exactly(
    service: FinanceService,
) -> None:
    """Each decision alone fits, and was reversed; on the day before the reversals all of them stand."""
    service.clock.advance(days=1)
    for _ in range(2):
        posted = await service.decide("approve", *[line_body(LARGEST)] * 5_000)
        undo = {"reason": "Nhập nhầm đơn vị", "effective_on": "2025-05-21"}
        await service.post(f"/decisions/{posted['id']}/reversal", undo)
    for as_of, approved in (("2025-05-20", 10_000 * LARGEST), ("2025-05-21", 0)):
        answer = await service.get("/balances", params={"as_of": as_of, "group_by": "agency"})
        assert [answer["total"]["approved"], answer["items"][0]["approved"]] == [approved, approved]


async def test_a_cell_hides_no_characters_and_no_year_of_old(service: FinanceService) -> None:
    await service.fund(9 * TI, 9 * TI)
    report = await send(
        service,
        csv(
            "1;G12;Trung ương;ĐTPT;CĐS;1,5;20/05/2025;PC\u202e01",
            "2;G12;Trung ương;ĐTPT;CĐS;1,5;20/05/2025;PC\x0702",
            "3;G12;Trung ương;ĐTPT;CĐS;1,5;20/05/0001;PC03",
        ),
    )
    assert problems(report) == [["control_character"], ["control_character"], ["day_out_of_range"]]


def workbook(*above: str, heading: str = "Số tiền") -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for words in above:
        sheet.append([words])
    sheet.append([heading if word == "Số tiền" else word for word in HEADINGS.split(";")])
    sheet.append([1, "G12", "Trung ương", "ĐTPT", "CĐS", 5, "20/05/2025", "PC01"])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


async def test_a_workbook_too_prints_its_unit_above_the_table(service: FinanceService) -> None:
    await service.fund(9 * TI, 9 * TI)
    printed = workbook("BÁO CÁO", "Đơn vị tính: triệu đồng")
    report = await send(service, printed, name="a.xlsx", dry_run=True)
    assert (report["unit"], report["amount"]) == ("million", 5_000_000)
    refusal = await send(service, printed, name="a.xlsx", unit="dong", status=422)
    assert refusal["code"] == "unit_contradicted"
    assert "triệu đồng" in refusal["detail"]
    both = workbook("Đơn vị tính: triệu đồng", heading="Số tiền (tỉ đồng)")
    assert (await send(service, both, name="a.xlsx", status=422))["code"] == "unit_contradicted"


async def test_the_unit_of_a_file_in_utf_16_is_read_like_any_other(service: FinanceService) -> None:
    report = await send(service, csv(*ROWS).decode().encode("utf-16"), dry_run=True)
    assert report["unit"] == "million"


async def test_a_difference_of_nothing_has_no_sign(service: FinanceService) -> None:
    checked = await service.post(
        "/statements/check", {"measure": "amount", "total": "-0", "parts": ["0"]}, status=200
    )
    assert checked["difference"] == "0"


@pytest.mark.parametrize("unit", ["Đơn vị tính: nghìn đồng", "Đơn vị: 1.000 đồng", "ĐVT nghìn tỉ"])
async def test_thousands_are_not_taken_for_single_ones(service: FinanceService, unit: str) -> None:
    headings = HEADINGS.replace("Số tiền", "Số tiền (ngàn đồng)") if unit.startswith("ĐVT") else HEADINGS
    refusal = await send(service, csv(*ROWS, unit=unit, headings=headings), status=422)
    assert refusal["code"] == "unit_unknown"


async def test_a_place_called_dong_is_no_unit(service: FinanceService) -> None:
    named = csv(*ROWS, unit="Đơn vị báo cáo: Kho bạc Nhà nước Đồng Nai")
    assert (await send(service, named, status=422))["code"] == "unit_required"
