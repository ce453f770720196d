"""`dondoc import tasks|databases|budget`: a file for a service, with its report row by row."""

import asyncio
import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from services.cli.client import Suite
from services.cli.console import Misuse, Stop, err, print_json
from services.cli.import_report import Shown, day_of, dong, show_report
from services.cli.options import with_shared_options
from services.finance.domain.imports.amounts import DecimalSeparator
from services.finance.domain.imports.cells import Unit
from shared.errors import InvalidInput, Unavailable
from shared.imports.reports import report_workbook

app = typer.Typer(no_args_is_help=True, help="Nhập dữ liệu từ tệp. / Import from files.")

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV | XLSX")]
ColumnsFile = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="TOML: trường = tiêu đề cột. / field = heading as printed."
    ),
]
SheetName = Annotated[
    str | None,
    typer.Option(
        "--sheet",
        help="Trang tính duy nhất cần đọc. / The only sheet to read; without it all visible ones with the headings.",
    ),
]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report",
        dir_okay=False,
        help="Ghi tệp đã nhập kèm kết quả từng dòng (.xlsx). / Write the file with the outcome of each row.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Chỉ báo cáo. / Report only.")]
Partial = Annotated[bool, typer.Option("--partial", help="Nhập các dòng đúng. / Import the good rows.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import(Suite):
    """The arguments common to all imports."""

    file: File
    sheet: SheetName = None
    columns: ColumnsFile = None
    report: ReportFile = None
    dry_run: DryRun = False
    partial: Partial = False


_TASKS = Shown(
    ("STT", "Đến hạn", "Nhiệm vụ"),
    (8, 10),
    lambda row: (row["order_no"] or row["ref"] or "", day_of(row, "due_on"), row["title"]),
)
_DATABASES = Shown(
    ("Mã", "Chủ quản", "Tên"), (16, 10), lambda row: (row["code"], row["owner_code"] or "", row["name"])
)
_BUDGET = Shown(
    ("Ngày", "Chứng từ", "Cơ quan", "Đồng"),
    (10, 14, 10),
    lambda row: (
        day_of(row, "day"),
        row["reference"] or "",
        row["agency_code"] or "",
        ("thu hồi " if row["kind"] == "recover" else "") + dong(row["amount"]),
    ),
)


@app.command("tasks")
@with_shared_options
def import_tasks(
    programme: Annotated[str, typer.Option(help="Mã chương trình. / Programme code.")],
    document: Annotated[str, typer.Option(help="Số văn bản giao. / Document that gives the tasks.")],
    annex: Annotated[
        str | None, typer.Option(help="Phụ lục của văn bản. / Annex of the document, e.g. “Phụ lục II”.")
    ] = None,
    annex_was: Annotated[
        str | None,
        typer.Option(
            help="Tên cũ của phụ lục đã đổi tên. / What the annex was called when it was imported before."
        ),
    ] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(
            help="Dòng cần xác nhận: 12=mới, hoặc 12=<mã nhiệm vụ>; nhiều trang: “trang!12=…”. / Answer to a question."
        ),
    ] = None,
    issued_by: Annotated[
        str | None,
        typer.Option(
            help="Mã cơ quan ban hành khi văn bản chưa ghi. / Issuer where the document tells none."
        ),
    ] = None,
    *,
    sent: Import,
) -> None:
    """Nhập nhiệm vụ từ phụ lục, báo cáo từng dòng. / Import an annex, with a report of every row."""
    form = {"programme": programme, "document": document}
    if annex is not None:
        form["annex"] = annex
    if annex_was is not None:
        form["annex_was"] = annex_was
    if answer:
        form["answers"] = json.dumps(dict(map(_answer, answer)))
    if issued_by is not None:
        form["issued_by"] = issued_by
    _import("tasks", sent, form, _TASKS)


@app.command("databases")
@with_shared_options
def import_databases(sent: Import) -> None:
    """Nhập danh mục CSDL, nền tảng, hệ thống. / Import a list of databases, platforms and systems."""
    _import("datasets", sent, {}, _DATABASES)


BudgetYear = Annotated[int, typer.Option(help="Năm ngân sách. / Budget year.", min=2000, max=2200)]
UnitOfFile = Annotated[
    Unit | None,
    typer.Option(help="Đơn vị tính khi tệp không ghi. / Unit where the file does not say it."),
]
PostedUnder = Annotated[str | None, typer.Option(help="Số văn bản ghi sổ. / Document to post it under.")]
SimilarIsMeant = Annotated[
    bool,
    typer.Option(
        "--similar-is-meant",
        help="Đúng là số này, dù có số gần giống. / The number is meant although a similar one is recorded.",
    ),
]
OfAmounts = Annotated[
    DecimalSeparator | None,
    typer.Option(
        help="Dấu thập phân khi tệp không cho biết. / Decimal separator where the file does not tell it."
    ),
]


@app.command("budget")
@with_shared_options
def import_budget(
    year: BudgetYear,
    unit: UnitOfFile = None,
    number: PostedUnder = None,
    similar_is_meant: SimilarIsMeant = False,
    decimal_separator: OfAmounts = None,
    *,
    sent: Import,
) -> None:
    """Nhập tệp giải ngân, thu hồi của Kho bạc. / Import a Treasury file of payments and recoveries."""
    form = {"year": str(year), "similar_is_meant": str(similar_is_meant).lower()}
    if decimal_separator is not None:
        form["decimal_separator"] = decimal_separator.value
    if unit is not None:
        form["unit"] = unit
    if number is not None:
        form["number"] = number
    _import("finance", sent, form, _BUDGET)


def _import(service: str, sent: Import, form: dict[str, str], shown: Shown) -> None:
    """Send a file and show its report; exit 1 where rows were refused and nothing was written."""
    _check_report(sent)
    form |= {"dry_run": str(sent.dry_run).lower(), "partial": str(sent.partial).lower()}
    if sent.columns is not None:
        form["columns"] = json.dumps(_read_columns(sent.columns))
    if sent.sheet is not None:
        form["sheet"] = sent.sheet
    name, content = sent.file.name, sent.file.read_bytes()
    with sent.client() as client, _waiting(f"Đang nhập / importing {name}"):
        answer = client.post(f"/{service}/v1/imports", data=form, files={"file": (name, content)})
    report = answer.json()
    if sent.as_json:
        print_json(report)
    else:
        show_report(report, shown, partial=sent.partial)
    if sent.report is not None:
        _write_report(sent.report, content, report)
    if (report["refused"] or report.get("questions")) and not report["written"]:
        raise typer.Exit(1)


def _answer(text: str) -> tuple[str, str]:
    where, equals, meant = text.rpartition("=")
    if not equals or not where or not meant:
        raise Misuse(f"--answer “{text}”: ghi dạng 12=mới.", f"--answer “{text}”: write 12=new.")
    return where, meant


def _check_report(sent: Import) -> None:
    """Refuse an unusable report path before anything is sent: a second import has another report."""
    path = sent.report
    if path is None:
        return
    if path.suffix.lower() != ".xlsx" or not path.absolute().parent.is_dir():
        raise Misuse(
            f"--report {path}: ghi tên tệp .xlsx trong một thư mục đã có.",
            f"--report {path}: name an .xlsx file in a folder that is there.",
        )
    if path.exists() and path.samefile(sent.file):
        raise Misuse(
            f"--report {path}: là chính tệp được nhập; ghi tên khác.",
            f"--report {path}: this is the file to import; give another name.",
        )


def _write_report(path: Path, content: bytes, report: dict[str, Any]) -> None:
    try:
        path.write_bytes(asyncio.run(report_workbook(content, report)))
    except (InvalidInput, Unavailable) as refusal:
        raise Stop(
            f"Không ghi được {path}: {refusal.vi}", f"{path} cannot be written: {refusal.en}"
        ) from None
    except OSError as error:
        raise Stop(f"Không ghi được {path}: {error}.", f"{path} cannot be written: {error}.") from None
    err.print(f"Báo cáo / report: {path}")


@contextmanager
def _waiting(what: str) -> Iterator[None]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        progress.add_task(what, total=None)
        yield


def _read_columns(path: Path) -> dict[str, str]:
    try:
        columns = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Stop(f"{path}: TOML không đúng ({error}).", f"{path} is no TOML ({error}).") from None
    return {str(key): str(value) for key, value in columns.items()}
