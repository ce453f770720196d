"""Treasury files: what is read, what is refused, and that nothing counts twice."""

import io
from typing import Any

import openpyxl
import pytest

from services.finance.use_cases import treasury
from tests.finance.treasury import HEADINGS, ROWS, csv, disbursed, outcomes, problems, send
from tests.finance.world import TI, FinanceService


async def test_a_file_becomes_one_decision_a_day_and_twice_is_once(funded: FinanceService) -> None:
    report = await send(funded, csv(*ROWS))
    assert outcomes(report) == ["accepted", "accepted"], report
    assert report["unit"] == "million"
    assert [row["amount"] for row in report["rows"]] == [1_234_567_890_000, 765_432_110_000]
    assert report["amount"] == 2_000 * TI
    assert len(report["decisions"]) == 2
    assert await disbursed(funded) == 2_000 * TI
    by_day = [
        (await funded.get("/balances", params={"as_of": day}))["total"]["disbursed"]
        for day in ("2025-05-18", "2025-05-19", "2025-05-20")
    ]
    assert by_day == [0, 1_234_567_890_000, 2_000 * TI]
    before = await funded.counts()
    again = await send(funded, csv(*reversed(ROWS)))
    assert outcomes(again) == ["unchanged", "unchanged"]
    assert again["written"] is False
    assert [row["decision_id"] for row in again["rows"]] == [
        row["decision_id"] for row in reversed(report["rows"])
    ]
    assert await funded.counts() == before


async def test_a_dry_run_reports_what_the_real_run_does_and_writes_nothing(funded: FinanceService) -> None:
    before = await funded.counts()
    rows = (*ROWS, "3;G06;Trung ương;ĐTPT;CĐS;1;19/05/2025;PC03")
    dry = await send(funded, csv(*rows), dry_run="true", partial="true")
    assert await funded.counts() == before
    real = await send(funded, csv(*rows), partial="true")
    assert outcomes(dry) == outcomes(real) == ["accepted", "accepted", "refused"]
    assert problems(dry) == problems(real)
    assert dry["written"] is False
    assert real["written"] is True
    assert [row["decision_id"] for row in dry["rows"]] == [None] * 3


async def test_a_refused_row_keeps_the_file_out_unless_partial(funded: FinanceService) -> None:
    before = await funded.counts()
    report = await send(funded, csv(ROWS[0], "2;Bộ Tài chánh;NSTW;ĐTPT;CĐS;1;19/05/2025;PC02"))
    assert problems(report) == [[], ["agency_not_found"]]
    [suggestion] = report["rows"][1]["problems"][0]["suggestions"]
    assert (suggestion["code"], suggestion["name"]) == ("G12", "Bộ Tài chính")
    assert 85 < suggestion["score"] < 100
    assert "G12" in report["rows"][1]["problems"][0]["detail"]
    assert report["written"] is False
    assert await funded.counts() == before


async def test_a_row_that_breaks_the_reader_is_refused_and_the_others_come_in(
    funded: FinanceService, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_row = treasury.read_row

    def break_once(number: int, *args: Any) -> Any:
        return 1 // 0 if number == 4 else read_row(number, *args)

    monkeypatch.setattr(treasury, "read_row", break_once)
    report = await send(funded, csv(*ROWS), partial="true")
    assert sorted(outcomes(report)) == ["accepted", "refused"]
    assert ["row_failed"] in problems(report)


async def test_rows_that_say_nothing_are_reported(funded: FinanceService) -> None:
    numbers = ";".join(f"({n})" for n in range(1, 9))
    report = await send(funded, csv(numbers, ROWS[0], HEADINGS, ROWS[1]))
    assert outcomes(report) == ["accepted", "accepted"]
    assert [(row["number"], row["reason"]) for row in report["skipped"]] == [
        (4, "column_numbers"),
        (6, "heading"),
    ]
    assert report["skipped"][1]["text"] == "Cơ quan"


async def test_totals_are_recognised_and_not_counted(funded: FinanceService) -> None:
    report = await send(
        funded,
        csv(
            "A;Khối trung ương;;;;60;;",
            "I;Các bộ;;;;60;;",
            "1;G12;Trung ương;ĐTPT;CĐS;10;19/05/2025;PC01",
            "2;G12;Trung ương;ĐTPT;CĐS;20;19/05/2025;PC02",
            ";Cộng;;;;30;;",
            "3;G12;Trung ương;ĐTPT;CĐS;30;20/05/2025;PC03",
            "II;Các cơ quan khác;;;;;;",
            ";Tổng cộng;;;;60;;",
        ),
    )
    assert outcomes(report) == [
        "total",
        "total",
        "accepted",
        "accepted",
        "total",
        "accepted",
        "total",
        "total",
    ]
    assert report["total"] == 5
    assert await disbursed(funded) == 60 * 10**6


@pytest.mark.parametrize(
    "total",
    [";Tổng cộng;;;;31;;", ";Cộng;;;;29;;", "I;Các bộ;;;;33;;"],
)
async def test_a_total_that_does_not_add_up_is_refused(funded: FinanceService, total: str) -> None:
    rows = ["1;G12;TW;ĐTPT;CĐS;10,00;19/05/2025;PC01", "2;G12;TW;ĐTPT;CĐS;20,00;19/05/2025;PC02"]
    placed = [total, *rows] if total.startswith("I") else [*rows, total]
    near = [row.replace("31", "31,01").replace("29", "28,9").replace("33", "33,01") for row in placed]
    report = await send(funded, csv(*near))
    assert ["total_mismatch"] in problems(report)
    assert report["written"] is False
    rounded = [
        row.replace(";31;", ";30,03;").replace(";29;", ";29,97;").replace(";33;", ";30,01;") for row in placed
    ]
    assert (await send(funded, csv(*rounded)))["written"] is True


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("1;G99;TW;ĐTPT;CĐS;1;19/05/2025;PC01", "agency_not_found"),
        ("1;G12;Huyện;ĐTPT;CĐS;1;19/05/2025;PC01", "word_unknown"),
        ("1;G12;TW;Khác;CĐS;1;19/05/2025;PC01", "word_unknown"),
        ("1;G12;TW;ĐTPT;Giao thông;1;19/05/2025;PC01", "word_unknown"),
        ("1;G12;TW;ĐTPT;CĐS;1;2025-05-19;PC01", "day_invalid"),
        ("1;G12;TW;ĐTPT;CĐS;1;31/02/2025;PC01", "day_invalid"),
        ("1;G12;TW;ĐTPT;CĐS;1;21/05/2025;PC01", "day_in_future"),
        ("1;G12;TW;ĐTPT;CĐS;0,0000001;19/05/2025;PC01", "amount_fractional"),
        ("1;G12;TW;ĐTPT;CĐS;-5;19/05/2025;PC01", "amount_not_positive"),
        ("1;G12;TW;ĐTPT;CĐS;(5);19/05/2025;PC01", "amount_not_positive"),
        ("1;G12;TW;ĐTPT;CĐS;0;19/05/2025;PC01", "amount_not_positive"),
        ("1;G12;TW;ĐTPT;CĐS;1,234,567.89;19/05/2025;PC01", "amount_invalid"),
        ("1;G12;TW;ĐTPT;CĐS;1182.4;19/05/2025;PC01", "amount_invalid"),
        ("1;G12;TW;ĐTPT;CĐS;1.000.000.001;19/05/2025;PC01", "amount_too_large"),
        ("1;G12;TW;ĐTPT;CĐS;1;19/05/2025;" + "x" * 65, "too_long"),
        ("1;;TW;ĐTPT;CĐS;1;19/05/2025;PC01", "required"),
    ],
)
async def test_a_row_that_is_wrong_says_why(funded: FinanceService, row: str, code: str) -> None:
    before = await funded.counts()
    report = await send(funded, csv(row))
    assert problems(report) == [[code]]
    assert report["rows"][0]["row"] == 4
    assert report["rows"][0]["problems"][0]["detail"]
    assert await funded.counts() == before


@pytest.mark.parametrize(
    ("unit", "given", "code"),
    [
        ("", None, "unit_required"),
        ("Đơn vị: triệu đồng", "billion", "unit_contradicted"),
    ],
)
async def test_the_unit_is_told_once(funded: FinanceService, unit: str, given: str | None, code: str) -> None:
    form = {} if given is None else {"unit": given}
    assert (await send(funded, csv(*ROWS, unit=unit), status=422, **form))["code"] == code


@pytest.mark.parametrize(
    ("unit", "form", "scale"),
    [
        ("Đơn vị tính: đồng", {}, 1),
        ("Đơn vị: tỉ đồng", {}, 10**9),
        ("Đơn vị: tỷ đồng", {"unit": "billion"}, 10**9),
        ("", {"unit": "million"}, 10**6),
    ],
)
async def test_amounts_are_scaled(
    funded: FinanceService, unit: str, form: dict[str, str], scale: int
) -> None:
    report = await send(funded, csv("1;G12;TW;ĐTPT;CĐS;1.000;19/05/2025;PC01", unit=unit), **form)
    assert report["amount"] == 1_000 * scale


def workbook(*rows: tuple[Any, ...], heading: str = "Số tiền (triệu đồng)") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Cơ quan", "Cấp", "Tính chất", "Lĩnh vực", heading, "Ngày", "Số chứng từ"])
    for row in rows:
        sheet.append(list(row))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


async def test_a_workbook_s_numbers_are_read_and_not_guessed(funded: FinanceService) -> None:
    common = ("Trung ương", "ĐTPT", "CĐS")
    report = await send(
        funded,
        workbook(
            ("G12", *common, 1182.4, "19/05/2025", "PC01"),
            ("G12", *common, "1.182,4", "19/05/2025", "PC02"),
            ("G12", *common, 9.469, "19/05/2025", "PC03"),
            ("Tổng cộng", "", "", "", 2364.8, "", ""),
        ),
        name="a.xlsx",
        partial="true",
    )
    assert problems(report) == [[], [], ["amount_ambiguous"], []]
    assert [row["amount"] for row in report["rows"][:2]] == [1_182_400_000, 1_182_400_000]


async def test_who_may_not_import_is_refused_before_the_file_is_read(funded: FinanceService) -> None:
    files = {"file": ("a.csv", b"\xff")}
    response = await funded.send("POST", "/imports", role="reader", data={"year": 2025}, files=files)
    assert response.status_code == 403
    files = {"file": ("a.csv", csv(*ROWS))}
    response = await funded.send("POST", "/imports", agency="G12", data={"year": 2025}, files=files)
    assert response.status_code == 403
    assert response.json()["code"] == "other_tenant"
    assert (await send(funded, csv(*ROWS), status=422, year="1999"))["code"] == "request_invalid"
