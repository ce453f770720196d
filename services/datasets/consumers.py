"""Event type -> use case: of the log of tasks, datasets takes the agencies."""

from collections.abc import Awaitable, Callable

from services.datasets.tables import Agency
from shared.agencies import agency_handlers
from shared.events import tasks
from shared.log.bus import DeadLetter, Source
from shared.log.inbox import Consumer
from shared.runtime.clock import Clock
from shared.runtime.database import Database


def consumer(
    database: Database,
    source: Source,
    clock: Clock,
    dead_letter: Callable[[DeadLetter], Awaitable[None]] | None = None,
) -> Consumer:
    return Consumer("datasets", database, clock, source, tasks.EVENTS, agency_handlers(Agency), dead_letter)
