"""`dondoc up`: the whole suite in one process, set up from nothing."""

import asyncio
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import func, select

from services.cli.console import Stop, err, out
from services.cli.environment import DATA_FOLDER, DataFolder, bind
from services.cli.keys import grant
from services.cli.serving import serve_until_stopped
from services.suite import SERVICES, Databases, SuiteSettings, build_suite, open_databases
from services.tasks.queries.status import moment
from services.tasks.queries.tasks import list_tasks
from services.tasks.use_cases.samples import load_samples
from services.tasks.use_cases.seeding import load_catalogue
from shared import logs
from shared.audit import SYSTEM
from shared.clock import Clock, local_date
from shared.database import AnyRow
from shared.embedded_postgres import write_secret
from shared.migrations import create_database, migrate
from shared.outbox import outbox

WEEK = timedelta(days=7)
SHOWN = 5


def up(
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
        address = f"http://{_shown(host)}:{listener.getsockname()[1]}"
        with folder.database(database_url or os.environ.get("DONDOC_DATABASE_URL")) as url:
            settings = folder.settings(
                url,
                host=host,
                public_url=os.environ.get("DONDOC_PUBLIC_URL", address),
                kafka=kafka,
                clock=_instant(clock),
                clock_speed=speed,
                allow_outgoing=",".join(allow_outgoing) if allow_outgoing else None,
            )
            try:
                asyncio.run(_run(folder, settings, listener, address, seed=not no_seed))
            except KeyboardInterrupt:
                err.print("\nĐã dừng; dữ liệu còn nguyên. / Stopped; the data stay.")


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


async def _run(
    folder: DataFolder, settings: SuiteSettings, listener: socket.socket, address: str, *, seed: bool
) -> None:
    for service in SERVICES:
        url = settings.tasks.database_for(service)
        await create_database(url)
        await migrate(service, url)
    databases = open_databases(settings)
    clock = settings.tasks.make_clock()
    try:
        await _refuse_earlier_clock(databases, clock)
        await _seed(databases, settings, clock, samples=seed)
        await _make_admin_key(folder, databases, settings, clock)

        async def greet() -> None:
            _greet(folder, settings, address, await _due_this_week(databases, settings, clock))

        await serve_until_stopped(build_suite(settings, databases, clock), listener, greet)
    finally:
        await databases.close()


async def _refuse_earlier_clock(databases: Databases, clock: Clock) -> None:
    """What was recorded later than now would make history run backwards."""
    async with databases.tasks.reading() as connection:
        last = (await connection.execute(select(func.max(outbox.c.time)))).scalar_one()
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


async def _make_admin_key(
    folder: DataFolder, databases: Databases, settings: SuiteSettings, clock: Clock
) -> None:
    """The first start draws the admin key; its file holds the key alone."""
    if folder.admin_key_file.exists():
        return
    token = await grant(databases, settings.tasks.secret, clock, name="admin", role="admin")
    write_secret(folder.admin_key_file, token)


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


def _greet(folder: DataFolder, settings: SuiteSettings, address: str, due: list[AnyRow]) -> None:
    out.print(f"\n[bold]Đôn đốc[/] đang chạy tại / runs at [link={address}]{address}[/]")
    places = Table.grid(padding=(0, 2))
    places.add_row("API", f"{address}/tasks/docs   {address}/notify/docs")
    places.add_row("Trạng thái / health", f"{address}/readyz   {address}/metrics")
    places.add_row("Khóa quản trị / admin key", str(folder.admin_key_file))
    places.add_row("Dữ liệu / data", str(folder.path))
    out.print(places)
    out.print(
        "\n[bold]Đến hạn trong tuần / due this week[/]"
        if due
        else "\nTuần này không có hạn. / Nothing is due this week."
    )
    for row in due[:SHOWN]:
        out.print(f"  {row.due_on:%d/%m/%Y}  {row.title}", soft_wrap=True)
    if len(due) > SHOWN:
        out.print("  …")
    out.print("\n[bold]Thử tiếp / try next[/]")
    for line in _next_commands(folder, settings, address):
        out.print(f"  {line}", soft_wrap=True, highlight=False)
    out.print("\nCtrl-C để dừng. / Ctrl-C stops it.")


def _next_commands(folder: DataFolder, settings: SuiteSettings, address: str) -> list[str]:
    key = f'"Authorization: Bearer $(cat {folder.admin_key_file})"'
    port = f" --url {address}" if address != "http://127.0.0.1:8000" else ""
    listen = f".venv/bin/dondoc listen --agency G09{port}"
    if not settings.notify.allow_outgoing:
        listen = "make up ARGS='--allow-outgoing 127.0.0.1/32'   (rồi / then)   " + listen
    return [
        f"curl -H {key} '{address}/tasks/v1/statistics?group_by=bloc'",
        f"curl -H {key} '{address}/tasks/v1/tasks?status=overdue&status=due_soon&limit=5'",
        listen,
    ]
