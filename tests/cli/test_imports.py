"""`dondoc import databases|budget`: the report of every row, and nothing written that was not asked for."""

import json
from pathlib import Path
from typing import Any

import httpx2
import openpyxl
import pytest

from services.cli.console import Misuse
from tests.cli.conftest import Running

HEADINGS = "Mã,Tên,Loại,Cơ quan chủ quản,Giai đoạn,Kết nối,Ngày hiệu lực\n"
GOOD = "KHO-1,Kho dữ liệu một,chuyên ngành,Bộ Nội vụ,đang vận hành,đã kết nối,01/05/2025\n"
BAD = "KHO-2,Kho dữ liệu hai,chuyên ngành,Bộ Không Có Thật,đang vận hành,đã kết nối,01/05/2025\n"
VOUCHERS = "Số chứng từ,Cơ quan,Cấp,Tính chất,Lĩnh vực,Ngày,Số tiền\n"
PAID = 'CT-01,Bộ Nội vụ,NSTW,ĐTPT,CĐS,15/05/2025,"1,5"\n'
TOO_MUCH = 'CT-02,Bộ Nội vụ,NSTW,ĐTPT,CĐS,16/05/2025,"99.000,5"\n'


def _report(done: Any) -> dict[str, Any]:
    report = json.loads(done.stdout)
    assert isinstance(report, dict)
    return report


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bảng.csv"


def _codes(running: Running) -> set[str]:
    return {item["code"] for item in running.get("/datasets/v1/databases?limit=200").json()["items"]}


def test_databases_are_imported_whole_or_as_far_as_asked(running: Running, file: Path) -> None:
    file.write_text(HEADINGS + GOOD + BAD, encoding="utf-8")
    refused = running.command("import", "databases", str(file))
    assert refused.exit_code == 1
    assert "Bộ Không Có Thật" in refused.stdout
    assert "add --partial" in refused.stdout
    dry = running.command("import", "databases", str(file), "--partial", "--dry-run")
    assert "Dry run" in dry.stdout
    assert not _codes(running) & {"KHO-1", "KHO-2"}
    partial = running.command("import", "databases", str(file), "--partial", "--json")
    report = _report(partial)
    assert (partial.exit_code, report["accepted"], report["refused"], report["written"]) == (0, 1, 1, True)
    assert _codes(running) & {"KHO-1", "KHO-2"} == {"KHO-1"}
    again = _report(running.command("import", "databases", str(file), "--partial", "--json"))
    assert (again["unchanged"], again["written"]) == (1, False)


def test_headings_of_another_name_are_mapped(running: Running, file: Path, tmp_path: Path) -> None:
    file.write_text((HEADINGS + GOOD.replace("KHO-1", "KHO-3")).replace("Mã,", "Ký hiệu,"), encoding="utf-8")
    columns = tmp_path / "columns.toml"
    columns.write_text('code = "Ký hiệu"\n', encoding="utf-8")
    done = running.command("import", "databases", str(file), "--columns", str(columns))
    assert done.exit_code == 0, done.output
    assert "KHO-3" in _codes(running)


def _fund(running: Running, amount: int) -> None:
    headers = {"authorization": f"Bearer {running.key_file.read_text()}"}
    line = {
        "year": 2025, "level": "central", "agency_code": "G09", "nature": "capital",
        "field": "digital_transformation", "amount": amount,
    }  # fmt: skip
    with httpx2.Client(base_url=running.url, headers=headers, trust_env=False) as client:
        for kind in ("approve", "allocate"):
            days = {"issued_on": "2025-05-01", "effective_on": "2025-05-01"}
            body = {"kind": kind, "number": "1/QĐ", "lines": [line], **days}
            assert client.post("/finance/v1/decisions", json=body).status_code == 201


def _disbursed(running: Running) -> int:
    total = running.get("/finance/v1/balances?year=2025&agency=G09").json()["total"]
    return int(total["disbursed"])


def test_a_treasury_file_is_posted_once_in_the_unit_that_was_said(running: Running, file: Path) -> None:
    _fund(running, 10 * 10**9)
    file.write_text(VOUCHERS + PAID, encoding="utf-8")
    given = ("import", "budget", str(file), "--year", "2025", "--unit", "billion")
    dry = running.command(*given, "--dry-run")
    assert (dry.exit_code, "1.500.000.000" in dry.stdout, _disbursed(running)) == (0, True, 0), dry.output
    assert running.command(*given).exit_code == 0
    assert _disbursed(running) == 1_500_000_000
    again = _report(running.command(*given, "--json"))
    assert (again["unchanged"], again["written"]) == (1, False)
    file.write_text(VOUCHERS + PAID + TOO_MUCH, encoding="utf-8")
    beyond = running.command(*given)
    assert (beyond.exit_code, "CT-02" in beyond.stdout, "add --partial" in beyond.stdout) == (1, True, True)
    assert _disbursed(running) == 1_500_000_000


def test_a_unit_that_is_none_is_refused(running: Running, file: Path) -> None:
    file.write_text(VOUCHERS + PAID, encoding="utf-8")
    assert running.command("import", "budget", str(file), "--year", "2025", "--unit", "ti").exit_code == 2
    assert running.command("import", "budget", str(file)).exit_code == 2


# --- annexes


HEAD = "STT,Nhiệm vụ,Cơ quan chủ trì,Thời hạn"
TASK = "1,Xây dựng đề án chuyển đổi số giáo dục,Bộ Nội vụ,Tháng 6/2030"


@pytest.fixture(scope="module")
def recorded(running: Running) -> Running:
    """A programme, and a document that gives tasks."""
    headers = {"authorization": f"Bearer {running.key_file.read_text()}"}
    document = {"code": "71/NQ-CP", "type": "Nghị quyết", "issued_on": "2025-04-01", "title": "NQ 71"}
    with httpx2.Client(base_url=running.url, headers=headers, trust_env=False) as client:
        assert client.post("/tasks/v1/programmes", json={"code": "NQ57", "title": "NQ 57"}).status_code == 201
        assert client.post("/tasks/v1/documents", json=document).status_code == 201
    return running


def test_the_report_of_an_annex_is_read_by_an_office(recorded: Running, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(("QUYẾT ĐỊNH",))
    sheet = book.create_sheet("PL II")
    for line in (HEAD, TASK, "2,Việc hai,Bộ Không Có Thật,khẩn trương", ",Nơi nhận:,,TM. CHÍNH PHỦ"):
        sheet.append(line.split(","))
    annex, report = tmp_path / "phụ lục.xlsx", tmp_path / "báo cáo.xlsx"
    book.save(annex)
    given = (
        "import",
        "tasks",
        str(annex),
        "--programme",
        "NQ57",
        "--document",
        "71/NQ-CP",
        "--report",
        str(report),
    )
    done = recorded.command(*given)
    assert done.exit_code == 1, done.output
    for said in (
        "Trang “PL II”: đọc 3 dòng, tiêu đề cột ở dòng 1.",
        "Không đọc trang “Sheet”: không thấy dòng tiêu đề cột trong 10 dòng đầu.",
        "30/06/2030",
        "Cơ quan chủ trì: Không xác định được cơ quan “Bộ Không Có Thật”",
        "Bỏ qua dòng 4: Phần ký, nơi nhận. “Nơi nhận:”",
        "Nhận: 1; Từ chối: 1; Không đổi: 0; Cần xác nhận: 0; Bỏ qua: 1.",
    ):
        assert said in " ".join(done.stdout.split()), said
    rows = [[cell.value for cell in row][4:6] for row in openpyxl.load_workbook(report)["PL II"].iter_rows()]
    assert [row[0] for row in rows] == ["Kết quả nhập", "Nhận", "Từ chối", "Bỏ qua"]
    again = _report(
        recorded.command(
            "import", "tasks", str(report), *given[3:7], "--partial", "--sheet", "PL II", "--json"
        )
    )
    assert (again["accepted"], again["refused"], again["rows"][0]["annex"]) == (1, 1, "Phụ lục II")


def test_a_question_is_shown_and_answered(recorded: Running, file: Path) -> None:
    given = (
        "import",
        "tasks",
        str(file),
        "--programme",
        "NQ57",
        "--document",
        "71/NQ-CP",
        "--annex",
        "Phụ lục IX",
    )
    file.write_text(f"{HEAD}\n{TASK.replace('giáo dục', 'y tế')}\n", encoding="utf-8")
    first = recorded.command(*given, "--json", "--answer", "2=mới")
    task = _report(first)["rows"][0]["task_id"]
    file.write_text(
        f"{HEAD}\n{TASK.replace('1,', '7,', 1).replace('giáo dục', 'ngành y tế')}\n", encoding="utf-8"
    )
    asked = recorded.command(*given)
    assert (asked.exit_code, task in asked.stdout, "--answer" in asked.stdout) == (1, True, True), (
        asked.output
    )
    same = _report(recorded.command(*given, "--json", "--answer", f"2={task}"))
    assert (same["unchanged"], same["written"]) == (1, True)
    assert isinstance(recorded.command(*given, "--answer", "mới").exception, Misuse)


def test_a_report_does_not_go_where_it_cannot(recorded: Running, tmp_path: Path) -> None:
    annex = tmp_path / "a.xlsx"
    openpyxl.Workbook().save(annex)
    given = ("import", "tasks", str(annex), "--programme", "NQ57", "--document", "71/NQ-CP", "--report")
    for path in (annex, tmp_path / "a.csv", tmp_path / "nowhere" / "a.xlsx"):
        assert isinstance(recorded.command(*given, str(path)).exception, Misuse)
