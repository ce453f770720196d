"""`dondoc up`: the whole suite in one process, set up from nothing."""

import asyncio
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import func, select

from services.cli.console import Stop, err
from services.cli.environment import DATA_FOLDER, DataFolder, bind
from services.cli.greeting import SHOWN, Run, greet
from services.cli.keys import grant
from services.cli.serving import serve_until_stopped
from services.suite import SERVICES, Databases, SuiteSettings, build_suite, open_databases
from services.tasks.queries.status import moment
from services.tasks.queries.tasks import list_tasks
from services.tasks.use_cases.samples import load_samples
from services.tasks.use_cases.seeding import load_catalogue
from shared import logs
from shared.audit import SYSTEM
from shared.auth import authenticate
from shared.clock import Clock, local_date
from shared.database import AnyRow
from shared.embedded_postgres import write_secret
from shared.errors import Unauthenticated
from shared.migrations import prepare
from shared.outbox import outbox

WEEK = timedelta(days=7)


def up(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Địa chỉ lắng nghe. / Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Cổng. / Port.", min=0, max=65535)] = 8000,
    data_dir: Annotated[Path, typer.Option(help="Thư mục dữ liệu. / Data folder.")] = DATA_FOLDER,
    database_url: Annotated[
        str | None,
        typer.Option(help="PostgreSQL có sẵn thay cho bản nhúng. / A server instead of the embedded one."),
    ] = None,
    kafka: Annotated[
        str | None, typer.Option(help="Máy chủ Kafka host:port. / Kafka bootstrap servers.")
    ] = None,
    no_seed: Annotated[
        bool, typer.Option("--no-seed", help="Chỉ nạp danh mục. / Load the catalogue only.")
    ] = False,
    clock: Annotated[
        str | None, typer.Option(help="Đồng hồ mô phỏng bắt đầu tại ISO 8601. / Simulated clock starts here.")
    ] = None,
    speed: Annotated[float, typer.Option(help="Nhanh gấp mấy lần thời gian thật. / Times real time.")] = 1.0,
    allow_outgoing: Annotated[
        list[str] | None,
        typer.Option(help="CIDR nội bộ mà webhook được gọi tới. / Private CIDR webhooks may reach."),
    ] = None,
) -> None:
    """Khởi động toàn bộ hệ thống tại chỗ. / Start the whole suite here."""
    logs.configure(os.environ.get("DONDOC_LOG_LEVEL", "WARNING"), "suite")
    folder = DataFolder(data_dir)
    with folder.taken(), bind(host, port) as listener:
        port = listener.getsockname()[1]
        run = Run(
            f"http://{_shown(host)}:{port}", folder.admin_key_file, folder.path, options_given(context, port)
        )
        with folder.database(database_url or os.environ.get("DONDOC_DATABASE_URL")) as url:
            settings = folder.settings(
                url,
                host=host,
                public_url=os.environ.get("DONDOC_PUBLIC_URL", run.address),
                kafka=kafka,
                clock=_instant(clock),
                clock_speed=speed,
                allow_outgoing=",".join(allow_outgoing) if allow_outgoing else None,
            )
            try:
                asyncio.run(_run(run, settings, listener, seed=not no_seed))
            except KeyboardInterrupt:
                err.print("\nĐã dừng; dữ liệu còn nguyên. / Stopped; the data stay.")


def options_given(context: typer.Context, port: int) -> tuple[str, ...]:
    """The command line's options, to be given again; `port` is the one that `--port 0` came to."""
    words: list[str] = []
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if source is None or source.name != "COMMANDLINE":
            continue
        option, value = parameter.opts[0], context.params[name]
        if name == "port":
            value = port
        if value is True:
            words.append(option)
        else:
            for each in value if isinstance(value, list | tuple) else [value]:
                words += [option, str(each)]
    return tuple(words)


def _shown(host: str) -> str:
    host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - shown, not bound
    return f"[{host}]" if ":" in host else host


def _instant(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        raise Stop(
            f"--clock “{text}” không phải thời điểm ISO 8601, ví dụ 2025-05-20T08:00.",
            f"--clock “{text}” is no ISO 8601 instant, e.g. 2025-05-20T08:00.",
        ) from None


async def _run(run: Run, settings: SuiteSettings, listener: socket.socket, *, seed: bool) -> None:
    for service in SERVICES:
        await prepare(service, settings.tasks.database_for(service))
    databases = open_databases(settings)
    clock = settings.tasks.make_clock()
    try:
        await _refuse_earlier_clock(databases, clock)
        await _seed(databases, settings, clock, samples=seed)
        await make_admin_key(run.admin_key_file, databases, settings.tasks.secret, clock)

        async def tell() -> None:
            greet(run, settings.notify, await _due_this_week(databases, settings, clock))

        await serve_until_stopped(build_suite(settings, databases, clock), listener, tell)
    finally:
        await databases.close()


async def _refuse_earlier_clock(databases: Databases, clock: Clock) -> None:
    """What was recorded later than now would make history run backwards."""
    times = []
    for database in databases.all():
        async with database.reading() as connection:
            times.append(await connection.scalar(select(func.max(outbox.c.time))))
    last = max(filter(None, times), default=None)
    if last is not None and last > clock.now() + timedelta(minutes=1):
        raise Stop(
            f"Dữ liệu đã ghi đến {last:%d/%m/%Y %H:%M} UTC, sau thời điểm của đồng hồ: chọn --clock muộn hơn hoặc --data-dir khác.",
            f"The data were recorded until {last:%Y-%m-%d %H:%M} UTC, after the clock's time: choose a later --clock or another --data-dir.",
        )


async def _seed(databases: Databases, settings: SuiteSettings, clock: Clock, *, samples: bool) -> None:
    async with databases.tasks.transaction() as session:
        new = await load_catalogue(session, actor=SYSTEM, at=clock.now())
        if new and samples:
            before = settings.tasks.before_includes_day
            await load_samples(session, actor=SYSTEM, at=clock.now(), before_includes_day=before)


async def make_admin_key(file: Path, databases: Databases, pepper: bytes, clock: Clock) -> None:
    """Draw the admin key unless the one in `file`, which holds the key alone, is in force with every service."""
    if await _in_force(_read(file), databases, pepper, clock):
        return
    token = await grant(databases, pepper, clock, name="admin", role="admin")
    write_secret(file, token)


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace").strip() if file.exists() else ""


async def _in_force(token: str, databases: Databases, pepper: bytes, clock: Clock) -> bool:
    """False for a key of other databases, of another secret, revoked or expired."""
    try:
        for database in databases.all():
            async with database.reading() as connection:
                await authenticate(connection, pepper, token, clock.now())
    except Unauthenticated:
        return False
    return True


async def _due_this_week(databases: Databases, settings: SuiteSettings, clock: Clock) -> list[AnyRow]:
    now = clock.now()
    today = local_date(now)
    wanted = {
        "status": ["in_progress", "due_soon"],
        "due_after": today - timedelta(days=1),
        "due_before": today + WEEK,
    }
    async with databases.tasks.reading() as connection:
        asked = moment(today, now, settings.tasks.due_soon_days)
        return list(await list_tasks(connection, wanted, asked, after=None, limit=SHOWN))
