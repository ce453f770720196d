"""The loops of the notify service: reminders, deliveries, upkeep."""

from collections.abc import Mapping

from services.notify.settings import NotifySettings
from services.notify.worker.deliveries import delivery_loop
from services.notify.worker.reminders import next_due_instant, raise_batches, reminders_loop
from services.notify.worker.upkeep import upkeep_loop
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.loops import Loop

__all__ = ["next_due_instant", "raise_batches", "work"]


def work(settings: NotifySettings, database: Database, clock: Clock) -> Mapping[str, Loop]:
    return {
        "notify-reminders": reminders_loop(database, clock, settings),
        "notify-deliver": delivery_loop(database, clock, settings),
        "notify-upkeep": upkeep_loop(database, clock),
    }
