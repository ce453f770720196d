"""Event type -> use case: the events that notify consumes from the logs of the other services."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.tables import Agency
from services.notify.use_cases.reminders.subject import AnySubject, AnyTerms
from services.notify.use_cases.subjects import SUBJECTS
from shared.agencies import agency_handlers
from shared.events.envelope import EventData
from shared.events.tasks import AgencyRecorded
from shared.log.bus import DeadLetter, Source
from shared.log.inbox import Consumer, Delivery, Handler
from shared.runtime.clock import Clock
from shared.runtime.database import Database

AGENCIES = "tasks"  # the service whose log reports agencies
TermsOf = Callable[[AnySubject, datetime], AnyTerms]


def contracts_of(source: str) -> Mapping[str, type[EventData]]:
    """The contracts of the events consumed from a service's log, by type."""
    found = {
        event_type: contract
        for subject in SUBJECTS.values()
        if subject.source == source
        for event_type, contract in subject.events.items()
    }
    return found | ({AgencyRecorded.event_type: AgencyRecorded} if source == AGENCIES else {})


SOURCES = tuple(dict.fromkeys([AGENCIES, *(subject.source for subject in SUBJECTS.values())]))


def consumer(
    database: Database,
    source: Source,
    clock: Clock,
    terms: TermsOf,
    dead_letter: Callable[[DeadLetter], Awaitable[None]] | None = None,
) -> Consumer:
    """The consumer of the log of one of SOURCES; `terms` gives a subject's at an instant."""
    handlers: dict[str, Handler] = agency_handlers(Agency) if source.name == AGENCIES else {}
    for subject in SUBJECTS.values():
        if subject.source == source.name:
            handlers |= dict.fromkeys(subject.events, _handler(subject, clock, terms))
    return Consumer("notify", database, clock, source, contracts_of(source.name), handlers, dead_letter)


def _handler(subject: AnySubject, clock: Clock, terms: TermsOf) -> Handler:
    async def apply(session: AsyncSession, event: EventData, delivery: Delivery) -> None:
        await subject.apply(session, event, delivery.time, terms(subject, clock.now()))

    return apply
