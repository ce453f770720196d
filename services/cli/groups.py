"""`dondoc groups list|show|add|amend`: groups of agencies and their dated members, through the suite's HTTP API."""

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table

from services.cli.client import Suite, amend
from services.cli.console import Misuse, out, print_json
from services.cli.options import with_shared_options

app = typer.Typer(no_args_is_help=True, help="Nhóm cơ quan. / Groups of agencies.")

PATH = "/tasks/v1/groups"
Code = Annotated[str, typer.Argument(help="Mã nhóm. / The group's code.")]


@app.command("list")
@with_shared_options
def list_groups(suite: Suite) -> None:
    """Các nhóm và số thành viên hôm nay. / Groups, and how many members they have today."""
    with suite.client() as client:
        groups = client.get(PATH).json()["items"]
    if suite.as_json:
        print_json(groups)
        return
    table = Table("mã / code", "tên / name", "thành viên / members")
    for group in groups:
        table.add_row(group["code"], group["name"], str(len(group["member_codes"])))
    out.print(table)


@app.command("show")
@with_shared_options
def show_group(code: Code, suite: Suite) -> None:
    """Xem một nhóm: cụm từ gọi nhóm, thành viên từ ngày nào đến ngày nào. / A group: phrases, dated members."""
    with suite.client() as client:
        _show(client.get(_path(code)).json(), as_json=suite.as_json)


@app.command("add")
@with_shared_options
def add_group(
    code: Code,
    name: Annotated[str, typer.Option(help="Tên nhóm, cũng là cụm từ gọi nhóm. / Name, a phrase as well.")],
    alias: Annotated[
        list[str] | None, typer.Option(help="Cụm từ khác gọi nhóm. / Another phrase that names it.")
    ] = None,
    member: Annotated[list[str] | None, typer.Option(help="Mã thành viên. / A member's code.")] = None,
    valid_from: Annotated[
        datetime | None,
        typer.Option(
            "--valid-from",
            formats=["%Y-%m-%d"],
            help="Ngày đầu của các thành viên; bỏ trống: từ trước đến nay. / Members' first day; left out: as far back as "
            "asked.",
        ),
    ] = None,
    *,
    suite: Suite,
) -> None:
    """Ghi một nhóm cơ quan. / Record a group of agencies."""
    first = _day(valid_from)
    members = [{"agency_code": each, "valid_from": first} for each in member or ()]
    body = {"code": code, "name": name, "aliases": alias or [], "members": members}
    with suite.client() as client:
        _show(client.post(PATH, json=body).json(), as_json=suite.as_json)


@app.command("amend")
@with_shared_options
def amend_group(
    code: Code,
    name: Annotated[str | None, typer.Option(help="Tên mới. / New name.")] = None,
    add_alias: Annotated[list[str] | None, typer.Option(help="Thêm cụm từ. / Add a phrase.")] = None,
    remove_alias: Annotated[list[str] | None, typer.Option(help="Bỏ cụm từ. / Take a phrase away.")] = None,
    add_member: Annotated[
        list[str] | None,
        typer.Option(help="Thêm thành viên, cần --valid-from. / Add a member, needs --valid-from."),
    ] = None,
    valid_from: Annotated[
        datetime | None,
        typer.Option(
            "--valid-from", formats=["%Y-%m-%d"], help="Ngày đầu là thành viên. / First day as a member."
        ),
    ] = None,
    end_member: Annotated[
        list[str] | None,
        typer.Option(help="Kết thúc thành viên, cần --valid-to. / End a member, needs --valid-to."),
    ] = None,
    valid_to: Annotated[
        datetime | None,
        typer.Option(
            "--valid-to", formats=["%Y-%m-%d"], help="Ngày cuối là thành viên. / Last day as a member."
        ),
    ] = None,
    *,
    suite: Suite,
) -> None:
    """Sửa tên, cụm từ, thêm hoặc kết thúc thành viên. / Change a group's name, phrases or members."""
    body: dict[str, Any] = {} if name is None else {"name": name}
    if add_member:
        first = _required(valid_from, "--valid-from", "--add-member")
        body["add_members"] = [{"agency_code": each, "valid_from": first} for each in add_member]
    if end_member:
        last = _required(valid_to, "--valid-to", "--end-member")
        body["end_members"] = [{"agency_code": each, "valid_to": last} for each in end_member]
    with suite.client() as client:
        group = amend(client, _path(code), body, add_aliases=add_alias, remove_aliases=remove_alias)
    _show(group, as_json=suite.as_json)


def _required(day: datetime | None, option: str, of: str) -> str:
    if day is None:
        raise Misuse(f"{of} cần {option} yyyy-MM-dd.", f"{of} needs {option} yyyy-MM-dd.")
    return day.date().isoformat()


def _day(day: datetime | None) -> str | None:
    return day.date().isoformat() if day else None


def _path(code: str) -> str:
    return f"{PATH}/{quote(code, safe='')}"


def _show(group: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(group)
        return
    out.print(f"{group['code']}: {group['name']}")
    for alias in group["aliases"]:
        out.print(f"  “{alias}”")
    table = Table("thành viên / member", "từ ngày / from", "đến hết ngày / to")
    for member in group["members"]:
        table.add_row(member["agency_code"], _printed(member["valid_from"]), _printed(member["valid_to"]))
    out.print(table)


def _printed(day: str | None) -> str:
    return f"{date.fromisoformat(day):%d/%m/%Y}" if day else ""
