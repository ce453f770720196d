"""Treasury files: what is read, what is refused, and that nothing counts twice."""

import io
from datetime import date
from typing import Any

import openpyxl
import pytest

from services.finance.use_cases.imports import files
from services.finance.use_cases.imports.files import read_file
from services.finance.use_cases.imports.posting import JudgedFile, import_file, judge_file
from shared.imports.overtaken import Overtaken
from shared.spreadsheets import Upload
from tests.finance.treasury import HEADINGS, ROWS, csv, disbursed, outcomes, problems, send
from tests.finance.world import ACTOR, DAY, TI, FinanceService, line_body
from tests.support.imports import Notes


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
    read_row = files.read_row

    def break_once(number: int, *args: Any) -> Any:
        return 1 // 0 if number == 4 else read_row(number, *args)

    monkeypatch.setattr(files, "read_row", break_once)
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
        ("1;G12;TW;ĐTPT;CĐS;1;05/19/2025;PC01", "day_invalid"),
        ("1;G12;TW;ĐTPT;CĐS;1;31/02/2025;PC01", "day_invalid"),
        ("1;G12;TW;ĐTPT;CĐS;1;21/05/2025;PC01", "day_in_future"),
        ("1;G12;TW;ĐTPT;CĐS;0,0000001;19/05/2025;PC01", "amount_fractional"),
        ("1;G12;TW;ĐTPT;CĐS;-5;19/05/2025;PC01", "amount_not_positive"),
        ("1;G12;TW;ĐTPT;CĐS;(5);19/05/2025;PC01", "amount_not_positive"),
        ("1;G12;TW;ĐTPT;CĐS;0;19/05/2025;PC01", "amount_not_positive"),
        ("1;G12;TW;ĐTPT;CĐS;1,234.567,89;19/05/2025;PC01", "amount_invalid"),
        ("1;G12;TW;ĐTPT;CĐS;1182.4.5;19/05/2025;PC01", "amount_invalid"),
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
    report = await send(funded, csv("1;G12;TW;ĐTPT;CĐS;1000;19/05/2025;PC01", unit=unit), **form)
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
            ("Tổng cộng", "", "", "", 2374.269, "", ""),
        ),
        name="a.xlsx",
    )
    assert problems(report) == [[], [], [], []]
    assert [row["amount"] for row in report["rows"]] == [
        1_182_400_000,
        1_182_400_000,
        9_469_000,
        2_374_269_000,
    ]


async def test_an_amount_merged_over_rows_is_not_counted_for_each(funded: FinanceService) -> None:
    common = ("Trung ương", "ĐTPT", "CĐS")
    book = openpyxl.load_workbook(
        io.BytesIO(
            workbook(
                ("G12", *common, 100, "19/05/2025", "PC01"),
                ("G12", *common, None, "19/05/2025", "PC02"),
                ("G12", *common, 5, date(2025, 5, 19), "PC03"),
            )
        )
    )
    book.worksheets[0].merge_cells("E2:E3")
    merged = io.BytesIO()
    book.save(merged)
    report = await send(funded, merged.getvalue(), name="a.xlsx", partial="true")
    assert problems(report) == [["amount_merged"], ["amount_merged"], []]
    assert await disbursed(funded) == 5_000_000


async def test_who_may_not_import_is_refused_before_the_file_is_read(funded: FinanceService) -> None:
    files = {"file": ("a.csv", b"\xff")}
    response = await funded.send("POST", "/imports", role="reader", data={"year": 2025}, files=files)
    assert response.status_code == 403
    files = {"file": ("a.csv", csv(*ROWS))}
    response = await funded.send("POST", "/imports", agency="G12", data={"year": 2025}, files=files)
    assert response.status_code == 403
    assert response.json()["code"] == "other_tenant"
    assert (await send(funded, csv(*ROWS), status=422, year="1999"))["code"] == "request_invalid"


# --- amounts and days that could mean something else ------------------------------------------------------------------


def paid(amount: str, day: str = "19/05/2025", reference: str = "PC01") -> str:
    return f"1;G12;Trung ương;ĐTPT;CĐS;{amount};{day};{reference}"


@pytest.mark.parametrize(
    ("amount", "comma", "point"), [("1,234", 1_234_000, 1_234_000_000), ("1.234", 1_234_000_000, 1_234_000)]
)
async def test_a_file_whose_separators_leave_two_readings_is_refused_until_the_caller_says_which(
    funded: FinanceService, amount: str, comma: int, point: int
) -> None:
    content = csv(paid(amount), paid("56", reference="PC02"))
    before = await funded.counts()
    problem = await send(funded, content, status=422)
    assert (problem["code"], problem["field"]) == ("separators_ambiguous", "decimal_separator")
    assert problem["readings"] == {"comma": str(comma), "point": str(point)}
    assert await funded.counts() == before
    for separator, dong in (("comma", comma), ("point", point)):
        report = await send(funded, content, decimal_separator=separator, dry_run=True)
        assert [row["amount"] for row in report["rows"]] == [dong, 56_000_000]
    assert (await send(funded, content, status=422, decimal_separator=";"))["code"] == "request_invalid"


async def test_cells_that_decide_decide_for_the_file(funded: FinanceService) -> None:
    report = await send(funded, csv(paid("1,234"), paid("1,234,567", reference="PC02")), dry_run=True)
    assert [row["amount"] for row in report["rows"]] == [1_234_000_000, 1_234_567_000_000]
    report = await send(funded, csv(paid("1,234"), paid("0,5", reference="PC02")), dry_run=True)
    assert [row["amount"] for row in report["rows"]] == [1_234_000, 500_000]


async def test_a_cell_with_two_readings_among_cells_of_both_kinds_is_refused_alone(
    funded: FinanceService,
) -> None:
    rows = (paid("1.234,5"), paid("1,234.5", reference="PC02"), paid("1,234", reference="PC03"))
    report = await send(funded, csv(*rows), partial="true")
    assert problems(report) == [[], [], ["amount_ambiguous"]]
    assert "1234000000" in report["rows"][2]["problems"][0]["detail"]
    report = await send(funded, csv(*rows), decimal_separator="comma", dry_run=True)
    assert problems(report) == [[], ["amount_separator"], []]


async def test_in_dong_no_separator_is_decimal(funded: FinanceService) -> None:
    report = await send(
        funded, csv(paid("1,234"), paid("1.234", reference="PC02"), unit="Đơn vị: đồng"), dry_run=True
    )
    assert [row["amount"] for row in report["rows"]] == [1234, 1234]


async def test_days_are_read_in_every_clear_form_and_no_other(funded: FinanceService) -> None:
    days = ("2025-05-19", "19/05/2025", "19-05-2025", "19/5/25", "5/2025", "20/05/2025")
    report = await send(
        funded, csv(*(paid("5", day, f"PC{n}") for n, day in enumerate(days))), partial="true"
    )
    assert [row["day"] for row in report["rows"]] == ["2025-05-19"] * 3 + [None, None, "2025-05-20"]
    assert problems(report)[3:5] == [["day_invalid"], ["day_invalid"]]


async def test_one_day_with_the_month_first_puts_the_others_in_doubt(funded: FinanceService) -> None:
    days = ("05/19/2025", "05/04/2025", "19/05/2025", "2025-05-20", "20/05/2025")
    report = await send(
        funded, csv(*(paid("5", day, f"PC{n}") for n, day in enumerate(days))), partial="true"
    )
    assert problems(report) == [["day_invalid"], ["day_ambiguous"], [], [], []]


# --- recoveries --------------------------------------------------------------------------------------------------------

BOTH = "TT;Cơ quan;Cấp ngân sách;Tính chất;Lĩnh vực;Số giải ngân;Số thu hồi;Ngày;Số chứng từ"
WITH_KIND = HEADINGS + ";Loại nghiệp vụ"


@pytest.mark.parametrize("negative", ["-5", "(5)", "−5", "–5"])
async def test_a_negative_amount_is_refused_naming_how_a_recovery_is_written(
    funded: FinanceService, negative: str
) -> None:
    report = await send(funded, csv(paid("100"), paid(negative, reference="PC02")), partial="true")
    assert problems(report) == [[], ["amount_not_positive"]]
    problem = report["rows"][1]["problems"][0]
    assert "Số thu hồi" in problem["detail"]
    assert "Loại nghiệp vụ" in problem["detail_en"]


@pytest.mark.parametrize("way", ["column", "kind"])
async def test_what_was_recovered_is_posted_as_such_and_once(funded: FinanceService, way: str) -> None:
    if way == "column":
        rows = (
            "1;G12;Trung ương;ĐTPT;CĐS;100;-;19/05/2025;PC01",
            "2;G12;Trung ương;ĐTPT;CĐS;0;30,5;20/05/2025;NT01",
            ";Tổng cộng;;;;100;30,5;;",
        )
        content = csv(*rows, headings=BOTH)
    else:
        rows = (
            f"{paid('100')};Giải ngân",
            f"{paid('30,5', '20/05/2025', 'NT01')};Nộp trả",
            ";Tổng cộng;;;;69,5;;;",
        )
        content = csv(*rows, headings=WITH_KIND)
    report = await send(funded, content, number="9/BC-KBNN")
    assert outcomes(report) == ["accepted", "accepted", "total"], report
    assert [row["kind"] for row in report["rows"][:2]] == ["disburse", "recover"]
    assert (report["amount"], report["recovered"]) == (100_000_000, 30_500_000)
    balance = (await funded.get("/balances"))["total"]
    assert balance["disbursed"] == 69_500_000
    decided = (await funded.get("/decisions", params={"number": "9/BC–KBNN"}))["items"]
    assert {item["kind"] for item in decided} == {"disburse", "recover"}
    before = await funded.counts()
    assert outcomes(await send(funded, content, number="9/BC-KBNN")) == ["unchanged", "unchanged", "total"]
    assert await funded.counts() == before


async def test_payment_and_recovery_of_one_day_and_voucher_are_posted_in_that_order(
    funded: FinanceService,
) -> None:
    rows = (f"{paid('30')};Thu hồi", f"{paid('100')};Giải ngân")
    report = await send(funded, csv(*rows, headings=WITH_KIND))
    assert outcomes(report) == ["accepted", "accepted"], report
    assert await disbursed(funded) == 70_000_000


async def test_more_recovered_than_paid_is_refused_with_its_voucher(funded: FinanceService) -> None:
    rows = (
        f"{paid('100')};Giải ngân",
        f"{paid('60', '20/05/2025', 'NT01')};Thu hồi",
        f"{paid('60', '20/05/2025', 'NT02')};Thu hồi",
        f"{paid('10', '18/05/2025', 'NT03')};Thu hồi",
    )
    report = await send(funded, csv(*rows, headings=WITH_KIND), partial="true")
    assert problems(report) == [[], [], ["insufficient"], ["insufficient"]]
    assert "thu hồi" in report["rows"][2]["problems"][0]["detail"]
    assert await disbursed(funded) == 40_000_000


@pytest.mark.parametrize(
    ("headings", "row", "code"),
    [
        (BOTH, "1;G12;Trung ương;ĐTPT;CĐS;5;3;19/05/2025;PC01", "amount_twice"),
        (BOTH, "1;G12;Trung ương;ĐTPT;CĐS;;;19/05/2025;PC01", "required"),
        (BOTH, "1;G12;Trung ương;ĐTPT;CĐS;;-3;19/05/2025;PC01", "amount_not_positive"),
        (
            BOTH + ";Loại nghiệp vụ",
            "1;G12;Trung ương;ĐTPT;CĐS;;3;19/05/2025;PC01;Giải ngân",
            "kind_contradicted",
        ),
        (WITH_KIND, f"{paid('5')};Hoàn tạm ứng", "word_unknown"),
        (WITH_KIND, f"{paid('-5')};Thu hồi", "amount_not_positive"),
    ],
)
async def test_a_recovery_that_is_not_clear_is_refused(
    funded: FinanceService, headings: str, row: str, code: str
) -> None:
    report = await send(funded, csv(row, headings=headings))
    assert problems(report) == [[code]]


@pytest.mark.parametrize(
    ("headings", "total", "agrees"),
    [
        (BOTH, ";Tổng cộng;;;;100;30;;", True),
        (BOTH, ";Tổng cộng;;;;70;30;;", False),
        (BOTH, ";Tổng cộng;;;;100;33;;", False),
        (WITH_KIND, ";Tổng cộng;;;;70;;;", True),
        (WITH_KIND, ";Tổng cộng;;;;130;;;", True),
        (WITH_KIND, ";Tổng cộng;;;;104;;;", False),
    ],
)
async def test_totals_tell_what_was_recovered_apart(
    funded: FinanceService, headings: str, total: str, agrees: bool
) -> None:
    rows = (
        ("1;G12;Trung ương;ĐTPT;CĐS;100;;19/05/2025;PC01", "2;G12;Trung ương;ĐTPT;CĐS;;30;20/05/2025;NT01")
        if headings is BOTH
        else (f"{paid('100')};Chi", f"{paid('30', '20/05/2025', 'NT01')};Thu hồi")
    )
    report = await send(funded, csv(*rows, total, headings=headings), dry_run=True)
    assert problems(report)[2] == ([] if agrees else ["total_mismatch"])


# --- numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["pc–01", "PC - 01", "ＰＣ－01"])
async def test_a_voucher_whose_number_looks_alike_is_the_same(funded: FinanceService, typed: str) -> None:
    await send(funded, csv(paid("5", reference="PC-01")))
    assert outcomes(await send(funded, csv(paid("5", reference=typed)))) == ["unchanged"]
    assert problems(await send(funded, csv(paid("6", reference=typed)))) == [["voucher_changed"]]
    [row] = await funded.rows("SELECT reference, normal_form FROM voucher_lines")
    assert tuple(row) == ("PC-01", "pc-01")


async def test_a_file_under_a_similar_number_is_refused_unless_it_is_meant(funded: FinanceService) -> None:
    await send(funded, csv(paid("5")), number="9/BĐ-KBNN")
    other = csv(paid("6", reference="PC02"))
    before = await funded.counts()
    problem = await send(funded, other, status=409, number="9/BD-KBNN")
    assert (problem["code"], problem["similar"]) == ("number_similar", ["9/BĐ-KBNN"])
    assert await funded.counts() == before
    assert (await send(funded, other, number="9/BD-KBNN", similar_is_meant="true"))["written"]


async def test_a_treasury_file_is_one_sheet_at_a_time(funded: FinanceService) -> None:
    book = openpyxl.Workbook()
    for name, row in zip(("Quý I", "Quý II"), ROWS, strict=True):
        sheet = book.create_sheet(name)
        for line in ("Đơn vị: triệu đồng", HEADINGS, row):
            sheet.append(line.split(";"))
    content = io.BytesIO()
    book.save(content)
    refused = await send(funded, content.getvalue(), status=422, name="a.xlsx")
    assert (refused["code"], "“Quý I”, “Quý II”" in refused["detail"]) == ("sheet_required", True)
    report = await send(funded, content.getvalue(), name="a.xlsx", sheet="quý ii")
    assert [(row["sheet"], row["outcome"], row["outcome_vi"]) for row in report["rows"]] == [
        ("Quý II", "accepted", "Nhận")
    ]


# --- when an import is seen --------------------------------------------------------------------------------------------


async def import_noted(
    service: FinanceService, content: bytes, notes: Notes, number: str | None = None
) -> JudgedFile:
    """Import a file, the good vouchers although others are refused; `notes` are of its announcement."""
    upload = Upload("a.csv", content)
    file = await read_file(service.database, upload, year=2025, unit=None, today=DAY, defence_security=True)
    async with service.database.late_change(service.clock) as late:
        done = await judge_file(late, file, number=number, dry_run=False, partial=True, actor=ACTOR)
        await import_file(notes.of(late), done, actor=ACTOR)
    return done


async def test_a_file_is_judged_before_its_import_is_announced_and_posted_by_one_statement(
    funded: FinanceService,
) -> None:
    notes = Notes(funded.database, "SELECT count(*) FROM decisions")
    days = [paid("5", f"{day:02}/05/2025", f"PC{day}") for day in range(5, 20)]
    content = csv(*days, paid("9.000.000", reference="PC99"))
    done = await import_noted(funded, content, notes)
    assert [row.outcome for row in done.file.rows] == ["accepted"] * 15 + ["refused"]
    now = funded.clock.now()
    assert (notes.settled, notes.now, notes.seen) == (now, now, 2)
    assert len(notes.statements) == 2  # all decisions; the import's own audit entry
    posted = await funded.rows(
        "SELECT id, effective_on, recorded_at FROM decisions WHERE kind = 'disburse' ORDER BY effective_on"
    )
    assert [row.effective_on.day for row in posted] == list(range(5, 20))
    assert {row.recorded_at for row in posted} == {now}
    assert [row.id for row in posted] == [decision.id for decision in done.decisions]
    [(budget,)] = await funded.rows("SELECT id::text FROM budgets")
    told = [
        (data["budget"]["version"], data["budget"]["disbursed"]) for _, _, data in await funded.events(budget)
    ]
    assert told == [(1, 0), (2, 0), (3, 15 * 5 * 10**6)]
    lines = await funded.rows("SELECT decision_id, line, reference FROM voucher_lines ORDER BY reference")
    assert len(lines) == 15


async def test_an_import_whose_number_was_taken_meanwhile_is_undone(funded: FinanceService) -> None:
    async def take() -> None:
        for kind in ("approve", "allocate", "disburse"):
            body = {"number": "7/KB", "issued_on": "2025-05-19", "effective_on": "2025-05-19"}
            await funded.decide(kind, line_body(5, "G06"), **body)

    notes = Notes(funded.database, "SELECT 1", meanwhile=take)
    with pytest.raises(Overtaken):
        await import_noted(funded, csv(paid("5")), notes, "7/KB")
    assert await disbursed(funded) == 5
    assert await funded.rows("SELECT count(*) FROM voucher_lines") == [(0,)]
