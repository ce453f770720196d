"""The long-running work of the notify service: consuming, raising, delivering, relaying."""

from collections.abc import Awaitable, Callable, Sequence

from services.notify.consumers import consumer
from services.notify.settings import NotifySettings
from services.notify.worker.deliveries import DeliveryWorker
from services.notify.worker.raising import next_due_instant, raise_due, reminders_loop
from services.notify.worker.upkeep import upkeep_loop
from shared.log.bus import DeadLetter, Publisher, Source
from shared.log.relay import notifier_loop, relay_loop
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.health import Check, database_check
from shared.runtime.loops import Loop
from shared.runtime.worker import Worker

__all__ = ["build_worker", "next_due_instant", "raise_due"]


def build_worker(
    settings: NotifySettings,
    database: Database,
    clock: Clock,
    *,
    sources: Sequence[Source],
    publisher: Publisher | None,
    dead_letter: Callable[[DeadLetter], Awaitable[None]] | None = None,
) -> Worker:
    """The loops of a process; without a publisher readers take the outbox as it is, and nothing is relayed."""
    deliveries = DeliveryWorker(database, clock, settings)
    loops: dict[str, Loop] = {
        "notify-reminders": reminders_loop(database, clock, settings),
        "notify-deliver": deliveries.run,
        "notify-upkeep": upkeep_loop(database, clock),
    }
    checks: dict[str, Check] = {"notify-database": database_check(database)}
    for source in sources:
        loops[f"notify-consume-{source.name}"] = consumer(
            database, source, clock, settings.terms, dead_letter
        ).loop()
        checks[f"notify-source-{source.name}"] = source.trouble
    if publisher is not None:
        loops["notify-relay"] = relay_loop("notify", database, publisher)
        loops["notify-notifier"] = notifier_loop(database)
        checks["notify-log"] = publisher.trouble

    async def close() -> None:
        await deliveries.close()
        if publisher is not None:
            await publisher.close()

    return Worker(loops, checks, close)
