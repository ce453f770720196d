"""Events of databases: a change of the observed state, and a contradiction opened or closed, cause a reminder."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.deliveries import DeliveryReason
from services.notify.domain.formats import instant_iso
from services.notify.domain.reminders import SUPERSEDED, ReminderState, ReminderStatus
from services.notify.domain.subjects.databases.changes import (
    KIND,
    MOST_A_DAY,
    NO_ACTION_STATES,
    STATE_KINDS,
    STATE_SERIES,
    TROUBLES,
    DatabaseKind,
    state_of_change,
    state_of_contradiction,
    transition,
)
from services.notify.tables import Reminder
from services.notify.tables.subjects.databases import Database
from services.notify.use_cases.reminders.copies import CopyOutcome, record_copy
from services.notify.use_cases.reminders.outdated import cancel_undelivered
from services.notify.use_cases.reminders.plan import (
    NewReminder,
    SubjectKey,
    add_reminders,
    audit_reminders,
    end_reminders,
    hand_over,
)
from services.notify.use_cases.reminders.subject import EvaluationContext
from shared.events.datasets import (
    DatabaseContradicted,
    DatabaseEvent,
    DatabaseObserved,
    DatabaseReconciled,
    DatabaseState,
)
from shared.events.envelope import EventData
from shared.log.inbox import EventMetadata

SILENT = "joined_but_silent"  # the contradiction that a silence is


@dataclass(frozen=True, slots=True)
class _Copy:
    """The columns of our copy that decide whether a change still holds."""

    version: int
    owner_code: str
    observed: str
    observed_since: datetime
    heard_until: datetime | None
    contradictions: Collection[str]


@dataclass(frozen=True, slots=True)
class _LastRaised:
    """The newest raised reminder of a database's state; `version` is 0 where there is none."""

    kind: str = ""
    occurred_at: datetime | None = None
    version: int = 0

    def trouble_before(self, version: int) -> bool:
        """True if the last alert of the state before that version was of a trouble."""
        return self.kind in TROUBLES and self.version < version


@dataclass(frozen=True, slots=True)
class _Change:
    """A change that calls for an alert; that of a state is known by its version, since a late heartbeat dates it back."""

    kind: DatabaseKind
    version: int
    dedup_key: str
    occurred_at: datetime
    facts: dict[str, Any]

    @property
    def series(self) -> str:
        return STATE_SERIES if self.kind in STATE_KINDS else self.dedup_key

    @property
    def is_end(self) -> bool:
        return self.kind in {DatabaseKind.RECOVERED, DatabaseKind.CLOSED}

    def ends(self, series: Collection[str]) -> bool:
        return self.is_end and self.series in series


async def apply(
    session: AsyncSession, event: EventData, metadata: EventMetadata, context: EvaluationContext[None]
) -> None:
    """Update our copy of a database; a change that calls for an alert becomes a reminder of its owner."""
    assert isinstance(event, DatabaseEvent)  # noqa: S101 - the consumer parses by type
    state, subject = event.database, SubjectKey(KIND, event.database.code)
    copy = await _record(session, state)
    handed_over = await hand_over(session, subject, copy.owner_code)
    cancelled = await _end_troubles(session, subject, context.now) if copy.observed in NO_ACTION_STATES else 0
    postponed = await _postpone(session, subject, state, copy, context.now)
    raised = await _last_raised(session, subject)
    change, added = _change(event, raised), 0
    if change is not None and change.ends(postponed) and not _ends_raised(change, raised):
        unraised = Reminder.id.in_(postponed[change.series])  # its beginning was never raised
        cancelled += await end_reminders(session, subject, unraised, context.now, state=SUPERSEDED)
        change = None
    if change is not None:
        if change.kind in STATE_KINDS and copy.version == state.version:
            cancelled += await _supersede(session, subject, state.version, context.now)
        outcome = _state(change, copy, raised, metadata.time, context)
        due_at = max(
            _due_at(change, copy, metadata.time), await _allowed_at(session, subject, change, metadata.time)
        )
        new = _reminder(change, state, copy, outcome, due_at)
        added = await add_reminders(session, [(subject, new)], context.now)
    if added or cancelled or handed_over:
        await audit_reminders(
            session, subject, context.now,
            version=state.version, kind=change and change.kind, added=added, cancelled=cancelled, handed_over=handed_over,
        )  # fmt: skip


async def _record(session: AsyncSession, state: DatabaseState) -> _Copy:
    """Lock and update our copy; returns it as stored, which may be newer than the event."""
    row: dict[str, Any] = {
        "code": state.code,
        "version": state.version,
        "name": state.name,
        "kind": state.kind,
        "owner_code": state.owner_code,
        "observed": state.observed,
        "observed_since": state.observed_since,
        "heard_until": state.heard_until,
        "contradictions": [str(contradiction.id) for contradiction in state.contradictions],
    }
    if await record_copy(session, Database, row) is not CopyOutcome.OUTDATED:
        return _Copy(**{name: row[name] for name in _Copy.__slots__})
    columns = select(*(getattr(Database, name) for name in _Copy.__slots__))
    return _Copy(*(await session.execute(columns.where(Database.code == state.code))).one())


async def _end_troubles(session: AsyncSession, subject: SubjectKey, now: datetime) -> int:
    """End alerts and reminders of troubles in a state that calls for no action; returns how many reminders."""
    troubles = Reminder.kind.in_(TROUBLES)
    await cancel_undelivered(session, subject, troubles, DeliveryReason.NO_LONGER_TRUE, now)
    return await end_reminders(session, subject, troubles, now)


async def _postpone(
    session: AsyncSession, subject: SubjectKey, state: DatabaseState, copy: _Copy, now: datetime
) -> dict[str, list[UUID]]:
    """Postpone pending reminders of a silence to the copy's `heard_until`.

    Returns the ids of all that had been postponed before, by series.
    """
    found = await session.execute(
        select(Reminder.id, Reminder.kind, Reminder.series, Reminder.due_at, Reminder.facts).where(
            subject.matches,
            Reminder.kind.in_((*TROUBLES, DatabaseKind.OPENED)),
            Reminder.status == ReminderStatus.PENDING,
        )
    )
    postponed: dict[str, list[UUID]] = defaultdict(list)
    for row in found:
        if row.due_at > now:
            postponed[row.series].append(row.id)
        if not _is_silence(row.kind, row.facts) or copy.heard_until is None:
            continue
        if copy.heard_until > max(row.due_at, now):
            facts = {**row.facts, "last_heartbeat_at": _iso(state.last_heartbeat_at)}
            values = {"due_at": copy.heard_until, "facts": facts}
            await session.execute(update(Reminder).where(Reminder.id == row.id).values(values))
    return postponed


def _is_silence(kind: str, facts: Mapping[str, Any]) -> bool:
    contradiction = facts.get("contradiction")
    return kind in TROUBLES or (contradiction is not None and contradiction["kind"] == SILENT)


async def _supersede(session: AsyncSession, subject: SubjectKey, version: int, now: datetime) -> int:
    """End pending reminders of states before a version, even where the newer state calls for no alert."""
    older = Reminder.kind.in_(STATE_KINDS) & (Reminder.rank < version)
    return await end_reminders(session, subject, older, now, state=SUPERSEDED)


async def _last_raised(session: AsyncSession, subject: SubjectKey) -> _LastRaised:
    raised = (
        select(Reminder.kind, Reminder.occurred_at, Reminder.rank)
        .where(subject.matches, Reminder.kind.in_(STATE_KINDS), Reminder.status == ReminderStatus.RAISED)
        .order_by(Reminder.rank.desc())
        .limit(1)
    )
    found = (await session.execute(raised)).one_or_none()
    return _LastRaised() if found is None else _LastRaised(*found)


def _change(event: DatabaseEvent, raised: _LastRaised) -> _Change | None:
    version = event.database.version
    if isinstance(event, DatabaseObserved):
        kind = transition(event.before, event.after, trouble_raised=raised.trouble_before(version))
        observed_facts = {"observed": event.after, "since": instant_iso(event.at)}
        if raised.kind in TROUBLES and raised.occurred_at is not None:
            observed_facts["trouble_since"] = instant_iso(raised.occurred_at)
        return None if kind is None else _Change(kind, version, str(version), event.at, observed_facts)
    if isinstance(event, DatabaseContradicted | DatabaseReconciled):
        closed_at = event.closed_at if isinstance(event, DatabaseReconciled) else None
        kind = DatabaseKind.OPENED if closed_at is None else DatabaseKind.CLOSED
        words = event.model_dump(
            mode="json", include={"kind", "words_vi", "words_en", "opened_at", "closed_at"}
        )
        id_ = str(event.contradiction_id)
        return _Change(kind, version, id_, closed_at or event.opened_at, {"contradiction": words})
    return None


def _reminder(
    change: _Change,
    state: DatabaseState,
    copy: _Copy,
    outcome: ReminderState,
    due_at: datetime,
) -> NewReminder:
    observed_facts = {
        "version": state.version,
        "observed": state.observed,
        "since": instant_iso(state.observed_since),
        "last_heartbeat_at": _iso(state.last_heartbeat_at),
    }
    return NewReminder(
        change.kind,
        change.dedup_key,
        series=change.series,
        rank=change.version,
        agency_code=copy.owner_code,
        due_at=due_at,
        occurred_at=change.occurred_at,
        state=outcome,
        facts=observed_facts | change.facts,
    )


def _due_at(change: _Change, copy: _Copy, recorded_at: datetime) -> datetime:
    """The instant at which the change was recorded; of a silence no earlier than the copy's `heard_until`."""
    is_silence = not change.is_end and _is_silence(change.kind, change.facts)
    if is_silence and copy.heard_until is not None:
        return max(recorded_at, copy.heard_until)
    return recorded_at


_DAY = timedelta(days=1)


async def _allowed_at(
    session: AsyncSession, subject: SubjectKey, change: _Change, recorded_at: datetime
) -> datetime:
    """The instant from which the opening of a contradiction may be raised, by how many of its kind came due in the day before.

    Each that came due counts, also one superseded by its own end; one that ended while it was postponed does not.
    """
    if change.kind is not DatabaseKind.OPENED:
        return recorded_at
    earliest = await session.scalar(
        select(Reminder.due_at)
        .where(
            subject.matches,
            Reminder.kind == DatabaseKind.OPENED,
            Reminder.dedup_key != change.dedup_key,
            Reminder.due_at > recorded_at - _DAY,
            Reminder.facts["contradiction"]["kind"].astext == change.facts["contradiction"]["kind"],
            Reminder.status.in_((ReminderStatus.PENDING, ReminderStatus.RAISED, ReminderStatus.SUPERSEDED)),
            or_(Reminder.status == ReminderStatus.PENDING, Reminder.due_at <= Reminder.changed_at),
        )
        .order_by(Reminder.due_at.desc())
        .offset(MOST_A_DAY - 1)
        .limit(1)
    )
    return recorded_at if earliest is None else earliest + _DAY


def _ends_raised(change: _Change, raised: _LastRaised) -> bool:
    """True for the end of a trouble of which an alert was raised, although a worse one is postponed."""
    return change.kind in STATE_KINDS and raised.trouble_before(change.version)


def _state(
    change: _Change, copy: _Copy, raised: _LastRaised, recorded_at: datetime, context: EvaluationContext[None]
) -> ReminderState:
    if "contradiction" in change.facts:
        return state_of_contradiction(
            change.kind, recorded_at, context.now, context.stale_after,
            id_=change.dedup_key, still_open=copy.contradictions,
        )  # fmt: skip
    shown = (copy.observed, copy.observed_since)
    continues = change.kind in TROUBLES and (change.kind, change.occurred_at) == (
        raised.kind,
        raised.occurred_at,
    )
    is_new = change.version > raised.version and not continues
    return state_of_change(
        change.kind, recorded_at, context.now, context.stale_after,
        holds=is_new and shown == (change.facts["observed"], change.occurred_at),
        observed=copy.observed,
        trouble_raised=raised.trouble_before(change.version),
    )  # fmt: skip


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant_iso(instant)
