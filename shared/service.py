"""A service as data, and what is made of it: its HTTP application and its worker."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, FastAPI

from shared.events.envelope import EventData
from shared.events.schemas import EVENTS_OF
from shared.http.app import Lifespan, create_app
from shared.http.auth import Roles
from shared.http.routes import Context
from shared.keys.revocations import REVOCATION_HANDLERS
from shared.log.bus import DeadLetter, Source
from shared.log.bus.kafka import KafkaPublisher, KafkaSource
from shared.log.bus.kafka_connection import KafkaConnection
from shared.log.identity import log_check
from shared.log.inbox import Consumer, Handler
from shared.log.relay import CURSOR as RELAY
from shared.log.relay import notifier_loop, relay_loop
from shared.platform.maintenance import Maintenance
from shared.platform.retention import Retention
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.health import Check, Health, database_check
from shared.runtime.loops import Loop
from shared.runtime.settings import Settings
from shared.runtime.worker import Worker

DeadLetterSink = Callable[[DeadLetter], Awaitable[None]]


def _no_loops(_settings: Any, _database: Database, _clock: Clock) -> Mapping[str, Loop]:
    return {}


def _no_rules(_settings: Any) -> None:
    return


def _no_retention(_settings: Any) -> Mapping[Retention, timedelta]:
    return {}


def _no_handlers(_settings: Any, _clock: Clock) -> Mapping[str, Mapping[str, Handler]]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service's declaration. Functions of `settings` take an instance of its own type.

    Attributes:
        name: the first segment of its paths; names its database, topic, loops and metrics.
        settings: what it reads from the environment.
        title: of its API, shown above the reference.
        roles: the scopes of each role that a key may have.
        tags: of its routes, with their descriptions, in the order of the reference.
        body_limits: bytes by path, for routes that take more than the edge's default.
        webhooks: the calls that it makes, for its OpenAPI document.
        rules: settings of the domain's rules, which routes find in `app.state.rules`.
        work: the loops of its own that its worker runs.
        serving_loops: the loops that run wherever its HTTP application does.
        consumes: the services whose logs it follows.
        retention: how long rows of its own tables are kept, where that is not for ever.
        handlers: of the events that it consumes, by source and event type.
    """

    name: str
    settings: type[Settings]
    title: str
    roles: Roles
    tags: Mapping[str, str]
    routers: Sequence[APIRouter]
    body_limits: Mapping[str, int] = field(default_factory=dict)
    webhooks: APIRouter | None = None
    rules: Callable[[Any], object] = _no_rules
    work: Callable[[Any, Database, Clock], Mapping[str, Loop]]
    serving_loops: Callable[[Any, Database, Clock], Mapping[str, Loop]] = _no_loops
    consumes: tuple[str, ...] = ()
    retention: Callable[[Any], Mapping[Retention, timedelta]] = _no_retention
    handlers: Callable[[Any, Clock], Mapping[str, Mapping[str, Handler]]] = _no_handlers

    @property
    def events(self) -> Mapping[str, type[EventData]]:
        """The contracts of the events that it publishes, by type."""
        return EVENTS_OF[self.name]

    def build_app(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        *,
        health: Health,
        lifespan: Lifespan | None = None,
        operations: bool = True,
    ) -> FastAPI:
        """`operations` adds /healthz, /readyz and /metrics: false where a suite around this application has them."""
        app = create_app(
            Context(
                self.name,
                database,
                clock,
                settings.secrets,
                self.roles,
                settings.public_url,
                settings.changes_per_day,
            ),
            title=self.title,
            routers=self.routers,
            health=health,
            lifespan=lifespan,
            body_limits=self.body_limits,
            operations=operations,
            tags=self.tags,
        )
        if self.webhooks is not None:
            app.webhooks.include_router(self.webhooks)
        app.state.rules = self.rules(settings)
        return app

    def build_consumer(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        source: Source,
        dead_letter: DeadLetterSink | None = None,
    ) -> Consumer:
        handlers = {**REVOCATION_HANDLERS.get(source.name, {}), **self.handlers(settings, clock)[source.name]}
        return Consumer(self.name, database, clock, source, EVENTS_OF[source.name], handlers, dead_letter)

    def build_worker(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        *,
        source: Callable[[str], Source],
        readers: Collection[str] = (),
        publisher: KafkaPublisher | None = None,
    ) -> Worker:
        """All loops of the worker. `source` gives the log of another service.

        Without a publisher nothing is relayed: `readers` take the outbox as it is.
        """
        loops = dict(self.work(settings, database, clock))
        checks: dict[str, Check] = {
            f"{self.name}-database": database_check(database),
            f"{self.name}-restore": log_check(database),
        }
        readers = readers if publisher is None else {RELAY}
        maintenance = Maintenance.of(
            settings, database, clock, readers=readers, retention=self.retention(settings)
        )
        loops[f"{self.name}-maintenance"] = maintenance.loop()
        dead_letter = None if publisher is None else publisher.dead_letters(self.name)
        for name in self.consumes:
            followed = source(name)
            consumer = self.build_consumer(settings, database, clock, followed, dead_letter)
            loops[f"{self.name}-consume-{name}"] = consumer.loop()
            checks[f"{self.name}-source-{name}"] = followed.trouble
        if publisher is None:
            return Worker(loops, checks)
        loops[f"{self.name}-relay"] = relay_loop(self.name, database, publisher)
        loops[f"{self.name}-notifier"] = notifier_loop(database)
        checks[f"{self.name}-log"] = publisher.trouble
        return Worker(loops, checks, publisher.close)

    def worker_on_kafka(self, settings: Settings, database: Database, clock: Clock) -> Worker:
        """The worker of a service that relays its own log and follows the others' topics."""
        connection = KafkaConnection.from_settings(settings)

        def topic(of: str) -> Source:
            return KafkaSource(of, connection, consumer=self.name)

        return self.build_worker(
            settings, database, clock, source=topic, publisher=KafkaPublisher(connection)
        )
