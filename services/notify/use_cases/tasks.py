"""Following what the tasks service tells: tasks, and the timers and deliveries that hang on them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum, auto
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.deliveries import DeliveryReason
from services.notify.domain.milestones import TimerReason, TimerStatus, plan
from services.notify.domain.responsibility import Deadline, responsible, why_silent
from services.notify.tables import Alert, Delivery, Task, Timer
from services.notify.use_cases.deliveries.cancel import cancel_deliveries
from services.notify.use_cases.picture import newer
from shared.events.tasks import TaskState
from shared.runtime.audit import SYSTEM, add_audit

# What a timer's ending means for the alerts that are on their way.
_DELIVERY_REASON: Mapping[TimerReason, DeliveryReason] = {
    TimerReason.REPLANNED: DeliveryReason.DEADLINE_MOVED,
    TimerReason.ASSIGNMENT_ENDED: DeliveryReason.ASSIGNMENT_ENDED,
    TimerReason.TASK_ENDED: DeliveryReason.TASK_ENDED,
    TimerReason.NO_DEADLINE: DeliveryReason.NO_DEADLINE,
    TimerReason.REPORTED_BY_CHILDREN: DeliveryReason.REPORTED_BY_CHILDREN,
}


async def follow_task(session: AsyncSession, task: TaskState, *, now: datetime, hour: int) -> None:
    """Take a task into the picture and bring its timers and undelivered alerts in line with it."""
    agencies = responsible((assignment.agency_code, assignment.role) for assignment in task.assignments)
    newness = await _record_task(session, task, agencies)
    if newness is None:
        return
    due_on = task.deadline.due_on
    silent = why_silent(state=task.state, kind=task.kind, due_on=due_on, children=task.children)
    deadline = None if silent or due_on is None else Deadline(task.deadline.revision, due_on)
    cancelled = planned = 0
    followed: set[str] = set()
    if newness is Newness.KNOWN:
        for reason, ended in _endings(silent, deadline, agencies):
            cancelled += await _cancel(session, task.id, reason, ended, now)
        followed = await _followed(session, task.id)
    if deadline is not None and (fresh := sorted(set(agencies) - followed)):
        planned = await _plan(session, task.id, deadline, fresh, now=now, hour=hour)
    if planned or cancelled:
        detail = {
            "version": task.version,
            "revision": task.deadline.revision,
            "due_on": str(due_on),
            "planned": planned,
            "cancelled": cancelled,
        }
        await add_audit(session, SYSTEM, "timers.changed", "task", task.id, at=now, **detail)


class Newness(Enum):
    NEW = auto()
    KNOWN = auto()


_RECORD_TASK = newer(Task)


async def _record_task(session: AsyncSession, task: TaskState, agencies: Collection[str]) -> Newness | None:
    """Lock and write the row; None when the picture is as new already."""
    row = {
        "id": task.id,
        "version": task.version,
        "title": task.title,
        "kind": task.kind,
        "state": task.state,
        "revision": task.deadline.revision,
        "deadline_text": task.deadline.text,
        "due_on": task.deadline.due_on,
        "deliverable": task.deliverable,
        "children": task.children,
        "responsible": list(agencies),
    }
    written = await session.execute(_RECORD_TASK, row)
    if (found := written.one_or_none()) is None:
        return None
    return Newness.NEW if found.version_before is None else Newness.KNOWN


Ended = Callable[[type[Timer | Alert]], ColumnElement[bool]]
"""Of timers or alerts, the condition that they no longer hold."""


def _endings(
    silent: TimerReason | None, deadline: Deadline | None, agencies: Collection[str]
) -> Iterator[tuple[TimerReason, Ended]]:
    """What no longer holds, and why."""
    if deadline is None:
        yield silent or TimerReason.NO_DEADLINE, lambda _: true()
        return
    current = (deadline.revision, deadline.due_on)
    yield TimerReason.REPLANNED, lambda row: tuple_(row.revision, row.due_on) != current
    yield TimerReason.ASSIGNMENT_ENDED, lambda row: row.agency_code.not_in(agencies)


async def _cancel(
    session: AsyncSession, task_id: UUID, reason: TimerReason, ended: Ended, now: datetime
) -> int:
    """Cancel pending timers and undelivered alerts of a task; returns how many timers."""
    cancelled = await session.execute(
        update(Timer)
        .where(Timer.task_id == task_id, Timer.status == TimerStatus.PENDING, ended(Timer))
        .values(status=TimerStatus.CANCELLED, reason=reason, changed_at=now)
        .returning(Timer.id)
        .execution_options(synchronize_session=False)
    )
    alerts = select(Alert.id).where(Alert.task_id == task_id, ended(Alert))
    await cancel_deliveries(session, Delivery.alert_id.in_(alerts), _DELIVERY_REASON[reason], now)
    return len(cancelled.all())


async def _followed(session: AsyncSession, task_id: UUID) -> set[str]:
    """The agencies with a pending timer: as long as a deadline is followed, one is always ahead."""
    pending = select(Timer.agency_code).where(Timer.task_id == task_id, Timer.status == TimerStatus.PENDING)
    return set(await session.scalars(pending))


async def _plan(
    session: AsyncSession,
    task_id: UUID,
    deadline: Deadline,
    agencies: Sequence[str],
    *,
    now: datetime,
    hour: int,
) -> int:
    """Plan the timers of agencies that have none pending; returns how many."""
    rows = [
        {
            "id": uuid4(),
            "task_id": task_id,
            "agency_code": agency,
            "revision": deadline.revision,
            "due_on": deadline.due_on,
            "milestone": timer.milestone,
            "due_at": timer.due_at,
            "status": timer.status,
            "reason": timer.reason,
            "changed_at": now,
        }
        for agency in agencies
        for timer in plan(deadline.due_on, now, hour)
    ]
    await add_timers(session, rows)
    return len(rows)


_new = insert(Timer)
_ADD_TIMERS = _new.on_conflict_do_update(
    constraint="uq_timers_key",
    set_={name: _new.excluded[name] for name in ("due_at", "status", "reason", "changed_at")},
    where=Timer.status == TimerStatus.CANCELLED,
)


async def add_timers(session: AsyncSession, rows: list[dict[str, object]]) -> None:
    """Insert timers. Of those known by key, only a cancelled one is planned again: what was raised stays raised."""
    await session.execute(_ADD_TIMERS, rows)
