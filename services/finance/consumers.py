"""Event type -> use case: of the log of tasks, finance takes the agencies."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.tables import Agency
from shared.agencies import record_agency
from shared.bus import DeadLetter, Source
from shared.database import Database
from shared.events import tasks
from shared.events.envelope import EventData
from shared.inbox import Consumer, Delivery


async def _record_agency(session: AsyncSession, event: EventData, delivery: Delivery) -> None:
    assert isinstance(event, tasks.AgencyRecorded)  # noqa: S101 - the consumer parses by type
    await record_agency(session, Agency, event, version=delivery.version)


def consumer(
    database: Database, source: Source, dead_letter: Callable[[DeadLetter], Awaitable[None]] | None = None
) -> Consumer:
    handlers = {tasks.AgencyRecorded.event_type: _record_agency}
    return Consumer("finance", database, source, tasks.EVENTS, handlers, dead_letter)
