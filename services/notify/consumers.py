"""The handlers of the events that notify consumes from the logs of other services, by event type."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.tables import Agency
from services.notify.use_cases.reminders.subject import AnyContext, AnySubject
from services.notify.use_cases.subjects import SUBJECTS
from shared.agencies import agency_handlers
from shared.events.envelope import EventData
from shared.log.inbox import EventMetadata, Handler

AGENCIES = "tasks"  # the service whose log reports agencies
ContextOf = Callable[[AnySubject, datetime], AnyContext]
SOURCES = tuple(dict.fromkeys([AGENCIES, *(subject.source for subject in SUBJECTS.values())]))


def handlers(context_of: ContextOf) -> Mapping[str, Mapping[str, Handler]]:
    """The handlers by source and event type; `context_of` returns a subject's context at an instant."""
    found: dict[str, dict[str, Handler]] = {source: {} for source in SOURCES}
    found[AGENCIES] |= agency_handlers(Agency)
    for subject in SUBJECTS.values():
        found[subject.source] |= dict.fromkeys(subject.events, _handler(subject, context_of))
    return found


def _handler(subject: AnySubject, context_of: ContextOf) -> Handler:
    async def apply(session: AsyncSession, event: EventData, metadata: EventMetadata) -> None:
        await subject.apply(session, event, metadata, context_of(subject, metadata.at))

    return apply
