"""Due reminders are evaluated against the present and raised, cancelled or superseded, each once, in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, any_, inspect, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.reminders import RAISED, SUPERSEDED, UNTRUE, ReminderState, ReminderStatus
from services.notify.tables import Agency, Reminder
from services.notify.use_cases.reminders.plan import add_reminders
from services.notify.use_cases.reminders.publish import Raised, alert_of, publish
from services.notify.use_cases.reminders.subject import AnyContext, AnySubject, Due, Evaluation

BATCH = 200  # due subjects per transaction: few, so that events wait only briefly for their locks


@dataclass(frozen=True, slots=True)
class Batch:
    """The outcome of a batch; `settled` counts series, whether raised or no longer true."""

    raised: Sequence[Raised]
    settled: int


@dataclass(frozen=True, slots=True)
class _Settled:
    """The due reminders of one series: the newest is raised or cancelled, the older ones are superseded."""

    newest: Due[Any]
    older: Sequence[Due[Any]]
    evaluation: Evaluation


async def raise_due(session: AsyncSession, subject: AnySubject, context: AnyContext) -> Batch:
    """Settle the due reminders of at most BATCH subjects of a kind; nothing settled: nothing is due, or all is locked."""
    due = await _lock_due(session, subject, context)
    settled = [_Settled(newest, older, subject.evaluate(newest, context)) for *older, newest in _series(due)]
    if not settled:
        return Batch((), 0)
    await _write(session, settled, context.now)
    raised = [
        alert_of(subject, each.newest, _facts(each), context) for each in settled if each.evaluation.holds
    ]
    await publish(session, raised, now=context.now)
    return Batch(raised, len(settled))


async def _lock_due(session: AsyncSession, subject: AnySubject, context: AnyContext) -> Sequence[Due[Any]]:
    """Lock copies with due reminders, then read these, with those that had not been planned when they came due."""
    key = inspect(subject.table).primary_key[0]
    locked = await session.scalars(
        select(key)
        .join(Reminder, Reminder.subject == key)
        .where(*_is_due(subject, context.now))
        .order_by(Reminder.due_at)
        .limit(BATCH)
        .with_for_update(of=subject.table, skip_locked=True, key_share=True)
    )
    if not (keys := set(locked)):
        return ()
    due = await _read_due(session, subject, keys, context.now)
    passed_over = [(each.subject, new) for each in due for new in subject.passed_over(each, context)]
    if await add_reminders(session, passed_over, context.now):
        return await _read_due(session, subject, keys, context.now)
    return due


async def _read_due(
    session: AsyncSession, subject: AnySubject, keys: set[str], now: datetime
) -> Sequence[Due[Any]]:
    key = inspect(subject.table).primary_key[0]
    found = await session.execute(
        select(Reminder, subject.table, Agency.name)
        .join(subject.table, key == Reminder.subject)
        .outerjoin(Agency, Agency.code == Reminder.agency_code)
        .where(Reminder.subject == any_(literal(list(keys), ARRAY(Text))), *_is_due(subject, now))
    )
    return [Due(reminder, copy, name or reminder.agency_code) for reminder, copy, name in found]


def _is_due(subject: AnySubject, now: datetime) -> tuple[Any, ...]:
    return (
        Reminder.subject_kind == subject.kind,
        Reminder.status == ReminderStatus.PENDING,
        Reminder.due_at <= now,
    )


def _series(due: Iterable[Due[Any]]) -> Iterable[list[Due[Any]]]:
    """In order of subject and series; in each the oldest first."""
    found: dict[tuple[str, str], list[Due[Any]]] = {}
    for each in sorted(due, key=_order):
        found.setdefault((each.reminder.subject, each.reminder.series), []).append(each)
    return found.values()


def _order(due: Due[Any]) -> tuple[str, str, int, datetime]:
    reminder = due.reminder
    return reminder.subject, reminder.series, reminder.rank, reminder.due_at


def _facts(settled: _Settled) -> Mapping[str, Any]:
    facts = settled.evaluation.facts
    return settled.newest.reminder.facts if facts is None else facts


async def _write(session: AsyncSession, settled: Sequence[_Settled], now: datetime) -> None:
    """Write the outcome of each reminder, and add those that follow."""
    ids: dict[ReminderState, list[UUID]] = {RAISED: [], UNTRUE: [], SUPERSEDED: []}
    for each in settled:
        ids[RAISED if each.evaluation.holds else UNTRUE].append(each.newest.reminder.id)
        ids[SUPERSEDED] += [older.reminder.id for older in each.older]
    for state, reminder_ids in ids.items():
        if reminder_ids:
            await session.execute(
                update(Reminder)
                .where(Reminder.id == any_(literal(reminder_ids, ARRAY(Uuid))))
                .values(status=state.status, reason=state.reason, changed_at=now)
                .execution_options(synchronize_session=False)
            )
    if found := list(_new_facts(settled)):
        await session.execute(update(Reminder), found)
    following = [
        (each.newest.subject, each.evaluation.planned) for each in settled if each.evaluation.planned
    ]
    await add_reminders(session, following, now)


def _new_facts(settled: Sequence[_Settled]) -> Iterator[dict[str, Any]]:
    for each in settled:
        if each.evaluation.facts is not None:
            yield {"id": each.newest.reminder.id, "facts": each.evaluation.facts}
