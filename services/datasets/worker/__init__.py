"""The long-running work of the datasets service: following agencies, watching databases, relaying its log."""

from collections.abc import Awaitable, Callable, Sequence

from services.datasets.consumers import consumer
from services.datasets.settings import DatasetsSettings
from services.datasets.worker.beats import intake_loop, leave_beat
from services.datasets.worker.metrics import figures_loop
from services.datasets.worker.watching import watch_due, watch_loop
from shared.log.bus import DeadLetter, Publisher, Source
from shared.log.relay import notifier_loop, relay_loop
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.health import Check, database_check
from shared.runtime.loops import Loop
from shared.runtime.worker import Worker

__all__ = ["build_worker", "leave_beat", "serving_loops", "watch_due"]


def serving_loops(settings: DatasetsSettings, database: Database, clock: Clock) -> dict[str, Loop]:
    """The loops of a process that serves HTTP."""
    return {"datasets-intake": intake_loop(database, clock, settings)}


def build_worker(
    settings: DatasetsSettings,
    database: Database,
    clock: Clock,
    *,
    sources: Sequence[Source],
    publisher: Publisher | None,
    dead_letter: Callable[[DeadLetter], Awaitable[None]] | None = None,
) -> Worker:
    """The loops of a process; without a publisher readers take the outbox as it is, and nothing is relayed."""
    loops: dict[str, Loop] = {
        "datasets-watch": watch_loop(database, clock, settings),
        "datasets-figures": figures_loop(database, clock, settings),
    }
    checks: dict[str, Check] = {"datasets-database": database_check(database)}
    for source in sources:
        loops[f"datasets-consume-{source.name}"] = consumer(database, source, clock, dead_letter).loop()
        checks[f"datasets-source-{source.name}"] = source.trouble
    if publisher is None:
        return Worker(loops, checks)
    loops["datasets-relay"] = relay_loop("datasets", database, publisher)
    loops["datasets-notifier"] = notifier_loop(database)
    checks["datasets-log"] = publisher.trouble
    return Worker(loops, checks, publisher.close)
