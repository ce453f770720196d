"""The rule of `domain/status.py` as SQL, so that the database can list and count by status for any day and instant."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    DateTime,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from services.tasks.domain.status import COMBINED, Status
from services.tasks.tables import Deadline, Ending, Submission, Task
from shared.runtime.database import AnySelect
from shared.runtime.stable_reads import AsOf

AS_OF = bindparam("as_of", type_=Date)
KNOWN_AT = bindparam("known_at", type_=DateTime(timezone=True))
SOON_UNTIL = bindparam("soon_until", type_=Date)
# OFFSET 0 keeps PostgreSQL from evaluating a subquery once per reference: with it a page of 1,600 tasks with 20,000
# members takes 7 ms instead of 790
_ONCE: ColumnElement[int] = literal_column("0")


def parameters(asked: AsOf, due_soon_days: int) -> dict[str, Any]:
    """Values of the parameters of every statement here."""
    soon_until = asked.as_of + timedelta(days=due_soon_days)
    return {"as_of": asked.as_of, "known_at": asked.known_at, "soon_until": soon_until}


def is_recorded(task: Any) -> ColumnElement[bool]:
    return and_(task.recorded_at <= KNOWN_AT, task.assigned_on <= AS_OF)


def assignment_in_force(assignment: Any) -> ColumnElement[bool]:
    """An assignment is in force at `as_of` by what was known at `known_at`: begun and not ended."""
    return and_(
        assignment.recorded_at <= KNOWN_AT,
        assignment.effective_on <= AS_OF,
        assignment.ended_at.is_(None) | (assignment.ended_at > KNOWN_AT) | (assignment.ended_on > AS_OF),
    )


def membership_in_force(member: Any) -> ColumnElement[bool]:
    """A membership is in force at `as_of` by what was known at `known_at`: from its first day to its last."""
    return and_(
        member.recorded_at <= KNOWN_AT,
        member.valid_from <= AS_OF,
        member.ended_at.is_(None) | (member.ended_at > KNOWN_AT) | (member.valid_to >= AS_OF),
    )


def status_case(kind: Any, due_on: Any, completed_on: Any, ending: Any) -> ColumnElement[str]:
    """Status of one task from its facts in force; see `domain.status.status_on`."""
    return case(
        (ending.is_not(None), ending),
        (
            completed_on.is_not(None),
            case(
                (and_(kind == "dated", completed_on > due_on), literal(Status.COMPLETED_LATE.value)),
                else_=literal(Status.COMPLETED_ON_TIME.value),
            ),
        ),
        (kind == "standing", literal(Status.STANDING.value)),
        (due_on < AS_OF, literal(Status.OVERDUE.value)),
        (due_on <= SOON_UNTIL, literal(Status.DUE_SOON.value)),
        else_=literal(Status.IN_PROGRESS.value),
    )


def combined_status(status: Any) -> ColumnElement[str]:
    """Status of a task given to several, over its members' rows, null over none; see `domain.status.combined`."""
    words = literal_column(f"(ARRAY[{', '.join(repr(word.value) for word in COMBINED)}])", ARRAY(Text))
    first: ColumnElement[str] = words[func.min(func.array_position(words, status))]
    return first


def leaf_statuses() -> AnySelect:
    """Set-wise, for counting: (task_id, top_id, status, top_ending) of every task that is no group's parent.

    `top_ending`: the ending of a group's whole task, or null.
    """
    in_force, accepted, ended = _facts()
    top_ended = ended.alias("top_ended")
    status = status_case(Task.kind, in_force.c.due_on, accepted.c.completed_on, ended.c.kind)
    return (
        select(
            Task.id.label("task_id"),
            func.coalesce(Task.parent_id, Task.id).label("top_id"),
            Task.programme_code,
            status.label("status"),
            top_ended.c.kind.label("top_ending"),
        )
        .outerjoin(in_force, in_force.c.task_id == Task.id)
        .outerjoin(accepted, accepted.c.task_id == Task.id)
        .outerjoin(ended, ended.c.task_id == Task.id)
        .outerjoin(top_ended, top_ended.c.task_id == Task.parent_id)
        .where(is_recorded(Task), Task.children_count == 0)
    )


def _facts() -> tuple[Any, Any, Any]:
    """CTEs of all tasks by `as_of` and `known_at`: due date, completion, ending."""
    in_force = (
        select(Deadline.task_id, Deadline.due_on)
        .ext(distinct_on(Deadline.task_id))
        .where(Deadline.effective_on <= AS_OF, Deadline.recorded_at <= KNOWN_AT)
        .order_by(Deadline.task_id, Deadline.effective_on.desc(), Deadline.revision.desc())
        .cte("in_force")
    )
    accepted = (
        select(Submission.task_id, Submission.completed_on)
        .where(
            Submission.decision == "accept",
            Submission.decided_at <= KNOWN_AT,
            Submission.completed_on <= AS_OF,
        )
        .cte("accepted")
    )
    ended = (
        select(Ending.task_id, Ending.kind)
        .where(Ending.recorded_at <= KNOWN_AT, Ending.effective_on <= AS_OF)
        .cte("ended")
    )
    return in_force, accepted, ended


def status_beside(task: Any) -> tuple[Any, Any, ColumnElement[str], ColumnElement[date]]:
    """Row-wise, for lists: two lateral subqueries to join to `task`, its status, and its due date in force."""
    facts = _facts_beside(task, "facts")
    child = aliased(Task, name="child")
    child_facts = _facts_beside(child, "child_facts")
    children = (
        select(combined_status(_status(child, child_facts)).label("status"))
        .select_from(child)
        .join(child_facts, true())
        .where(task.children_count > 0, child.parent_id == task.id, is_recorded(child))
        .lateral("children")
    )
    own = _status(task, facts)
    status = case(
        (task.children_count > 0, func.coalesce(facts.c.ending, children.c.status, own)),
        else_=own,
    )
    return facts, children, status, facts.c.due_on


def _status(task: Any, facts: Any) -> ColumnElement[str]:
    return status_case(task.kind, facts.c.due_on, facts.c.completed_on, facts.c.ending)


def _facts_beside(task: Any, name: str) -> Any:
    due_on = (
        select(Deadline.due_on)
        .where(Deadline.task_id == task.id, Deadline.effective_on <= AS_OF, Deadline.recorded_at <= KNOWN_AT)
        .order_by(Deadline.effective_on.desc(), Deadline.revision.desc())
        .limit(1)
    )
    completed_on = select(Submission.completed_on).where(
        Submission.task_id == task.id,
        Submission.decision == "accept",
        Submission.decided_at <= KNOWN_AT,
        Submission.completed_on <= AS_OF,
    )
    ending = select(Ending.kind).where(
        Ending.task_id == task.id, Ending.recorded_at <= KNOWN_AT, Ending.effective_on <= AS_OF
    )
    facts = select(
        due_on.correlate(task).scalar_subquery().label("due_on"),
        completed_on.correlate(task).scalar_subquery().label("completed_on"),
        ending.correlate(task).scalar_subquery().label("ending"),
    )
    return facts.offset(_ONCE).lateral(name)
