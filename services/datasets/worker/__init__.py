"""The loops of the datasets service: watching databases, metrics, and reports of liveness."""

from collections.abc import Mapping

from services.datasets.settings import DatasetsSettings
from services.datasets.worker.liveness import intake_loop, report_liveness
from services.datasets.worker.metrics import figures_loop
from services.datasets.worker.watching import watch_due, watch_loop
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.loops import Loop

__all__ = ["report_liveness", "serving_loops", "watch_due", "work"]


def serving_loops(settings: DatasetsSettings, database: Database, clock: Clock) -> Mapping[str, Loop]:
    return {"datasets-intake": intake_loop(database, clock, settings)}


def work(settings: DatasetsSettings, database: Database, clock: Clock) -> Mapping[str, Loop]:
    return {
        "datasets-watch": watch_loop(database, clock, settings),
        "datasets-figures": figures_loop(database, clock, settings),
    }
