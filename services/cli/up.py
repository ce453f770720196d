"""`dondoc up`: the whole suite in one process, set up from nothing."""

import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import func, make_url, select
from sqlalchemy.exc import ArgumentError

from services.cli import serving
from services.cli.banner import Run, print_banner
from services.cli.connections import prepare_database
from services.cli.console import Misuse, Stop, err
from services.cli.deployment import DataDir
from services.cli.environment import DATA_FOLDER, DataFolder, bind, configure_logs, require_clock
from services.cli.keys import issue_key
from services.cli.seed import seed
from services.cli.summary import read_summary
from services.register import SERVICES
from services.roles import ROLES
from services.suite import Databases, SuiteSettings, build_suite, open_databases
from shared.errors import Unauthenticated
from shared.events.tasks import KeyIssued, KeyRevoked
from shared.http.auth import KeyVerifier
from shared.keys.tokens import ApiKey, KeySigner, draw_key
from shared.log.outbox import outbox
from shared.runtime.clock import LOCAL_ZONE, Clock
from shared.runtime.embedded_postgres import EmbeddedPostgres, write_secret

Host = Annotated[str, typer.Option(envvar="DONDOC_HOST", help="Địa chỉ lắng nghe. / Address to listen on.")]
Port = Annotated[int, typer.Option(envvar="DONDOC_PORT", help="Cổng. / Port.", min=0, max=65535)]
Server = Annotated[
    str | None,
    typer.Option(help="PostgreSQL có sẵn thay cho bản nhúng. / A server instead of the embedded one."),
]
Kafka = Annotated[str | None, typer.Option(help="Máy chủ Kafka host:port. / Kafka bootstrap servers.")]
NoSeed = Annotated[bool, typer.Option("--no-seed", help="Chỉ nạp danh mục. / Load the catalogue only.")]
Start = Annotated[
    str | None, typer.Option(help="Đồng hồ mô phỏng bắt đầu tại ISO 8601. / Simulated clock starts here.")
]
Speed = Annotated[float | None, typer.Option(help="Nhanh gấp mấy lần thời gian thật. / Times real time.")]
Admitted = Annotated[
    list[str] | None,
    typer.Option(
        help="CIDR nội bộ, có thể kèm :cổng, mà webhook được gọi tới. / Private CIDR, or CIDR:port, webhooks may reach."
    ),
]


def up(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data_dir: DataDir = DATA_FOLDER,
    database_url: Server = None,
    kafka: Kafka = None,
    no_seed: NoSeed = False,
    clock: Start = None,
    speed: Speed = None,
    allow_outgoing: Admitted = None,
) -> None:
    """Khởi động toàn bộ hệ thống tại chỗ. / Start the whole suite here."""
    configure_logs(os.environ.get("DONDOC_LOG_LEVEL", "WARNING"), "suite")
    start = _instant(clock)
    require_clock(start, 1.0 if speed is None else speed)
    folder = DataFolder(data_dir)
    with folder.taken(), bind(host, port) as listener:
        run = _described(context, folder, host, listener.getsockname()[1])
        if database_url is None:
            database_url = os.environ.get("DONDOC_DATABASE_URL")
        with folder.database(database_url) as url:
            settings = folder.settings(
                url,
                host=host,
                public_url=os.environ.get("DONDOC_PUBLIC_URL", run.address),
                kafka=kafka,
                clock=start,
                clock_speed=speed,
                allow_outgoing=",".join(allow_outgoing) if allow_outgoing else None,
            )
            try:
                serving.run(_run(run, settings, listener, folder.server, with_samples=not no_seed))
            except KeyboardInterrupt:
                err.print("\nĐã dừng; dữ liệu còn nguyên. / Stopped; the data stay.")


def _described(context: typer.Context, folder: DataFolder, host: str, port: int) -> Run:
    given = context.params["database_url"]
    return Run(
        f"http://{_shown(host)}:{port}",
        folder.admin_key_file,
        folder.path,
        options_given(context, port),
        asks_for_url=given is not None and holds_password(given),
    )


def options_given(context: typer.Context, port: int) -> tuple[str, ...]:
    """The command line's options, to be given again; `port` is the one bound, also for `--port 0`.

    A URL with a password is left out, so that it does not get into a shell's history.
    """
    words: list[str] = []
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if source is None or source.name != "COMMANDLINE":
            continue
        option, value = parameter.opts[0], context.params[name]
        if name == "database_url" and holds_password(value):
            continue
        if name == "port":
            value = port
        if value is True:
            words.append(option)
        else:
            for each in value if isinstance(value, list | tuple) else [value]:
                words += [option, str(each)]
    return tuple(words)


def holds_password(database_url: str) -> bool:
    """Also true of text that is no URL, since any part of it may be a password."""
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        return True
    return url.password is not None or "password" in url.query


def _shown(host: str) -> str:
    host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - shown, not bound
    return f"[{host}]" if ":" in host else host


def _instant(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        raise Misuse(
            f"--clock “{text}” không phải thời điểm ISO 8601, ví dụ 2025-05-20T08:00.",
            f"--clock “{text}” is no ISO 8601 instant, e.g. 2025-05-20T08:00.",
        ) from None


async def _run(
    run: Run,
    settings: SuiteSettings,
    listener: socket.socket,
    server: EmbeddedPostgres | None,
    *,
    with_samples: bool,
) -> None:
    """Raises Stop when the embedded `server` has ended: who started the suite starts both again."""
    for service in SERVICES:
        await prepare_database(service, settings.tasks.database_for(service))
    databases = open_databases(settings)
    clock = settings.tasks.make_clock()
    try:
        await _refuse_earlier_clock(databases, clock)
        await seed(databases, settings, clock, samples=with_samples)
        await make_admin_key(run.admin_key_file, databases, settings.tasks.secrets, clock)

        async def tell() -> None:
            print_banner(run, settings.notify, await read_summary(databases, settings, clock))

        app = build_suite(settings, databases, clock, folder=run.data)
        watch = partial(_watch, server, run.data) if server else None
        await serving.serve_until_stopped(app, listener, tell, watch)
    finally:
        await databases.close()


async def _watch(server: EmbeddedPostgres, folder: Path) -> None:
    await server.ended()
    raise Stop(
        f"PostgreSQL nhúng đã dừng ngoài ý muốn nên hệ thống dừng theo; dữ liệu đã ghi còn nguyên. Xem {folder}/postgres/log, "
        "rồi khởi động lại.",
        f"The embedded PostgreSQL has ended, and the suite with it; what was recorded stays. See {folder}/postgres/log, "
        "then start again.",
    )


async def _refuse_earlier_clock(databases: Databases, clock: Clock) -> None:
    """Refuse a clock that is before the newest event.

    Keys do not count: commands issue and revoke them on real time beside a suite on a simulated clock.
    """
    of_keys = (KeyIssued.event_type, KeyRevoked.event_type)
    newest = select(func.max(outbox.c.time)).where(outbox.c.type.not_in(of_keys))
    times = []
    for database in databases.all():
        async with database.reading() as connection:
            times.append(await connection.scalar(newest))
    last = max(filter(None, times), default=None)
    if last is not None and last > clock.now() + timedelta(minutes=1):
        until = last.astimezone(LOCAL_ZONE).isoformat(timespec="seconds")
        raise Stop(
            f"Dữ liệu đã ghi đến {until}, sau thời điểm của đồng hồ: chọn --clock muộn hơn, hoặc --data-dir khác.",
            f"The data were recorded until {until}, after the clock's time: choose a later --clock, or another --data-dir.",
        )


async def make_admin_key(file: Path, databases: Databases, secrets: Sequence[bytes], clock: Clock) -> None:
    """Issue the admin key unless the one in `file`, which holds the key alone, is accepted by every service.

    The key in the file is recorded in any case: after an interrupted start, or beside databases of another run.
    """
    token = _read(file)
    key = KeySigner(secrets).read(token) if await _is_accepted(token, databases, secrets, clock) else None
    signed = await issue_key(databases.tasks, secrets, key or _admin(), clock)
    if signed != token:
        write_secret(file, signed)


def _admin() -> ApiKey:
    """The operator's own key; it sees the money of every field."""
    return draw_key("admin", "admin", defence_security=True)


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace").strip() if file.exists() else ""


async def _is_accepted(token: str, databases: Databases, secrets: Sequence[bytes], clock: Clock) -> bool:
    """False for a key of another secret, revoked or expired."""
    try:
        for database in databases.all():
            await KeyVerifier(secrets, ROLES, database, clock).verify(token)
    except Unauthenticated:
        return False
    return True
