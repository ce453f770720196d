"""`dondoc databases amend`: name, owner and period of a database, through the suite's HTTP API."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table

from services.cli.client import Suite, amend
from services.cli.console import Misuse, out, print_json
from services.cli.options import with_shared_options

app = typer.Typer(no_args_is_help=True, help="CSDL, nền tảng, hệ thống. / Databases, platforms and systems.")


@app.callback()
def databases() -> None:
    """Keeps `amend` a command of its own while it is the only one."""


@app.command("amend")
@with_shared_options
def amend_database(
    code: Annotated[str, typer.Argument(help="Mã CSDL. / The database's code.")],
    name: Annotated[str | None, typer.Option(help="Tên mới. / New name.")] = None,
    owner_code: Annotated[
        str | None, typer.Option(help="Mã cơ quan chủ quản mới. / Code of the new owner.")
    ] = None,
    period_seconds: Annotated[
        int | None, typer.Option(help="Chu kỳ gửi tín hiệu, giây. / How often it is to send, in seconds.")
    ] = None,
    grace_seconds: Annotated[
        int | None, typer.Option(help="Trễ cho phép, giây. / By how much it may be late, in seconds.")
    ] = None,
    holds_from: Annotated[
        str | None,
        typer.Option(
            help="Có hiệu lực từ, ví dụ 2026-03-10T00:00:00+07:00; mặc định từ nay. / Since when; now by default."
        ),
    ] = None,
    *,
    suite: Suite,
) -> None:
    """Sửa tên, cơ quan chủ quản, chu kỳ gửi tín hiệu. / Change name, owner, or how often it is to send."""
    given = {"name": name, "owner_code": owner_code} | _heartbeat(period_seconds, grace_seconds)
    body: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if body and holds_from is not None:
        body["holds_from"] = holds_from
    path = f"/datasets/v1/databases/{quote(code, safe='')}"
    with suite.client() as client:
        _show(amend(client, path, body), as_json=suite.as_json)


def _heartbeat(period: int | None, grace: int | None) -> dict[str, Any]:
    if period is None and grace is None:
        return {}
    if period is None or grace is None:
        raise Misuse(
            "Nêu cả --period-seconds và --grace-seconds.", "Give both --period-seconds and --grace-seconds."
        )
    return {"heartbeat": {"period_seconds": period, "grace_seconds": grace}}


def _show(database: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(database)
        return
    agreed = database["heartbeat"]
    table = Table(show_header=False)
    table.add_row("mã / code", database["code"])
    table.add_row("tên / name", database["name"])
    table.add_row("chủ quản / owner", database["owner_code"])
    table.add_row("chu kỳ / period (s)", str(agreed["period_seconds"]) if agreed else "")
    table.add_row("trễ cho phép / grace (s)", str(agreed["grace_seconds"]) if agreed else "")
    out.print(table)
