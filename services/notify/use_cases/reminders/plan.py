"""Reminders of a subject whose copy is locked: planned, handed over and ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.reminders import PLANNED, UNTRUE, ReminderState, ReminderStatus
from services.notify.tables import Reminder
from shared.runtime.audit import SYSTEM, add_audit


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A subject: its kind, and the key of its copy."""

    kind: str
    id: str

    @property
    def matches(self) -> ColumnElement[bool]:
        return (Reminder.subject_kind == self.kind) & (Reminder.subject == self.id)


@dataclass(frozen=True, slots=True)
class NewReminder:
    """A reminder to be added; its attributes are those of the row."""

    kind: str
    dedup_key: str
    series: str
    agency_code: str
    due_at: datetime
    state: ReminderState = PLANNED
    rank: int = 0
    occurred_at: datetime | None = None  # when it comes due
    facts: Mapping[str, Any] = field(default_factory=dict)


_new = insert(Reminder)
_REVIVED = (
    "series", "rank", "agency_code", "due_at", "occurred_at", "status", "reason", "changed_at", "facts",
)  # fmt: skip
_ADD = _new.on_conflict_do_update(
    constraint="uq_reminders_key",
    set_={name: _new.excluded[name] for name in _REVIVED},
    # As text: SQLAlchemy sends no list of values along with many rows.
    where=text("reminders.status IN ('cancelled', 'obsolete') AND excluded.status = 'pending'"),
).returning(Reminder.id)


async def add_reminders(
    session: AsyncSession, added: Sequence[tuple[SubjectKey, NewReminder]], now: datetime
) -> int:
    """Add reminders; returns how many are new or pending again.

    Of those known by their key, a cancelled or obsolete one becomes pending again; a raised one stays raised.
    """
    if not added:
        return 0
    written = await session.scalars(_ADD, [_row(subject, reminder, now) for subject, reminder in added])
    return len(written.all())


def _row(subject: SubjectKey, new: NewReminder, now: datetime) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "subject_kind": subject.kind,
        "subject": subject.id,
        "agency_code": new.agency_code,
        "kind": new.kind,
        "dedup_key": new.dedup_key,
        "series": new.series,
        "rank": new.rank,
        "due_at": new.due_at,
        "occurred_at": new.occurred_at or new.due_at,
        "status": new.state.status,
        "reason": new.state.reason,
        "changed_at": now,
        "facts": dict(new.facts),
    }


async def hand_over(session: AsyncSession, subject: SubjectKey, agency_code: str) -> int:
    """Make an agency the addressee of a subject's pending reminders; returns how many were another's."""
    others = Reminder.agency_code != agency_code
    return await _update_pending(session, subject, others, agency_code=agency_code)


async def end_reminders(
    session: AsyncSession,
    subject: SubjectKey,
    condition: ColumnElement[bool],
    now: datetime,
    *,
    state: ReminderState = UNTRUE,
) -> int:
    """End the pending reminders of a subject that meet a condition; returns how many."""
    return await _update_pending(
        session, subject, condition, status=state.status, reason=state.reason, changed_at=now
    )


async def _update_pending(
    session: AsyncSession, subject: SubjectKey, condition: ColumnElement[bool], **values: object
) -> int:
    updated = await session.execute(
        update(Reminder)
        .where(subject.matches, Reminder.status == ReminderStatus.PENDING, condition)
        .values(values)
        .returning(Reminder.id)
        .execution_options(synchronize_session=False)
    )
    return len(updated.all())


async def audit_reminders(
    session: AsyncSession, subject: SubjectKey, now: datetime, **detail: object
) -> None:
    """Record in the audit that an event changed the reminders of a subject."""
    await add_audit(session, SYSTEM, "reminders.changed", subject.kind, subject.id, at=now, **detail)
