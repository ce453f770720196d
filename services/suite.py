"""Every service in one process: the embedded default, on one port, with the same paths as behind the gateway."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from sqlalchemy import URL
from starlette.types import ASGIApp, Receive, Scope, Send

from services.notify import main as notify
from services.notify import worker as notify_worker
from services.notify.settings import NotifySettings
from services.tasks import main as tasks
from services.tasks import worker as tasks_worker
from services.tasks.settings import TasksSettings
from shared.app import Context, create_app
from shared.bus import Publisher, Source
from shared.bus.embedded import OutboxSource
from shared.bus.kafka import KafkaPublisher, KafkaSource
from shared.bus.kafka_connection import KafkaConnection
from shared.clock import Clock
from shared.database import Database
from shared.health import Health
from shared.loops import Loops
from shared.worker import Worker

SERVICES = ("tasks", "notify")
FIRST_PAGE = Path(__file__).parent / "first_page.html"


@dataclass(frozen=True)
class Databases:
    """One database per service: nobody reads another's tables, here neither."""

    tasks: Database
    notify: Database

    def all(self) -> tuple[Database, ...]:
        return (self.tasks, self.notify)

    async def close(self) -> None:
        for database in self.all():
            await database.close()


@dataclass(frozen=True)
class SuiteSettings:
    """Each service reads the same environment in its own shape."""

    tasks: TasksSettings
    notify: NotifySettings


def open_databases(settings: SuiteSettings) -> Databases:
    def database(service: str, url: URL) -> Database:
        return Database(url, pool_size=settings.tasks.database_pool_size, application=f"dondoc-{service}")

    return Databases(
        tasks=database("tasks", settings.tasks.database_for("tasks")),
        notify=database("notify", settings.notify.database_for("notify")),
    )


def build_suite(settings: SuiteSettings, databases: Databases, clock: Clock) -> FastAPI:
    """The application of all services; their loops run while it does."""
    workers = _workers(settings, databases, clock)
    loops = Loops({name: loop for worker in workers for name, loop in worker.loops.items()})
    health = Health({name: check for worker in workers for name, check in worker.checks.items()}, loops)
    apps = {
        "tasks": tasks.build_app(settings.tasks, databases.tasks, clock, health=health, operations=False),
        "notify": notify.build_app(settings.notify, databases.notify, clock, health=health, operations=False),
    }

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for worker in workers:
                stack.push_async_callback(worker.close)
            await stack.enter_async_context(loops.running())
            yield

    context = Context("suite", databases.tasks, clock, settings.tasks.secret)
    root = create_app(context, title="Đôn đốc", routers=(), health=health, lifespan=running)
    root.add_api_route("/", _first_page, include_in_schema=False)
    root.add_middleware(_ByService, apps=apps)
    return root


def _workers(settings: SuiteSettings, databases: Databases, clock: Clock) -> Sequence[Worker]:
    """With Kafka each service relays its own log and notify consumes the topic; without it notify reads the outbox."""
    tasks_publisher: Publisher | None = None
    notify_publisher: Publisher | None = None
    dead_letter = None
    source: Source = OutboxSource("tasks", databases.tasks, databases.notify)
    if settings.tasks.kafka is not None:
        connection = KafkaConnection.from_settings(settings.tasks)
        tasks_publisher = KafkaPublisher(connection)
        notify_publisher = to_kafka = KafkaPublisher(connection)
        dead_letter = to_kafka.dead_letters("notify")
        source = KafkaSource("tasks", connection, consumer="notify")
    return (
        tasks_worker.build_worker(settings.tasks, databases.tasks, clock, publisher=tasks_publisher),
        notify_worker.build_worker(
            settings.notify,
            databases.notify,
            clock,
            sources=[source],
            publisher=notify_publisher,
            dead_letter=dead_letter,
        ),
    )


async def _first_page() -> HTMLResponse:
    return HTMLResponse(FIRST_PAGE.read_text(encoding="utf-8"))


class _ByService:
    """Hands /tasks/… and /notify/… to their applications, paths unchanged; the rest is the suite's own."""

    def __init__(self, app: ASGIApp, apps: Mapping[str, ASGIApp]) -> None:
        self.app = app
        self.apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http":
            app = self.apps.get(scope["path"].removeprefix("/").partition("/")[0], self.app)
        await app(scope, receive, send)
