"""Recording signals: what is told, planned, and no longer true."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.signals import (
    ENDED,
    PlannedSignal,
    SignalKind,
    SignalStatus,
    Standing,
    SubjectKind,
)
from services.notify.tables import Signal


def signal_row(
    kind: SignalKind,
    occasion: str,
    standing: Standing,
    *,
    subject_kind: SubjectKind,
    subject: str,
    agency_code: str,
    due_at: datetime,
    occurred_at: datetime,
    now: datetime,
    facts: dict[str, Any],
) -> dict[str, object]:
    return {
        "id": uuid4(),
        "kind": kind,
        "subject_kind": subject_kind,
        "subject": subject,
        "agency_code": agency_code,
        "occasion": occasion,
        "due_at": due_at,
        "occurred_at": occurred_at,
        "status": standing.status,
        "reason": standing.reason,
        "changed_at": now,
        "facts": facts,
    }


def planned_row(planned: PlannedSignal, budget_id: str, agency_code: str, now: datetime) -> dict[str, object]:
    """An examination of a budget; what it finds is added when it is made."""
    return signal_row(
        planned.kind, planned.occasion, planned.standing,
        subject_kind=SubjectKind.BUDGET, subject=budget_id, agency_code=agency_code,
        due_at=planned.due_at, occurred_at=planned.due_at, now=now, facts={},
    )  # fmt: skip


_new = insert(Signal)
_ADD = _new.on_conflict_do_update(
    constraint="uq_signals_key",
    set_={
        name: _new.excluded[name]
        for name in ("agency_code", "due_at", "occurred_at", "status", "reason", "changed_at", "facts")
    },
    where=Signal.status.in_((SignalStatus.CANCELLED, SignalStatus.MOOT))
    & (_new.excluded.status == SignalStatus.PENDING),
)


async def add_signals(session: AsyncSession, rows: Sequence[dict[str, object]]) -> int:
    """Insert signals; returns how many are new.

    Of those known by key, one that was cancelled or moot is brought back by a plan; what is read again is stale then.
    """
    if not rows:
        return 0
    added = await session.execute(_ADD.values(list(rows)).returning(Signal.id))
    return len(added.all())


async def hand_over(session: AsyncSession, subject_kind: SubjectKind, subject: str, agency_code: str) -> int:
    """Tell the pending ones of a subject to its agency of now; returns how many were another's."""
    moved = await session.execute(
        update(Signal)
        .where(
            Signal.subject_kind == subject_kind,
            Signal.subject == subject,
            Signal.status == SignalStatus.PENDING,
            Signal.agency_code != agency_code,
        )
        .values(agency_code=agency_code)
        .returning(Signal.id)
        .execution_options(synchronize_session=False)
    )
    return len(moved.all())


async def end_signals(
    session: AsyncSession,
    subject_kind: SubjectKind,
    subject: str,
    which: ColumnElement[bool],
    now: datetime,
    *,
    standing: Standing = ENDED,
) -> int:
    """End the pending ones of a subject that are no longer true, or were passed over; returns how many."""
    ended = await session.execute(
        update(Signal)
        .where(
            Signal.subject_kind == subject_kind,
            Signal.subject == subject,
            Signal.status == SignalStatus.PENDING,
            which,
        )
        .values(status=standing.status, reason=standing.reason, changed_at=now)
        .returning(Signal.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())
