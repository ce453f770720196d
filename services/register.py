"""The services of the suite: one entry makes one known to the suite, the command, the topics and the documents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from fastapi import FastAPI

from services.datasets import main as datasets
from services.datasets import worker as datasets_worker
from services.datasets.settings import DatasetsSettings
from services.finance import main as finance
from services.finance import worker as finance_worker
from services.finance.settings import FinanceSettings
from services.notify import main as notify
from services.notify import worker as notify_worker
from services.notify.settings import NotifySettings
from services.tasks import main as tasks
from services.tasks import worker as tasks_worker
from services.tasks.settings import TasksSettings
from shared.events import datasets as datasets_events
from shared.events import finance as finance_events
from shared.events import notify as notify_events
from shared.events import tasks as tasks_events
from shared.events.envelope import EventData
from shared.http.app import Lifespan
from shared.log.bus import Source
from shared.log.bus.kafka import KafkaPublisher, KafkaSource
from shared.log.bus.kafka_connection import KafkaConnection
from shared.log.relay import CURSOR as RELAY
from shared.log.topics import REPLICATION, Topic, topics_of
from shared.platform.maintenance import Maintenance
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.health import Health
from shared.runtime.loops import Loop
from shared.runtime.settings import Settings
from shared.runtime.worker import Worker


def _none(_settings: Settings, _database: Database, _clock: Clock) -> Mapping[str, Loop]:
    return {}


class BuildApp(Protocol):
    """`settings` are of the service's own kind."""

    def __call__(
        self,
        settings: Any,
        database: Database,
        clock: Clock,
        *,
        health: Health,
        lifespan: Lifespan | None = None,
        operations: bool = True,
    ) -> FastAPI: ...


@dataclass(frozen=True)
class Service:
    """A service as those see it who start and describe it.

    Attributes:
        settings: what it reads from the environment.
        build_app: its HTTP application.
        build_worker: its loops: (settings, database, clock, *, publisher), and of one that hears, sources and dead_letter.
        events: the contracts of what it tells, by type.
        hears: the services whose logs it follows.
        serving_loops: what runs wherever its HTTP application does: (settings, database, clock).
    """

    settings: type[Settings]
    build_app: BuildApp
    build_worker: Callable[..., Worker]
    events: Mapping[str, type[EventData]]
    hears: tuple[str, ...] = ()
    serving_loops: Callable[[Any, Database, Clock], Mapping[str, Loop]] = _none


REGISTER: Mapping[str, Service] = {
    "tasks": Service(TasksSettings, tasks.build_app, tasks_worker.build_worker, tasks_events.EVENTS),
    "datasets": Service(
        DatasetsSettings,
        datasets.build_app,
        datasets_worker.build_worker,
        datasets_events.EVENTS,
        hears=("tasks",),
        serving_loops=datasets_worker.serving_loops,
    ),
    "finance": Service(
        FinanceSettings,
        finance.build_app,
        finance_worker.build_worker,
        finance_events.EVENTS,
        hears=("tasks",),
    ),
    "notify": Service(
        NotifySettings,
        notify.build_app,
        notify_worker.build_worker,
        notify_events.EVENTS,
        hears=("tasks", "datasets", "finance"),
    ),
}
SERVICES = tuple(REGISTER)


def build_worker(
    name: str,
    settings: Settings,
    database: Database,
    clock: Clock,
    *,
    source: Callable[[str], Source],
    publisher: KafkaPublisher | None,
) -> Worker:
    """The loops of a service; `source` gives the log of another, `publisher` is None where the outbox is the log."""
    service = REGISTER[name]
    more: dict[str, Any] = {}
    if service.hears:
        more["sources"] = [source(of) for of in service.hears]
        more["dead_letter"] = None if publisher is None else publisher.dead_letters(name)
    worker = service.build_worker(settings, database, clock, publisher=publisher, **more)
    readers = {RELAY} if publisher else {each for each, other in REGISTER.items() if name in other.hears}
    maintenance = Maintenance.of(settings, database, clock, readers=readers).loop()
    return replace(worker, loops={**worker.loops, f"{name}-maintenance": maintenance})


def worker_on_kafka(name: str, settings: Settings, database: Database, clock: Clock) -> Worker:
    """The loops of a service that relays its own log and follows the others' topics."""
    connection = KafkaConnection.from_settings(settings)

    def topic(of: str) -> Source:
        return KafkaSource(of, connection, consumer=name)

    return build_worker(name, settings, database, clock, source=topic, publisher=KafkaPublisher(connection))


def declared_topics(replication: int = REPLICATION) -> tuple[Topic, ...]:
    """Every topic of the suite, on a cluster that can hold `replication` copies."""
    return topics_of(SERVICES, [name for name, service in REGISTER.items() if service.hears], replication)
