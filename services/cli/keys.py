"""`dondoc keys`: API keys. A key is signed with the suite's secret and recorded by tasks; services need no copy of it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from cryptography.exceptions import InvalidTag
from rich.table import Table

from services.cli.connections import connecting, require_migrated
from services.cli.console import AsJson, Misuse, Stop, out, print_json
from services.cli.deployment import DataDir, deployment
from services.cli.environment import DATA_FOLDER, require_secrets
from services.notify.gateways import SecretCipher
from services.notify.use_cases.subscriptions import reseal_secrets
from services.roles import BOUND, ROLES
from services.suite import Databases
from services.tasks.queries import keys as queries
from services.tasks.queries.agencies import agency_exists
from services.tasks.use_cases.keys import record_key, revoke_key
from shared.errors import NotFound
from shared.keys.revocations import record_revocation
from shared.keys.tokens import MAX_NAME_LENGTH, PREFIX, ApiKey, KeySigner, draw_key
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import LOCAL_ZONE, Clock
from shared.runtime.database import AnyRow, Database

MONEY = "finance.read"
app = typer.Typer(no_args_is_help=True, help="Khóa API. / API keys.")


async def issue_key(tasks: Database, secrets: Sequence[bytes], key: ApiKey, clock: Clock) -> str:
    """Record a key and sign it; the token is returned and stored nowhere."""
    async with tasks.change(clock) as (session, at):
        await record_key(session, key, actor=SYSTEM, at=at)
    return KeySigner(secrets).sign(key)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Ai dùng khóa. / Who uses the key.")],
    role: Annotated[str, typer.Option(help=" | ".join(ROLES))],
    agency: Annotated[
        str | None, typer.Option(help="Mã cơ quan mà khóa thuộc về. / Agency the key is bound to.")
    ] = None,
    expires: Annotated[datetime | None, typer.Option(help="Hết hiệu lực từ ngày. / Expires on.")] = None,
    defence_security: Annotated[
        bool,
        typer.Option(
            "--defence-security",
            help="Khóa được xem và ghi tiền quốc phòng, an ninh. / The key may see and move money of defence and security.",
        ),
    ] = False,
    data_dir: DataDir = DATA_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Cấp khóa mới; khóa chỉ hiện một lần. / Grant a key; it is shown once."""
    _require_sensible(name, role, agency, defence_security=defence_security)
    expires_at = expires.replace(tzinfo=LOCAL_ZONE) if expires else None

    async def run() -> str:
        async with deployment(data_dir) as (settings, databases):
            clock = settings.tasks.make_clock()
            if expires_at is not None:
                _require_future(expires_at, clock.now())
            await require_migrated("tasks", databases.tasks.url)
            if agency is not None:
                await _require_agency(databases, agency)
            secrets = require_secrets(settings.tasks)
            key = draw_key(
                name, role, tenant=agency, expires_at=expires_at, defence_security=defence_security
            )
            return await issue_key(databases.tasks, secrets, key, clock)

    token = asyncio.run(run())
    if as_json:
        print_json({"key": token, "role": role, "agency": agency, "defence_security": defence_security})
    else:
        typer.echo(token)


def _require_sensible(name: str, role: str, agency: str | None, *, defence_security: bool) -> None:
    if role not in ROLES:
        raise Misuse(f"Vai trò là một trong: {', '.join(ROLES)}.", f"The role is one of: {', '.join(ROLES)}.")
    if (role in BOUND) != (agency is not None):
        raise Misuse(
            "Vai trò agency cần --agency; các vai trò khác không gắn với cơ quan nào.",
            "The role agency needs --agency; the other roles are bound to none.",
        )
    if defence_security and MONEY not in ROLES[role]:
        raise Misuse(
            f"Vai trò {role} không xem tiền: bỏ --defence-security.",
            f"The role {role} sees no money: leave --defence-security out.",
        )
    if not name.strip() or not name.isprintable() or len(name) > MAX_NAME_LENGTH:
        raise Misuse(
            f"--name cần nói rõ ai dùng khóa, từ 1 đến {MAX_NAME_LENGTH} ký tự in được.",
            f"--name must say who uses the key, in 1 to {MAX_NAME_LENGTH} printable characters.",
        )


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
        if await agency_exists(connection, code):
            return
    raise Stop(
        f"Không có cơ quan {code}: kiểm tra mã tại GET /tasks/v1/agencies, hoặc nạp danh mục bằng `dondoc catalogue`.",
        f"There is no agency {code}: look it up at GET /tasks/v1/agencies, or load the catalogue with `dondoc catalogue`.",
    )


@app.command("list")
def list_keys(data_dir: DataDir = DATA_FOLDER, as_json: AsJson = False) -> None:
    """Các khóa đã cấp. / Keys that were granted."""

    async def run() -> list[dict[str, Any]]:
        async with deployment(data_dir) as (_, databases):
            with connecting("tasks", databases.tasks.url):
                async with databases.tasks.reading() as connection:
                    return [_shown(row) for row in await queries.list_keys(connection)]

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
        role = f"{key['role']} (QPAN)" if key["defence_security"] else key["role"]
        table.add_row(key["prefix"], key["name"], role, key["agency"] or "", valid)
    out.print(table)


def _shown(key: AnyRow) -> dict[str, Any]:
    return {
        "prefix": key.prefix,
        "name": key.name,
        "role": key.role,
        "scopes": sorted(ROLES.get(key.role, ())),
        "created_at": _local(key.issued_at),
        "expires_at": _local(key.expires_at),
        "revoked_at": _local(key.revoked_at),
        "agency": key.agency_code,
        "defence_security": key.defence_security,
    }


def _local(instant: datetime | None) -> datetime | None:
    return instant and instant.astimezone(LOCAL_ZONE)


@app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="Phần đầu công khai của khóa. / The key's public prefix.")],
    unrecorded: Annotated[
        bool,
        typer.Option(
            "--unrecorded",
            help="Cả khi khóa không có trong danh sách, ví dụ sau khi khôi phục bản sao lưu. / "
            "Also a key that is not listed, e.g. after a restore.",
        ),
    ] = False,
    data_dir: DataDir = DATA_FOLDER,
) -> None:
    """Thu hồi khóa ngay; làm lại được. / End a key at once; may be repeated."""
    if PREFIX.fullmatch(prefix) is None:
        raise Misuse(
            f"“{prefix}” không phải phần đầu của khóa: ghi 12 chữ số sau ddk_, xem `dondoc keys list`.",
            f"“{prefix}” is no key's prefix: give the 12 digits after ddk_, see `dondoc keys list`.",
        )

    async def run() -> None:
        async with deployment(data_dir) as (settings, databases):
            await revoke_everywhere(databases, prefix, settings.tasks.make_clock(), unrecorded=unrecorded)

    try:
        asyncio.run(run())
    except NotFound as unknown:
        raise Stop(unknown.vi, unknown.en) from None
    out.print(f"Đã thu hồi / revoked {prefix}")


async def revoke_everywhere(
    databases: Databases, prefix: str, clock: Clock, *, unrecorded: bool = False
) -> None:
    """Record the revocation with tasks, whose log takes it to every service, then with each at once.

    Raises:
        NotFound: key_unknown.
    """
    with connecting("tasks", databases.tasks.url):
        async with databases.tasks.change(clock) as (session, at):
            revoked = await revoke_key(session, prefix, actor=SYSTEM, at=at, unrecorded=unrecorded)
    for service, database in databases.by_service.items():
        with connecting(service, database.url):
            async with database.change(clock) as (session, _):
                await record_revocation(session, prefix, at=revoked.revoked_at, expires_at=revoked.expires_at)


@app.command()
def reseal(data_dir: DataDir = DATA_FOLDER) -> None:
    """Mã hóa lại bí mật webhook bằng khóa bí mật mới. / Encrypt webhook secrets under the new secret key."""

    async def run() -> int:
        async with deployment(data_dir) as (settings, databases):
            await require_migrated("notify", databases.notify.url)
            cipher = SecretCipher(require_secrets(settings.notify))
            async with databases.notify.change(settings.notify.make_clock()) as (session, _):
                return await reseal_secrets(session, cipher)

    try:
        resealed = asyncio.run(run())
    except InvalidTag:
        raise Stop(
            "Có bí mật webhook không mở được bằng khóa bí mật mới hay cũ: đặt DONDOC_SECRET_KEY_PREVIOUS_FILE tới khóa "
            "đã dùng trước đó rồi chạy lại.",
            "A webhook secret opens with neither the new nor the previous secret key: point "
            "DONDOC_SECRET_KEY_PREVIOUS_FILE at the key that was in use before, then run again.",
        ) from None
    out.print(f"Đã mã hóa lại / resealed {resealed}")
