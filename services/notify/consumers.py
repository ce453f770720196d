"""Event type -> use case: what notify takes from the log of the tasks service."""

from collections.abc import Awaitable, Callable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.use_cases import picture
from shared.bus import DeadLetter, Source
from shared.clock import Clock
from shared.database import Database
from shared.events import tasks
from shared.events.envelope import EventData
from shared.inbox import Consumer, Delivery, Handler


def handlers(clock: Clock, alert_hour: int) -> Mapping[str, Handler]:
    async def record_agency(session: AsyncSession, event: EventData, delivery: Delivery) -> None:
        assert isinstance(event, tasks.AgencyRecorded)  # noqa: S101 - the consumer parses by type
        await picture.record_agency(session, event, version=delivery.version)

    async def follow_task(session: AsyncSession, event: EventData, _: Delivery) -> None:
        assert isinstance(event, tasks.TaskEvent)  # noqa: S101 - as above
        await picture.follow_task(session, event.task, now=clock.now(), hour=alert_hour)

    of_tasks = {
        event_type: follow_task
        for event_type, contract in tasks.EVENTS.items()
        if issubclass(contract, tasks.TaskEvent)
    }
    return {tasks.AgencyRecorded.event_type: record_agency, **of_tasks}


def consumer(
    database: Database,
    source: Source,
    clock: Clock,
    alert_hour: int,
    dead_letter: Callable[[DeadLetter], Awaitable[None]] | None = None,
) -> Consumer:
    return Consumer("notify", database, source, tasks.EVENTS, handlers(clock, alert_hour), dead_letter)
