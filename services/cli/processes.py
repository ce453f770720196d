"""The processes of a deployment: serve, work, migrate, topics. All read the same environment."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from fastapi import FastAPI
from rich.table import Table

from services.cli.connections import prepare_database, require_migrated
from services.cli.console import AsJson, Stop, out, print_json
from services.cli.environment import bind, configure_logs, read_settings, require_secrets
from services.cli.serving import run, serve_until_stopped
from services.register import REGISTER, SERVICES, declared_topics
from services.suite import open_database
from shared.http.app import Lifespan, create_app
from shared.http.routes import Context
from shared.log.bus.kafka import TooFewBrokers, TopicRefused, create_topics
from shared.log.bus.kafka_connection import KafkaConnection
from shared.log.identity import log_check
from shared.log.relay import notifier_loop
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.health import Health, database_check
from shared.runtime.loops import Loops
from shared.runtime.settings import Settings
from shared.runtime.worker import Worker

Service = Annotated[str, typer.Argument(help=" | ".join(SERVICES))]


def serve(service: Service) -> None:
    """Phục vụ HTTP của một dịch vụ. / Serve one service's HTTP API."""
    _run(service, _serving)


def work(service: Service) -> None:
    """Chạy các vòng lặp của một dịch vụ. / Run one service's loops."""
    _run(service, _working)


Build = Callable[[str, Settings, Database, Clock], FastAPI]


def _run(service: str, build: Build) -> None:
    require_service(service)
    own = read_settings(databases=[service])[service]
    configure_logs(own.log_level, service)
    require_secrets(own)
    with bind(own.host, own.port) as listener:

        async def serving() -> None:
            database = open_database(service, own)
            try:
                await require_migrated(service, database.url)
                app = build(service, own, database, own.make_clock())
                await serve_until_stopped(app, listener)
            finally:
                await database.close()

        try:
            run(serving())
        except KeyboardInterrupt:
            return


def require_service(service: str, among: Collection[str] = SERVICES) -> None:
    if service not in among:
        raise Stop(
            f"Không có dịch vụ {service}: chọn {', '.join(among)}.",
            f"There is no service {service}: choose {', '.join(among)}.",
        )


def _serving(service: str, settings: Settings, database: Database, clock: Clock) -> FastAPI:
    """The API, with the loop that notifies relays in other processes of its commits."""
    entry = REGISTER[service]
    own = entry.serving_loops(settings, database, clock)
    loops = Loops({f"{service}-notifier": notifier_loop(database), **own})
    checks = {f"{service}-database": database_check(database), f"{service}-restore": log_check(database)}
    health = Health(checks, loops)
    lifespan = _lifespan(loops, None)
    return entry.build_app(settings, database, clock, health=health, lifespan=lifespan)


def _working(service: str, settings: Settings, database: Database, clock: Clock) -> FastAPI:
    """The loops of a service, with health and metrics over HTTP."""
    _require_kafka(settings)
    worker = REGISTER[service].worker_on_kafka(settings, database, clock)
    loops = Loops(worker.loops)
    context = Context(service, database, clock, settings.secrets, REGISTER[service].roles)
    return create_app(
        context,
        title=f"Đôn đốc: {service} worker",
        routers=(),
        health=Health(dict(worker.checks), loops),
        lifespan=_lifespan(loops, worker),
    )


def _require_kafka(settings: Settings) -> None:
    if not settings.kafka:
        raise Stop(
            "Các tiến trình riêng trao đổi qua Kafka: đặt DONDOC_KAFKA (host:port).",
            "Separate processes speak through Kafka: set DONDOC_KAFKA (host:port).",
        )


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
        require_service(name)
        url = read_settings(databases=[name])[name].database_for(name)
        created = asyncio.run(prepare_database(name, url))
        out.print(f"{name}: {'đã tạo / created' if created else 'đã cập nhật / up to date'} ({url.database})")


def topics(as_json: AsJson = False) -> None:
    """Tạo các topic Kafka còn thiếu. / Create the Kafka topics that are missing."""
    settings = read_settings(databases=()).tasks
    _require_kafka(settings)
    found = _topics_created(KafkaConnection.from_settings(settings), settings.kafka_replication)
    if as_json:
        print_json(found)
        return
    for name, state in found.items():
        out.print(f"{name}: {state}")


def _topics_created(connection: KafkaConnection, replication: int) -> dict[str, str]:
    try:
        return asyncio.run(create_topics(connection, declared_topics(replication)))
    except ConnectionError:
        raise Stop(
            f"Không kết nối được Kafka tại {connection.bootstrap}: kiểm tra DONDOC_KAFKA và máy chủ Kafka rồi chạy lại.",
            f"No Kafka broker answers at {connection.bootstrap}: check DONDOC_KAFKA and the broker, then run again.",
        ) from None
    except TooFewBrokers as few:
        raise Stop(
            f"Cụm Kafka có {few.brokers} máy chủ, không giữ được {few.replication} bản sao của mỗi sự kiện: đặt "
            f"DONDOC_KAFKA_REPLICATION={few.brokers}, hoặc thêm máy chủ, rồi chạy lại.",
            f"The Kafka cluster has {few.brokers} broker(s), which cannot hold {few.replication} copies of each event: "
            f"set DONDOC_KAFKA_REPLICATION={few.brokers}, or add brokers, then run again.",
        ) from None
    except TopicRefused as refused:
        raise Stop(
            f"Kafka không tạo topic {refused.topic} ({refused}): cấp quyền tạo topic cho người dùng của "
            "DONDOC_KAFKA_USERNAME, hoặc tạo theo deploy/topics.yml, rồi chạy lại.",
            f"Kafka does not create the topic {refused.topic} ({refused}): grant the user of DONDOC_KAFKA_USERNAME the "
            "right to create topics, or create it as deploy/topics.yml says, then run again.",
        ) from None


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
    kinds: list[type[Settings]] = [Settings, *(service.settings for service in REGISTER.values())]
    fields = {name: field for kind in kinds for name, field in kind.model_fields.items()}
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
