"""Raising the milestones that came due: timers become alerts, in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.messages import Subject, message_en, message_vi
from services.notify.domain.milestones import Firing, TimerReason, TimerStatus, due_at, fire, name_of
from services.notify.tables import Agency, Task, Timer
from services.notify.use_cases.publishing import Raised, publish
from services.notify.use_cases.tasks import add_timers
from shared.events.notify import AlertAgency, AlertRaised, AlertTask, DeadlineAlertKind
from shared.runtime.clock import local_date

BATCH = 200  # due timers per transaction: short enough that an ending task waits a blink for its lock


@dataclass(frozen=True, slots=True)
class _Group:
    """The due timers of one task and agency, and what becomes of them."""

    rows: Sequence[Any]
    firing: Firing

    @property
    def first(self) -> Any:
        return self.rows[0]


async def raise_due(session: AsyncSession, *, now: datetime, hour: int, public_url: str) -> list[Raised]:
    """Raise the newest due milestone of each task and agency; at most a batch. Empty: nothing is due.

    The tasks' rows are locked first, all their due timers read after: so no milestone is raised twice, none is raised
    for a task that has just ended, and an agency's due milestones are never split between two workers.
    """
    groups = await _claim(session, now, hour)
    if not groups:
        return []
    timer_ids = await _settle_timers(session, groups, now, hour)
    raised = [
        _raised(group, timer_id, now=now, hour=hour, public_url=public_url)
        for group, timer_id in zip(groups, timer_ids, strict=True)
    ]
    await publish(session, raised, now=now)
    return raised


async def _claim(session: AsyncSession, now: datetime, hour: int) -> list[_Group]:
    due = (Timer.status == TimerStatus.PENDING, Timer.due_at <= now)
    tasks = await session.scalars(
        select(Task.id)
        .join(Timer, Timer.task_id == Task.id)
        .where(*due)
        .order_by(Timer.due_at)
        .limit(BATCH)
        .with_for_update(of=Task, skip_locked=True, key_share=True)
    )
    if not (task_ids := set(tasks)):
        return []
    rows = await session.execute(
        select(
            Timer.id, Timer.task_id, Timer.agency_code, Timer.revision, Timer.due_on, Timer.milestone,
            Task.title, Task.deadline_text, Task.deliverable, Agency.name.label("agency_name"),
        )
        .join(Task, Task.id == Timer.task_id)
        .outerjoin(Agency, Agency.code == Timer.agency_code)
        .where(Timer.task_id.in_(task_ids), *due)
        .order_by(Timer.task_id, Timer.agency_code, Timer.milestone)
    )  # fmt: skip
    return [
        _Group(group, fire(group[0].due_on, [row.milestone for row in group], now, hour))
        for group in (
            list(group) for _, group in groupby(rows, key=lambda row: (row.task_id, row.agency_code))
        )
    ]


async def _settle_timers(
    session: AsyncSession, groups: Sequence[_Group], now: datetime, hour: int
) -> list[UUID]:
    """Write what became of each timer; returns the id of each group's raised one."""
    known = [{row.milestone: row.id for row in group.rows} for group in groups]
    raised_ids = [ids.get(group.firing.raised) or uuid4() for group, ids in zip(groups, known, strict=True)]
    superseded = [
        ids[milestone]
        for group, ids in zip(groups, known, strict=True)
        for milestone in group.firing.superseded
        if milestone in ids
    ]
    for ids, status, reason in (
        (raised_ids, TimerStatus.RAISED, TimerReason.CAME_DUE),
        (superseded, TimerStatus.SUPERSEDED, TimerReason.NEWER_CAME_DUE),
    ):
        await session.execute(
            update(Timer)
            .where(Timer.id.in_(ids))
            .values(status=status, reason=reason, changed_at=now)
            .execution_options(synchronize_session=False)
        )
    new = [
        row
        for group, ids, raised_id in zip(groups, known, raised_ids, strict=True)
        for row in _new_timers(group, ids, raised_id, now=now, hour=hour)
    ]
    if new:
        await add_timers(session, new)
    return raised_ids


def _new_timers(
    group: _Group, known: dict[int, UUID], raised_id: UUID, *, now: datetime, hour: int
) -> Iterator[dict[str, object]]:
    """Weekly timers that were passed over before they were planned, and the next one."""
    firing = group.firing
    outcomes = [
        (milestone, TimerStatus.SUPERSEDED, TimerReason.NEWER_CAME_DUE) for milestone in firing.superseded
    ]
    outcomes.append((firing.raised, TimerStatus.RAISED, TimerReason.CAME_DUE))
    if firing.planned is not None:
        outcomes.append((firing.planned, TimerStatus.PENDING, TimerReason.PLANNED))
    for milestone, status, reason in outcomes:
        if milestone not in known:
            yield {
                "id": raised_id if milestone == firing.raised else uuid4(),
                "task_id": group.first.task_id,
                "agency_code": group.first.agency_code,
                "revision": group.first.revision,
                "due_on": group.first.due_on,
                "milestone": milestone,
                "due_at": due_at(group.first.due_on, milestone, hour),
                "status": status,
                "reason": reason,
                "changed_at": now,
            }


def kind_of(milestone: int) -> DeadlineAlertKind:
    if milestone < 0:
        return "deadline.reminder"
    return "deadline.overdue" if milestone else "deadline.due"


def _raised(group: _Group, timer_id: UUID, *, now: datetime, hour: int, public_url: str) -> Raised:
    row, milestone = group.first, group.firing.raised
    agency = AlertAgency(code=row.agency_code, name=row.agency_name or row.agency_code)
    subject = Subject(agency.name, row.title, row.due_on, row.deliverable)
    data = AlertRaised(
        alert_id=uuid4(),
        kind=kind_of(milestone),
        milestone=name_of(milestone),
        task=AlertTask(
            id=row.task_id,
            title=row.title,
            deadline_text=row.deadline_text,
            due_on=row.due_on,
            deliverable=row.deliverable,
            link=f"{public_url.rstrip('/')}/tasks/v1/tasks/{row.task_id}",
        ),
        agency=agency,
        message_vi=message_vi(subject, local_date(now)),
        message_en=message_en(subject, local_date(now)),
        raised_at=now,
    )
    origin = {
        "timer_id": timer_id,
        "task_id": row.task_id,
        "revision": row.revision,
        "due_on": row.due_on,
        "milestone": milestone,
    }
    audited = {"task": str(row.task_id), "milestone": data.milestone}
    return Raised(data, due_at(row.due_on, milestone, hour), origin, audited)
