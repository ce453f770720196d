"""`dondoc keys`: API keys. A key is recorded in each service's database, since no service reads another's."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy import select

from services.cli.console import AsJson, Misuse, Stop, out, print_json
from services.cli.deployment import deployment
from services.cli.environment import DATA_FOLDER, require_secret
from services.cli.reach import reaching, require_migrated
from services.roles import BOUND, ROLES
from services.suite import Databases
from services.tasks.queries.catalogue import exists
from services.tasks.tables import Agency
from shared.http.auth import api_keys, draw_key, revoke_key, store_key
from shared.runtime.audit import SYSTEM, add_audit
from shared.runtime.clock import LOCAL_ZONE, Clock

app = typer.Typer(no_args_is_help=True, help="Khóa API. / API keys.")
Data = Annotated[Path, typer.Option("--data-dir", help="Thư mục dữ liệu. / Data folder.")]


async def grant(
    databases: Databases,
    pepper: bytes,
    clock: Clock,
    *,
    name: str,
    role: str,
    agency: str | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Draw a key and record it with every service; the token is returned and stored nowhere."""
    key = draw_key(pepper)
    for database in databases.all():
        async with database.change(clock) as (session, at):
            await store_key(
                session,
                key,
                name=name,
                role=role,
                tenant=agency,
                scopes=ROLES[role],
                at=at,
                expires_at=expires_at,
            )
            detail = {"name": name, "role": role, "agency": agency}
            await add_audit(session, SYSTEM, "grant", "key", key.prefix, at=at, **detail)
    return key.token


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Ai dùng khóa. / Who uses the key.")],
    role: Annotated[str, typer.Option(help=" | ".join(ROLES))],
    agency: Annotated[
        str | None, typer.Option(help="Mã cơ quan mà khóa thuộc về. / Agency the key is bound to.")
    ] = None,
    expires: Annotated[datetime | None, typer.Option(help="Hết hiệu lực từ ngày. / Expires on.")] = None,
    data_dir: Data = DATA_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Cấp khóa mới; khóa chỉ hiện một lần. / Grant a key; it is shown once."""
    _require_sensible(name, role, agency)
    expires_at = expires.replace(tzinfo=LOCAL_ZONE) if expires else None

    async def run() -> str:
        async with deployment(data_dir) as (settings, databases):
            clock = settings.tasks.make_clock()
            if expires_at is not None:
                _require_future(expires_at, clock.now())
            # before the first is written: a key is recorded with every service or with none
            for service, database in databases.by_service.items():
                await require_migrated(service, database.url)
            if agency is not None:
                await _require_agency(databases, agency)
            pepper = require_secret(settings.tasks)
            return await grant(
                databases, pepper, clock, name=name, role=role, agency=agency, expires_at=expires_at
            )

    token = asyncio.run(run())
    if as_json:
        print_json({"key": token, "role": role, "agency": agency})
    else:
        typer.echo(token)


def _require_sensible(name: str, role: str, agency: str | None) -> None:
    if role not in ROLES:
        raise Misuse(f"Vai trò là một trong: {', '.join(ROLES)}.", f"The role is one of: {', '.join(ROLES)}.")
    if (role in BOUND) != (agency is not None):
        raise Misuse(
            "Vai trò agency cần --agency; các vai trò khác không gắn với cơ quan nào.",
            "The role agency needs --agency; the other roles are bound to none.",
        )
    if not name.strip():
        raise Misuse("--name cần nói rõ ai dùng khóa.", "--name must say who uses the key.")


def _require_future(expires_at: datetime, now: datetime) -> None:
    if expires_at <= now:
        shown = f"{now.astimezone(LOCAL_ZONE):%Y-%m-%d}"
        raise Misuse(
            f"--expires phải sau hôm nay, {shown} theo đồng hồ của lệnh này (đặt DONDOC_CLOCK nếu hệ thống chạy đồng "
            "hồ mô phỏng).",
            f"--expires must be after today, {shown} by this command's clock (set DONDOC_CLOCK where the suite runs on "
            "a simulated one).",
        )


async def _require_agency(databases: Databases, code: str) -> None:
    async with databases.tasks.reading() as connection:
        if await exists(connection, Agency, code):
            return
    raise Stop(
        f"Không có cơ quan {code}: kiểm tra mã tại GET /tasks/v1/agencies, hoặc nạp danh mục bằng `dondoc catalogue`.",
        f"There is no agency {code}: look it up at GET /tasks/v1/agencies, or load the catalogue with `dondoc catalogue`.",
    )


@app.command("list")
def list_keys(data_dir: Data = DATA_FOLDER, as_json: AsJson = False) -> None:
    """Các khóa đã cấp. / Keys that were granted."""

    async def run() -> list[dict[str, Any]]:
        columns = [column for column in api_keys.c if column.name not in {"id", "digest", "tenant"}]
        asked = select(*columns, api_keys.c.tenant.label("agency")).order_by(api_keys.c.created_at)
        async with deployment(data_dir) as (_, databases):
            with reaching("tasks", databases.tasks.url):
                async with databases.tasks.reading() as connection:
                    rows = await connection.execute(asked)
            return [{name: _local(value) for name, value in row.items()} for row in rows.mappings()]

    found = asyncio.run(run())
    if as_json:
        print_json(found)
        return
    table = Table(
        "prefix", "tên / name", "vai trò / role", "cơ quan / agency", f"hiệu lực / valid ({LOCAL_ZONE.key})"
    )
    for key in found:
        ended = key["revoked_at"] or key["expires_at"]
        valid = (
            "đã thu hồi / revoked" if key["revoked_at"] else (f"→ {ended:%d/%m/%Y %H:%M}" if ended else "")
        )
        table.add_row(key["prefix"], key["name"], key["role"], key["agency"] or "", valid)
    out.print(table)


def _local(value: Any) -> Any:
    return value.astimezone(LOCAL_ZONE) if isinstance(value, datetime) else value


@app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="Phần đầu công khai của khóa. / The key's public prefix.")],
    data_dir: Data = DATA_FOLDER,
) -> None:
    """Thu hồi khóa ngay. / End a key at once."""

    async def run() -> bool:
        async with deployment(data_dir) as (settings, databases):
            clock = settings.tasks.make_clock()
            found = False
            for service, database in databases.by_service.items():
                with reaching(service, database.url):
                    async with database.change(clock) as (session, at):
                        if await revoke_key(session, prefix, at=at):
                            await add_audit(session, SYSTEM, "revoke", "key", prefix, at=at)
                            found = True
            return found

    if not asyncio.run(run()):
        raise Stop(
            f"Không có khóa {prefix} còn hiệu lực: xem `dondoc keys list`.",
            f"No key {prefix} is in force: see `dondoc keys list`.",
        )
    out.print(f"Đã thu hồi / revoked {prefix}")
