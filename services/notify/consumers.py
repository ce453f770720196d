"""Event type -> use case: the events that notify consumes from the logs of the other services."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.tables import Agency
from services.notify.use_cases.reminders.subject import AnySubject, AnyTerms
from services.notify.use_cases.subjects import SUBJECTS
from shared.agencies import agency_handlers
from shared.events.envelope import EventData
from shared.log.inbox import EventMetadata, Handler

AGENCIES = "tasks"  # the service whose log reports agencies
TermsOf = Callable[[AnySubject, datetime], AnyTerms]
SOURCES = tuple(dict.fromkeys([AGENCIES, *(subject.source for subject in SUBJECTS.values())]))


def handlers(terms: TermsOf) -> Mapping[str, Mapping[str, Handler]]:
    """By source and event type; `terms` gives a subject's at an instant."""
    found: dict[str, dict[str, Handler]] = {source: {} for source in SOURCES}
    found[AGENCIES] |= agency_handlers(Agency)
    for subject in SUBJECTS.values():
        found[subject.source] |= dict.fromkeys(subject.events, _handler(subject, terms))
    return found


def _handler(subject: AnySubject, terms: TermsOf) -> Handler:
    async def apply(session: AsyncSession, event: EventData, delivery: EventMetadata) -> None:
        await subject.apply(session, event, delivery, terms(subject, delivery.at))

    return apply
