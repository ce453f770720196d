"""The loop that raises due reminders, of all subjects."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.queries.reminders import next_due_by_kind
from services.notify.settings import NotifySettings
from services.notify.use_cases.reminders.outdated import cancel_superseded
from services.notify.use_cases.reminders.publish import Raised
from services.notify.use_cases.reminders.raise_due import raise_due
from services.notify.use_cases.reminders.subject import AnySubject
from services.notify.use_cases.subjects import SUBJECTS
from services.notify.worker.metrics import ALERTS_RAISED, RAISE_LAG
from shared.runtime.clock import Clock, wait_for_wake
from shared.runtime.database import Database
from shared.runtime.loops import Liveness, Loop

POLL_SECONDS = 1.0  # the fallback for plans made by other processes
AT_ONCE = 2  # batches of a subject: while PostgreSQL writes one, the next is rendered


async def next_due_instant(connection: AsyncConnection) -> datetime | None:
    """The earliest instant at which a pending reminder comes or came due; None when none is pending."""
    return min((await next_due_by_kind(connection, SUBJECTS)).values(), default=None)


async def raise_batches(database: Database, clock: Clock, settings: NotifySettings) -> int:
    """Raise a batch of due reminders of each subject; returns how many series were settled, 0 when none is due."""
    async with database.reading() as connection:
        next_due = await next_due_by_kind(connection, SUBJECTS)
    due = [SUBJECTS[kind] for kind, due_at in next_due.items() if due_at <= clock.now()]
    return sum([await _raise_some(database, clock, settings, subject) for subject in due])


async def _raise_some(database: Database, clock: Clock, settings: NotifySettings, subject: AnySubject) -> int:
    """Raise `AT_ONCE` batches of a subject, which share no copy; returns how many series were settled."""
    batches = [_raise_batch(database, clock, settings, subject) for _ in range(AT_ONCE)]
    settled = 0
    for result in await asyncio.gather(*batches, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
        settled += result
    return settled


async def _raise_batch(
    database: Database, clock: Clock, settings: NotifySettings, subject: AnySubject
) -> int:
    async with database.change(clock) as (session, now):
        batch = await raise_due(session, subject, settings.context(subject, now))
    if batch.raised and subject.supersedes_retries:
        # A transaction of its own, which holds no other lock while it waits for that of deliveries.
        async with database.change(clock) as (session, now):
            await cancel_superseded(session, [subject.kind], now)
    _measure(batch.raised)
    return batch.settled


def _measure(raised: Iterable[Raised]) -> None:
    for alert in raised:
        ALERTS_RAISED.labels(alert.reminder.kind).inc()
        RAISE_LAG.observe((alert.event.raised_at - alert.reminder.due_at).total_seconds())


def reminders_loop(database: Database, clock: Clock, settings: NotifySettings) -> Loop:
    """Sleeps until the next reminder comes due by the suite's clock, or until something is committed.

    An error of one subject does not stop the others: it is raised after theirs.
    """
    wake = asyncio.Event()
    database.on_commit(wake.set)

    async def run(liveness: Liveness) -> None:
        failed: dict[str, Exception] = {}
        while True:
            async with database.reading() as connection:
                next_due = await next_due_by_kind(connection, SUBJECTS)
            now, settled = clock.now(), 0
            due = [kind for kind, due_at in next_due.items() if due_at <= now]
            for kind in due:
                if kind not in failed:
                    try:
                        settled += await _raise_some(database, clock, settings, SUBJECTS[kind])
                    except Exception as error:  # noqa: BLE001 - raised below, after the others'
                        failed[kind] = error
            if settled:
                continue
            if failed:
                raise next(iter(failed.values()))
            liveness.report()
            if due:
                wake.clear()  # due rows are locked by another worker; our own commit does not count
            ahead = min((due_at for due_at in next_due.values() if due_at > now), default=None)
            await wait_for_wake(wake, clock, ahead, POLL_SECONDS)

    return run
