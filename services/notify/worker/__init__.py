"""The loops of the notify service: reminders, deliveries, upkeep."""

from services.notify.settings import NotifySettings
from services.notify.worker.deliveries import DeliveryWorker
from services.notify.worker.reminders import next_due_instant, raise_batches, reminders_loop
from services.notify.worker.upkeep import upkeep_loop
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.worker import Worker

__all__ = ["next_due_instant", "raise_batches", "work"]


def work(settings: NotifySettings, database: Database, clock: Clock) -> Worker:
    deliveries = DeliveryWorker(database, clock, settings)
    loops = {
        "notify-reminders": reminders_loop(database, clock, settings),
        "notify-deliver": deliveries.run,
        "notify-upkeep": upkeep_loop(database, clock),
    }
    return Worker(loops, close=deliveries.close)
