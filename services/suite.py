"""Every service in one process: the embedded default, on one port, with the same paths as behind the gateway."""

import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from html import escape
from ipaddress import ip_address
from pathlib import Path
from string import Template
from typing import Any, Self
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from services.notify.settings import NotifySettings
from services.register import REGISTER, consumers_of
from services.roles import ROLES
from services.tasks.settings import TasksSettings
from shared.http.app import create_app
from shared.http.pages.layout import POLICY, page
from shared.http.routes import Context
from shared.log.bus import Source
from shared.log.bus.embedded import OutboxSource
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.health import Health
from shared.runtime.loops import Loops
from shared.runtime.settings import Settings
from shared.runtime.worker import Worker

FIRST_PAGE = Path(__file__).parent / "first_page.html"


@dataclass(frozen=True)
class Databases:
    """One database per service; no service reads another's tables."""

    by_service: Mapping[str, Database]

    def __getitem__(self, service: str) -> Database:
        return self.by_service[service]

    @property
    def tasks(self) -> Database:
        return self["tasks"]

    @property
    def notify(self) -> Database:
        return self["notify"]

    def all(self) -> tuple[Database, ...]:
        return tuple(self.by_service.values())

    async def close(self) -> None:
        for database in self.all():
            await database.close()


@dataclass(frozen=True)
class SuiteSettings:
    """The settings of each service, read from one environment."""

    by_service: Mapping[str, Settings]

    @classmethod
    def read(cls, **given: Any) -> Self:
        """From the arguments, over the environment. Raises pydantic's ValidationError."""
        return cls({name: service.settings(**given) for name, service in REGISTER.items()})

    def __getitem__(self, service: str) -> Settings:
        return self.by_service[service]

    @property
    def tasks(self) -> TasksSettings:
        found = self["tasks"]
        assert isinstance(found, TasksSettings)  # noqa: S101 - as registered
        return found

    @property
    def notify(self) -> NotifySettings:
        found = self["notify"]
        assert isinstance(found, NotifySettings)  # noqa: S101 - as registered
        return found


def open_databases(settings: SuiteSettings) -> Databases:
    return Databases({name: open_database(name, own) for name, own in settings.by_service.items()})


def open_database(service: str, settings: Settings) -> Database:
    return Database(
        settings.database_for(service),
        pool_size=settings.database_pool_size,
        application=f"dondoc-{service}",
    )


def build_suite(
    settings: SuiteSettings, databases: Databases, clock: Clock, *, folder: Path | None = None
) -> FastAPI:
    """The application of all services; their loops run while it does. `folder` holds the data and the admin key."""
    workers = [_worker(name, settings, databases, clock) for name in REGISTER]
    mappings = [worker.loops for worker in workers]
    mappings += [
        each.serving_loops(settings[name], databases[name], clock) for name, each in REGISTER.items()
    ]
    loops = Loops({name: loop for mapping in mappings for name, loop in mapping.items()})
    health = Health({name: check for worker in workers for name, check in worker.checks.items()}, loops)
    apps = {
        name: service.build_app(settings[name], databases[name], clock, health=health, operations=False)
        for name, service in REGISTER.items()
    }

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for worker in workers:
                stack.push_async_callback(worker.close)
            await stack.enter_async_context(loops.running())
            yield

    context = Context("suite", databases.tasks, clock, settings.tasks.secrets, ROLES)
    root = create_app(context, title="Đôn đốc", routers=(), health=health, lifespan=running)
    root.add_api_route("/", _first_page(settings.tasks.public_url, folder), include_in_schema=False)
    root.add_middleware(_ByService, apps=apps)
    return root


def _worker(name: str, settings: SuiteSettings, databases: Databases, clock: Clock) -> Worker:
    """With Kafka each service relays its own log and consumes others' topics; without it, others' outboxes."""
    service, own = REGISTER[name], settings[name]
    if own.kafka is not None:
        return service.worker_on_kafka(own, databases[name], clock)

    def outbox(of: str) -> Source:
        return OutboxSource(of, databases[of], databases[name])

    return service.build_worker(own, databases[name], clock, source=outbox, readers=consumers_of(name))


def _first_page(address: str, folder: Path | None) -> Callable[[Request], Awaitable[HTMLResponse]]:
    template = Template(FIRST_PAGE.read_text(encoding="utf-8"))

    async def first_page(request: Request) -> HTMLResponse:
        """The address of this run and, for someone on this machine, its data folder."""
        seen = folder if _is_of_this_machine(request, address) else None
        places = [("Địa chỉ / address", address)]
        places += [("Dữ liệu / data", str(seen))] if seen else []
        rows = [f"    <li>{name} <code>{escape(place)}</code></li>" for name, place in places]
        key = shlex.quote(str(seen / "admin.key")) if seen else ".dondoc/admin.key"
        command = f'curl -H "Authorization: Bearer $(cat {key})" {address}/tasks/v1/statistics'
        content = template.substitute(places="\n".join(rows), command=escape(command, quote=False))
        return page("Đôn đốc", content, POLICY)

    return first_page


def _is_of_this_machine(request: Request, address: str) -> bool:
    """True if client, Host header and public address are all loopback, without a proxy between.

    A page with DNS rebinding sends its own name as Host. A proxy adds a forwarding header; one that does not speaks
    HTTP/1.0, as nginx does by default, or serves an address that is not loopback.
    """
    relayed = {"forwarded", "x-forwarded-for", "x-real-ip", "via"} & set(request.headers.keys())
    if relayed or request.scope["http_version"] == "1.0":
        return False
    names = (request.client.host if request.client else "", request.url.hostname, urlsplit(address).hostname)
    return all(map(_is_loopback, names))


def _is_loopback(name: str | None) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name or "").is_loopback
    except ValueError:
        return False


class _ByService:
    """Routes /tasks/…, /notify/… and so on to their applications, paths unchanged; the rest to the suite's own."""

    def __init__(self, app: ASGIApp, apps: Mapping[str, ASGIApp]) -> None:
        self.app = app
        self.apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http":
            app = self.apps.get(scope["path"].removeprefix("/").partition("/")[0], self.app)
        await app(scope, receive, send)
