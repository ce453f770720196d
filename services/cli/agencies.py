"""`dondoc agencies show|add|amend`: agencies and their names, through the suite's HTTP API."""

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table

from services.cli.client import Suite, amend
from services.cli.console import out, print_json
from services.cli.options import with_shared_options

app = typer.Typer(no_args_is_help=True, help="Cơ quan và tên gọi. / Agencies and what they are called.")

PATH = "/tasks/v1/agencies"
Code = Annotated[str, typer.Argument(help="Mã cơ quan. / The agency's code.")]
ShortName = Annotated[str | None, typer.Option(help="Tên ngắn. / Short name.")]


class Level(StrEnum):
    CENTRAL = "central"
    PROVINCE = "province"
    COMMUNE = "commune"


@app.command("show")
@with_shared_options
def show_agency(code: Code, suite: Suite) -> None:
    """Xem một cơ quan và các tên gọi. / An agency and its names."""
    with suite.client() as client:
        _show(client.get(_path(code)).json(), as_json=suite.as_json)


@app.command("add")
@with_shared_options
def add_agency(
    code: Code,
    name: Annotated[str, typer.Option(help="Tên đầy đủ. / Full name.")],
    bloc: Annotated[str, typer.Option(help="Khối: party, government, local … / Bloc.")],
    level: Annotated[Level, typer.Option(help="Cấp. / Level.")],
    short_name: ShortName = None,
    parent_code: Annotated[
        str | None, typer.Option(help="Mã cơ quan cấp trên. / Code of the parent.")
    ] = None,
    alias: Annotated[list[str] | None, typer.Option(help="Tên gọi khác. / Another name.")] = None,
    *,
    suite: Suite,
) -> None:
    """Ghi một cơ quan chưa có trong danh mục. / Record an agency that the catalogue lacks."""
    body = {
        "code": code,
        "name": name,
        "short_name": short_name,
        "bloc": bloc,
        "level": level.value,
        "parent_code": parent_code,
        "aliases": alias or [],
    }
    with suite.client() as client:
        _show(client.post(PATH, json=body).json(), as_json=suite.as_json)


@app.command("amend")
@with_shared_options
def amend_agency(
    code: Code,
    name: Annotated[
        str | None, typer.Option(help="Tên mới; tên cũ vẫn tìm được. / New name; the old one still finds it.")
    ] = None,
    short_name: ShortName = None,
    add_alias: Annotated[list[str] | None, typer.Option(help="Thêm tên gọi khác. / Another name.")] = None,
    remove_alias: Annotated[list[str] | None, typer.Option(help="Bỏ tên gọi. / Take a name away.")] = None,
    *,
    suite: Suite,
) -> None:
    """Sửa tên, thêm hoặc bỏ tên gọi khác của một cơ quan. / Change what an agency is called."""
    body: dict[str, Any] = {
        key: value for key, value in (("name", name), ("short_name", short_name)) if value is not None
    }
    with suite.client() as client:
        agency = amend(client, _path(code), body, add_aliases=add_alias, remove_aliases=remove_alias)
    _show(agency, as_json=suite.as_json)


def _path(code: str) -> str:
    return f"{PATH}/{quote(code, safe='')}"


def _show(agency: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(agency)
        return
    table = Table(show_header=False)
    table.add_row("mã / code", agency["code"])
    table.add_row("tên / name", agency["name"])
    table.add_row("tên ngắn / short name", agency["short_name"] or "")
    table.add_row("cấp trên / parent", agency["parent_code"] or "")
    table.add_row("tên gọi khác / aliases", "\n".join(agency["aliases"]))
    table.add_row("cơ quan cũ / predecessors", "\n".join(body["name"] for body in agency["predecessors"]))
    out.print(table)
