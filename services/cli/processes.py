"""What a deployment runs, one process each: serve, work, migrate, topics. All read the same environment."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from fastapi import FastAPI
from rich.table import Table

from services.cli.console import AsJson, Stop, out, print_json
from services.cli.environment import bind, read_settings
from services.cli.serving import serve_until_stopped
from services.notify import main as notify
from services.notify import worker as notify_worker
from services.notify.settings import NotifySettings
from services.suite import SERVICES, SuiteSettings
from services.tasks import main as tasks
from services.tasks import worker as tasks_worker
from services.tasks.settings import TasksSettings
from shared import logs
from shared.app import Context, Lifespan, create_app
from shared.bus.kafka import KafkaPublisher, KafkaSource, create_topics
from shared.bus.kafka_connection import KafkaConnection
from shared.clock import Clock
from shared.database import Database
from shared.health import Health, database_check
from shared.loops import Loops
from shared.migrations import needs_migration, prepare
from shared.relay import notifier_loop
from shared.settings import Settings
from shared.topics import declared_topics
from shared.worker import Worker

Service = Annotated[str, typer.Argument(help=" | ".join(SERVICES))]


def serve(service: Service) -> None:
    """Phục vụ HTTP của một dịch vụ. / Serve one service's HTTP API."""
    _run(service, _serving)


def work(service: Service) -> None:
    """Chạy các vòng lặp của một dịch vụ. / Run one service's loops."""
    _run(service, _working)


Build = Callable[[str, SuiteSettings, Database, Clock], FastAPI]


def _run(service: str, build: Build) -> None:
    _require_service(service)
    settings = read_settings()
    own = _own(settings, service)
    logs.configure(own.log_level, service)
    with bind(own.host, own.port) as listener:

        async def run() -> None:
            database = Database(
                own.database_for(service), pool_size=own.database_pool_size, application=f"dondoc-{service}"
            )
            try:
                await _require_migrated(service, own)
                app = build(service, settings, database, own.make_clock())
                await serve_until_stopped(app, listener)
            finally:
                await database.close()

        try:
            asyncio.run(run())
        except KeyboardInterrupt:
            return


def _require_service(service: str) -> None:
    if service not in SERVICES:
        raise Stop(
            f"Không có dịch vụ {service}: chọn {', '.join(SERVICES)}.",
            f"There is no service {service}: choose {', '.join(SERVICES)}.",
        )


def _own(settings: SuiteSettings, service: str) -> Settings:
    own = getattr(settings, service)
    assert isinstance(own, Settings)  # noqa: S101 - SuiteSettings has one field per service
    return own


async def _require_migrated(service: str, settings: Settings) -> None:
    if await needs_migration(service, settings.database_for(service)):
        raise Stop(
            f"Cơ sở dữ liệu của {service} chưa ở bản mới: chạy `dondoc migrate {service}` trước.",
            f"The database of {service} is behind: run `dondoc migrate {service}` first.",
        )


def _serving(service: str, settings: SuiteSettings, database: Database, clock: Clock) -> FastAPI:
    """The API; it tells relays in other processes of its commits."""
    loops = Loops({f"{service}-notifier": notifier_loop(database)})
    health = Health({f"{service}-database": database_check(database)}, loops)
    lifespan = _lifespan(loops, None)
    if service == "tasks":
        return tasks.build_app(settings.tasks, database, clock, health=health, lifespan=lifespan)
    return notify.build_app(settings.notify, database, clock, health=health, lifespan=lifespan)


def _working(service: str, settings: SuiteSettings, database: Database, clock: Clock) -> FastAPI:
    """Health and metrics beside the loops."""
    connection = _kafka(_own(settings, service))
    publisher = KafkaPublisher(connection)
    if service == "tasks":
        worker = tasks_worker.build_worker(settings.tasks, database, clock, publisher=publisher)
    else:
        sources = [KafkaSource("tasks", connection, consumer="notify")]
        worker = notify_worker.build_worker(
            settings.notify,
            database,
            clock,
            sources=sources,
            publisher=publisher,
            dead_letter=publisher.dead_letters("notify"),
        )
    loops = Loops(worker.loops)
    context = Context(service, database, clock, _own(settings, service).secret)
    return create_app(
        context,
        title=f"Đôn đốc: {service} worker",
        routers=(),
        health=Health(dict(worker.checks), loops),
        lifespan=_lifespan(loops, worker),
    )


def _kafka(settings: Settings) -> KafkaConnection:
    if settings.kafka is None:
        raise Stop(
            "Các tiến trình riêng trao đổi qua Kafka: đặt DONDOC_KAFKA (host:port).",
            "Separate processes speak through Kafka: set DONDOC_KAFKA (host:port).",
        )
    return KafkaConnection.from_settings(settings)


def _lifespan(loops: Loops, worker: Worker | None) -> Lifespan:
    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        try:
            async with loops.running():
                yield
        finally:
            if worker is not None:
                await worker.close()

    return running


def migrate_databases(
    service: Annotated[str | None, typer.Argument(help="Mặc định: tất cả. / Default: all.")] = None,
) -> None:
    """Đưa cơ sở dữ liệu lên bản mới nhất. / Bring the databases to the newest form."""
    for name in [service] if service else SERVICES:
        _require_service(name)
        url = read_settings().tasks.database_for(name)
        created = asyncio.run(prepare(name, url))
        out.print(f"{name}: {'đã tạo / created' if created else 'đã cập nhật / up to date'} ({url.database})")


def topics(as_json: AsJson = False) -> None:
    """Tạo các topic Kafka còn thiếu. / Create the Kafka topics that are missing."""
    settings = read_settings().tasks
    found = asyncio.run(create_topics(_kafka(settings), declared_topics(settings.kafka_replication)))
    if as_json:
        print_json(found)
        return
    for name, state in found.items():
        out.print(f"{name}: {state}")


def list_settings(as_json: AsJson = False) -> None:
    """Các biến môi trường mà mọi tiến trình đọc. / The environment variables that every process reads."""
    rows = settings_reference()
    if as_json:
        print_json(rows)
        return
    table = Table("biến / variable", "mặc định / default", "đang đặt / set", "ý nghĩa / meaning")
    for row in rows:
        given = "✓" if row["variable"] in os.environ else ""
        table.add_row(row["variable"], row["default"], given, row["meaning"])
    out.print(table)


def settings_reference() -> list[dict[str, str]]:
    """Every variable with its default and meaning; those of all processes first."""
    fields = {**Settings.model_fields, **TasksSettings.model_fields, **NotifySettings.model_fields}
    return [
        {
            "variable": f"DONDOC_{name.upper()}",
            "default": "bắt buộc / required" if field.is_required() else _default(field.default),
            "meaning": field.description or "",
        }
        for name, field in fields.items()
    ]


def _default(value: object) -> str:
    return "" if value is None or value == () else str(value)
