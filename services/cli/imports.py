"""`dondoc import tasks|databases|budget`: a file for a service, with its report row by row."""

import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.cli.client import DEFAULT_KEY_FILE, DEFAULT_URL, KeyFile, Url, suite_client
from services.cli.console import AsJson, Stop, err, out, print_json

app = typer.Typer(no_args_is_help=True, help="Nhập dữ liệu từ tệp. / Import from files.")

LONGEST_SHOWN = 60  # characters of a title or a name
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV | XLSX")]
ColumnsFile = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="TOML: trường = tiêu đề cột. / field = heading as printed."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Chỉ báo cáo. / Report only.")]
Partial = Annotated[bool, typer.Option("--partial", help="Nhập các dòng đúng. / Import the good rows.")]


class MoneyUnit(StrEnum):
    DONG = "dong"
    MILLION = "million"
    BILLION = "billion"


class Separator(StrEnum):
    COMMA = "comma"
    POINT = "point"


@dataclass(frozen=True, slots=True)
class _Sent:
    """What every import asks for."""

    file: Path
    columns: Path | None
    dry_run: bool
    partial: bool
    url: str
    key_file: Path
    as_json: bool


@dataclass(frozen=True, slots=True)
class _Shown:
    """How a service's report is shown: columns between the outcome and the notes, and what stands in them."""

    headings: Sequence[str]
    cells: Callable[[dict[str, Any]], Sequence[str]]
    notes: Callable[[dict[str, Any]], list[str]] = lambda _: []


@app.command("tasks")
def import_tasks(
    file: File,
    programme: Annotated[str, typer.Option(help="Mã chương trình. / Programme code.")],
    document: Annotated[str, typer.Option(help="Số văn bản giao. / Document that gives the tasks.")],
    columns: ColumnsFile = None,
    dry_run: DryRun = False,
    partial: Partial = False,
    url: Url = DEFAULT_URL,
    key_file: KeyFile = DEFAULT_KEY_FILE,
    as_json: AsJson = False,
) -> None:
    """Nhập nhiệm vụ từ phụ lục, báo cáo từng dòng. / Import an annex, with a report of every row."""
    sent = _Sent(file, columns, dry_run, partial, url, key_file, as_json)
    _import("tasks", sent, {"programme": programme, "document": document}, _TASKS)


@app.command("databases")
def import_databases(
    file: File,
    columns: ColumnsFile = None,
    dry_run: DryRun = False,
    partial: Partial = False,
    url: Url = DEFAULT_URL,
    key_file: KeyFile = DEFAULT_KEY_FILE,
    as_json: AsJson = False,
) -> None:
    """Nhập danh mục CSDL, nền tảng, hệ thống. / Import a list of databases, platforms and systems."""
    _import("datasets", _Sent(file, columns, dry_run, partial, url, key_file, as_json), {}, _DATABASES)


@app.command("budget")
def import_budget(
    file: File,
    year: Annotated[int, typer.Option(help="Năm ngân sách. / Budget year.", min=2000, max=2200)],
    unit: Annotated[
        MoneyUnit | None,
        typer.Option(help="Đơn vị tính khi tệp không ghi. / Unit where the file does not say it."),
    ] = None,
    number: Annotated[
        str | None, typer.Option(help="Số văn bản ghi sổ. / Document to post it under.")
    ] = None,
    similar_is_meant: Annotated[
        bool,
        typer.Option(
            "--similar-is-meant",
            help="Đúng là số này, dù có số gần giống. / The number is meant although a similar one is recorded.",
        ),
    ] = False,
    decimal_separator: Annotated[
        Separator | None,
        typer.Option(
            help="Dấu thập phân khi tệp không cho biết. / Decimal separator where the file does not tell it."
        ),
    ] = None,
    columns: ColumnsFile = None,
    dry_run: DryRun = False,
    partial: Partial = False,
    url: Url = DEFAULT_URL,
    key_file: KeyFile = DEFAULT_KEY_FILE,
    as_json: AsJson = False,
) -> None:
    """Nhập tệp giải ngân, thu hồi của Kho bạc. / Import a Treasury file of payments and recoveries."""
    form = {"year": str(year), "similar_is_meant": str(similar_is_meant).lower()}
    if decimal_separator is not None:
        form["decimal_separator"] = decimal_separator.value
    if unit is not None:
        form["unit"] = unit
    if number is not None:
        form["number"] = number
    _import("finance", _Sent(file, columns, dry_run, partial, url, key_file, as_json), form, _BUDGET)


def _import(service: str, sent: _Sent, form: dict[str, str], shown: _Shown) -> None:
    """Send a file and show its report; exit 1 where rows were refused and nothing was written."""
    form |= {"dry_run": str(sent.dry_run).lower(), "partial": str(sent.partial).lower()}
    if sent.columns is not None:
        form["columns"] = json.dumps(_read_columns(sent.columns))
    name = sent.file.name
    with suite_client(sent.url, sent.key_file) as client, _waiting(f"Đang nhập / importing {name}"):
        answer = client.post(
            f"/{service}/v1/imports", data=form, files={"file": (name, sent.file.read_bytes())}
        )
    report = answer.json()
    if sent.as_json:
        print_json(report)
    else:
        _show(report, shown, partial=sent.partial)
    if report["refused"] and not report["written"]:
        raise typer.Exit(1)


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


# --- the report ----------------------------------------------------------------------------------------------------


def _task_notes(row: dict[str, Any]) -> list[str]:
    notes = [f"({item['detail']})" for item in row["warnings"]]
    notes += [f"{row['members']} thành viên / members"] if row["members"] else []
    return [*notes, *row["flags"]]


_TASKS = _Shown(
    ("hạn / due", "nhiệm vụ / task"),
    lambda row: (row["due_on"] or "", row["title"][:LONGEST_SHOWN]),
    _task_notes,
)
_DATABASES = _Shown(
    ("mã / code", "tên / name", "chủ quản / owner"),
    lambda row: (row["code"], row["name"][:LONGEST_SHOWN], row["owner_code"] or ""),
)
_BUDGET = _Shown(
    ("ngày / day", "chứng từ / voucher", "cơ quan / agency", "đồng"),
    lambda row: (
        row["day"] or "",
        row["reference"] or "",
        row["agency_code"] or "",
        ("thu hồi / recovered " if row["kind"] == "recover" else "") + _dong(row["amount"]),
    ),
)


def _dong(amount: int | None) -> str:
    return "" if amount is None else f"{amount:,}".replace(",", ".")


def _show(report: dict[str, Any], shown: _Shown, *, partial: bool) -> None:
    table = Table("dòng / row", "kết quả / outcome", *shown.headings, "ghi chú / notes")
    for row in report["rows"]:
        notes = [_problem(item) for item in row["problems"]] + shown.notes(row)
        style = "red" if row["outcome"] == "refused" else None
        table.add_row(str(row["row"]), row["outcome"], *shown.cells(row), "\n".join(notes), style=style)
    out.print(table)
    for skipped in report.get("skipped", ()):
        text = skipped["text"][:LONGEST_SHOWN]
        out.print(f"dòng / row {skipped['number']}: {skipped['reason']} “{text}”")
    out.print(
        f"nhận / accepted {report['accepted']}, từ chối / refused {report['refused']}, "
        f"không đổi / unchanged {report['unchanged']}"
    )
    if "amount" in report:
        recovered = report["recovered"]
        less = f", thu hồi / recovered {_dong(recovered)} đồng" if recovered else ""
        out.print(f"tổng các dòng nhận / sum of the accepted rows: {_dong(report['amount'])} đồng{less}")
    _show_ending(report, partial=partial)


def _problem(item: dict[str, Any]) -> str:
    return f"{item['field']}: {item['detail']}"


def _show_ending(report: dict[str, Any], *, partial: bool) -> None:
    if report["dry_run"]:
        out.print("Chạy thử: chưa ghi gì. / Dry run: nothing was written.")
    elif report["refused"] and not report["written"]:
        vi, en = ("", "") if partial else (", hoặc thêm --partial", ", or add --partial")
        out.print(
            f"Chưa ghi gì: sửa các dòng bị từ chối{vi}. / Nothing was written: correct the refused rows{en}."
        )
