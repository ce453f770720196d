"""Event type -> use case: what datasets takes from the log of the tasks service."""

from collections.abc import Awaitable, Callable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.tables import Agency
from shared.agencies import record_agency
from shared.bus import DeadLetter, Source
from shared.database import Database
from shared.events import tasks
from shared.events.envelope import EventData
from shared.inbox import Consumer, Delivery, Handler


async def _record_agency(session: AsyncSession, event: EventData, delivery: Delivery) -> None:
    assert isinstance(event, tasks.AgencyRecorded)  # noqa: S101 - the consumer parses by type
    await record_agency(session, Agency, event, version=delivery.version)


HANDLERS: Mapping[str, Handler] = {tasks.AgencyRecorded.event_type: _record_agency}


def consumer(
    database: Database, source: Source, dead_letter: Callable[[DeadLetter], Awaitable[None]] | None = None
) -> Consumer:
    return Consumer("datasets", database, source, tasks.EVENTS, HANDLERS, dead_letter)
