"""`dondoc import tasks`: an annex as a file, with its report."""

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.cli.client import DEFAULT_KEY_FILE, DEFAULT_URL, KeyFile, Url, suite_client
from services.cli.console import AsJson, Stop, err, out, print_json

app = typer.Typer(no_args_is_help=True, help="Nhập dữ liệu từ tệp. / Import from files.")


@app.callback()
def _imports() -> None:
    """Keep `tasks` a subcommand while it is the only one."""


@app.command("tasks")
def import_tasks(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV | XLSX")],
    programme: Annotated[str, typer.Option(help="Mã chương trình. / Programme code.")],
    document: Annotated[str, typer.Option(help="Số văn bản giao. / Document that gives the tasks.")],
    columns: Annotated[
        Path | None,
        typer.Option(exists=True, help="TOML: trường = tiêu đề cột. / field = heading as printed."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chỉ báo cáo. / Report only.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Nhập các dòng đúng. / Import the good rows.")
    ] = False,
    url: Url = DEFAULT_URL,
    key_file: KeyFile = DEFAULT_KEY_FILE,
    as_json: AsJson = False,
) -> None:
    """Nhập nhiệm vụ từ phụ lục, báo cáo từng dòng. / Import an annex, with a report of every row."""
    form = {
        "programme": programme,
        "document": document,
        "dry_run": str(dry_run).lower(),
        "partial": str(partial).lower(),
    }
    if columns is not None:
        form["columns"] = json.dumps(_read_columns(columns))
    with suite_client(url, key_file) as client, _waiting(f"Đang nhập / importing {file.name}"):
        answer = client.post("/tasks/v1/imports", data=form, files={"file": (file.name, file.read_bytes())})
    report = answer.json()
    if as_json:
        print_json(report)
    else:
        _show(report, partial=partial)
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


def _show(report: dict[str, Any], *, partial: bool) -> None:
    table = Table("dòng / row", "kết quả / outcome", "hạn / due", "nhiệm vụ / task", "ghi chú / notes")
    for row in report["rows"]:
        notes = [f"{item['field']}: {item['detail']}" for item in row["problems"]]
        notes += [f"({item['detail']})" for item in row["warnings"]]
        notes += [f"{row['members']} thành viên / members"] if row["members"] else []
        notes += row["flags"]
        style = "red" if row["outcome"] == "refused" else None
        table.add_row(
            str(row["row"]),
            row["outcome"],
            row["due_on"] or "",
            row["title"][:60],
            "\n".join(notes),
            style=style,
        )
    out.print(table)
    for skipped in report["skipped"]:
        out.print(f"dòng / row {skipped['number']}: {skipped['reason']} “{skipped['text'][:60]}”")
    out.print(
        f"nhận / accepted {report['accepted']}, từ chối / refused {report['refused']}, "
        f"không đổi / unchanged {report['unchanged']}"
    )
    if report["dry_run"]:
        out.print("Chạy thử: chưa ghi gì. / Dry run: nothing was written.")
    elif report["refused"] and not report["written"]:
        vi, en = ("", "") if partial else (", hoặc thêm --partial", ", or add --partial")
        out.print(
            f"Chưa ghi gì: sửa các dòng bị từ chối{vi}. / Nothing was written: correct the refused rows{en}."
        )
