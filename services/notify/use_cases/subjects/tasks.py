"""Tasks: each agency that answers for a deadline is reminded of its milestones."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.notify.domain.deliveries import DeliveryReason
from services.notify.domain.reminders import ReminderState, ReminderStatus
from services.notify.domain.subjects.tasks.messages import DueTask, message_en, message_vi
from services.notify.domain.subjects.tasks.milestones import (
    KIND,
    REASONS,
    DeadlineReason,
    Milestone,
    following,
    kind_of,
    name_of,
    passed_over,
    plan,
)
from services.notify.domain.subjects.tasks.responsibility import Deadline, no_alert_reason, responsible
from services.notify.tables import Reminder
from services.notify.tables.subjects.tasks import Task
from services.notify.use_cases.reminders.copies import CopyOutcome, record_copy
from services.notify.use_cases.reminders.outdated import cancel_undelivered
from services.notify.use_cases.reminders.plan import (
    NewReminder,
    SubjectKey,
    add_reminders,
    audit_reminders,
    end_reminders,
)
from services.notify.use_cases.reminders.subject import Due, Evaluation, EvaluationContext, Subject
from shared.events import tasks
from shared.events.envelope import EventData
from shared.events.notify import AlertRaised
from shared.log.inbox import EventMetadata

# Reasons of undelivered alerts that are cancelled with a reminder of their deadline.
_DELIVERY_REASON: Mapping[DeadlineReason, DeliveryReason] = {
    DeadlineReason.REPLANNED: DeliveryReason.DEADLINE_MOVED,
    DeadlineReason.ASSIGNMENT_ENDED: DeliveryReason.ASSIGNMENT_ENDED,
    DeadlineReason.TASK_ENDED: DeliveryReason.TASK_ENDED,
    DeadlineReason.NO_DEADLINE: DeliveryReason.NO_DEADLINE,
    DeadlineReason.REPORTED_BY_CHILDREN: DeliveryReason.REPORTED_BY_CHILDREN,
}
_REVISION = Reminder.facts["revision"].as_integer()
_DUE_ON = Reminder.facts["due_on"].as_string()


# --- events ---------------------------------------------------------------------------------------------------------


async def apply(
    session: AsyncSession, event: EventData, _: EventMetadata, context: EvaluationContext[None]
) -> None:
    """Update our copy of a task, and its reminders and undelivered alerts to match."""
    assert isinstance(event, tasks.TaskEvent)  # noqa: S101 - the consumer parses by type
    task, subject = event.task, SubjectKey(KIND, str(event.task.id))
    agencies = responsible((assignment.agency_code, assignment.role) for assignment in task.assignments)
    recorded = await _record(session, task, agencies)
    if recorded is CopyOutcome.OUTDATED:
        return
    due_on = task.deadline.due_on
    no_alerts = no_alert_reason(state=task.state, kind=task.kind, due_on=due_on, children=task.children)
    deadline = None if no_alerts or due_on is None else Deadline(task.deadline.revision, due_on)
    cancelled = planned = 0
    reminded: set[str] = set()
    if recorded is CopyOutcome.CHANGED:
        for reason, ended in _endings(no_alerts, deadline, agencies):
            cancelled += await _end(session, subject, reason, ended, context.now)
        reminded = await _agencies_with_pending(session, subject)
    if deadline is not None:
        planned = await _plan(session, subject, deadline, set(agencies) - reminded, context)
    if planned or cancelled:
        detail = {"version": task.version, "revision": task.deadline.revision, "due_on": str(due_on)}
        await audit_reminders(session, subject, context.now, planned=planned, cancelled=cancelled, **detail)


async def _record(session: AsyncSession, task: tasks.TaskState, agencies: Collection[str]) -> CopyOutcome:
    row = {
        "id": str(task.id),
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
    return await record_copy(session, Task, row)


def _endings(
    no_alerts: DeadlineReason | None, deadline: Deadline | None, agencies: Collection[str]
) -> Iterator[tuple[DeadlineReason, ColumnElement[bool]]]:
    """The conditions on reminders that no longer hold, each with its reason."""
    if deadline is None:
        yield no_alerts or DeadlineReason.NO_DEADLINE, true()
        return
    current = (deadline.revision, str(deadline.due_on))
    yield DeadlineReason.REPLANNED, tuple_(_REVISION, _DUE_ON) != current
    yield DeadlineReason.ASSIGNMENT_ENDED, Reminder.agency_code.not_in(agencies)


async def _end(
    session: AsyncSession,
    subject: SubjectKey,
    reason: DeadlineReason,
    ended: ColumnElement[bool],
    now: datetime,
) -> int:
    """Cancel the pending reminders and undelivered alerts of a task that meet a condition; returns how many reminders."""
    state = ReminderState(ReminderStatus.CANCELLED, reason)
    cancelled = await end_reminders(session, subject, ended, now, state=state)
    await cancel_undelivered(session, subject, ended, _DELIVERY_REASON[reason], now)
    return cancelled


async def _agencies_with_pending(session: AsyncSession, subject: SubjectKey) -> set[str]:
    """The agencies with a pending reminder: while a deadline is followed, each has one."""
    pending = select(Reminder.agency_code).where(subject.matches, Reminder.status == ReminderStatus.PENDING)
    return set(await session.scalars(pending))


async def _plan(
    session: AsyncSession,
    subject: SubjectKey,
    deadline: Deadline,
    agencies: Collection[str],
    context: EvaluationContext[None],
) -> int:
    """Plan the milestones of agencies that have none pending; returns how many."""
    new = [
        (subject, _reminder(milestone, deadline, agency))
        for agency in sorted(agencies)
        for milestone in plan(deadline.due_on, context.now, context.alert_hour)
    ]
    return await add_reminders(session, new, context.now)


def _reminder(milestone: Milestone, deadline: Deadline, agency: str) -> NewReminder:
    name = name_of(milestone.days)
    return NewReminder(
        kind_of(milestone.days),
        dedup_key=f"{agency}/{deadline.revision}/{deadline.due_on}/{name}",
        series=agency,
        rank=milestone.days,
        agency_code=agency,
        due_at=milestone.due_at,
        state=milestone.state,
        facts={"revision": deadline.revision, "due_on": str(deadline.due_on), "milestone": name},
    )


# --- reminders ------------------------------------------------------------------------------------------------------


def _passed_over(due: Due[Task], context: EvaluationContext[None]) -> Sequence[NewReminder]:
    deadline, days = _deadline(due), due.reminder.rank
    found = passed_over(deadline.due_on, days, context.now, context.alert_hour)
    return [_reminder(milestone, deadline, due.reminder.agency_code) for milestone in found]


def evaluate(due: Due[Task], context: EvaluationContext[None]) -> Evaluation:
    """A pending milestone holds, since events of its task end those that do not; a weekly one is followed by the next."""
    deadline = _deadline(due)
    milestone = following(deadline.due_on, due.reminder.rank, context.alert_hour)
    if milestone is None:
        return Evaluation()
    return Evaluation(planned=_reminder(milestone, deadline, due.reminder.agency_code))


def _deadline(due: Due[Task]) -> Deadline:
    facts = due.reminder.facts
    return Deadline(facts["revision"], date.fromisoformat(facts["due_on"]))


# --- alerts ---------------------------------------------------------------------------------------------------------


def render(
    due: Due[Task], facts: Mapping[str, Any], context: EvaluationContext[None]
) -> Mapping[str, object]:
    task, due_on = due.copy, date.fromisoformat(facts["due_on"])
    due_task = DueTask(due.agency, task.title, due_on, task.deliverable)
    return {
        "milestone": facts["milestone"],
        "task": {
            "id": task.id,
            "title": task.title,
            "deadline_text": task.deadline_text,
            "due_on": due_on,
            "deliverable": task.deliverable,
            "link": f"{context.public_url}/tasks/v1/tasks/{task.id}",
        },
        "message_vi": message_vi(due_task, context.today),
        "message_en": message_en(due_task, context.today),
    }


SUBJECT: Subject[Task, None] = Subject(
    kind=KIND,
    table=Task,
    key=UUID,
    key_description="id of a task",
    source="tasks",
    events={
        event_type: contract
        for event_type, contract in tasks.EVENTS.items()
        if issubclass(contract, tasks.TaskEvent)
    },
    alert=AlertRaised,
    webhook="alert",
    webhook_description="Cảnh báo về một thời hạn: trước hạn, đúng ngày và sau hạn."
    " / An alert about a deadline: before it, on the day, and after.",
    apply=apply,
    passed_over=_passed_over,
    evaluate=evaluate,
    render=render,
    supersedes_retries=False,
    reasons=REASONS,
)
