"""Reading tasks from the facts, for any `as_of` and `known_at`: one, or a page of them. Today: `queries/projection.py`."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Integer,
    ScalarSelect,
    Text,
    Uuid,
    all_,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.domain.assignments import LEADING
from services.tasks.queries.places import PlaceInList
from services.tasks.queries.status import AS_OF, KNOWN_AT, assignment_in_force, is_recorded, status_beside
from services.tasks.queries.visibility import concerns_viewer
from services.tasks.tables import (
    Assignment,
    Citation,
    Deadline,
    Document,
    Numbered,
    Programme,
    Submission,
    Task,
)
from shared.keys.viewers import Viewer
from shared.runtime.database import AnyRow, AnySelect

_FOREVER = literal_column("'infinity'::date", Date)  # as ix_tasks_order has it: a parameter would not match
_ORDER = (func.coalesce(Task.due_on, _FOREVER), Task.id)

_assignment = func.jsonb_build_object(
    "agency_code",
    Assignment.agency_code,
    "role",
    Assignment.role,
    "position",
    Assignment.position,
    "unit",
    Assignment.unit,
)
_assignments = (
    select(func.jsonb_agg(aggregate_order_by(_assignment, Assignment.id)))
    .where(Assignment.task_id == Task.id, assignment_in_force(Assignment))
    .scalar_subquery()
)
_citation = func.jsonb_build_object("document_code", Citation.document_code, "clause", Citation.clause)
_citations = (
    select(func.jsonb_agg(aggregate_order_by(_citation, Citation.position)))
    .where(Citation.task_id == Task.id, Citation.recorded_at <= KNOWN_AT)
    .scalar_subquery()
)
_deadline = (
    select(Deadline)
    .where(Deadline.task_id == Task.id, Deadline.effective_on <= AS_OF, Deadline.recorded_at <= KNOWN_AT)
    .order_by(Deadline.effective_on.desc(), Deadline.revision.desc())
    .limit(1)
    .lateral("deadline")
)
_undecided = (
    select(Submission.id)
    .where(
        Submission.task_id == Task.id,
        Submission.submitted_at <= KNOWN_AT,
        Submission.decided_at.is_(None) | (Submission.decided_at > KNOWN_AT),
    )
    .exists()
)


def _view(*, bound: bool) -> tuple[AnySelect, ColumnElement[str], ColumnElement[date]]:
    facts, children, status, due_on = status_beside(Task)
    statement = (
        select(
            Task.id,
            Task.version,
            Task.title,
            Task.programme_code,
            Task.kind,
            Task.deliverable,
            Task.priority,
            Task.parent_id,
            Task.children_count,
            Task.lead_text,
            Task.coordinate_text,
            Task.assigned_on,
            Task.recorded_at,
            status.label("status"),
            due_on.label("due_on"),
            and_(status.not_in(["cancelled", "merged"]), _undecided).label("submitted"),
            _deadline.c.text.label("deadline_text"),
            _deadline.c.kind.label("deadline_kind"),
            _deadline.c.start_on,
            _deadline.c.due_on.label("reading_due_on"),
            _deadline.c.recurs_every,
            _deadline.c.recurs_due_day,
            _deadline.c.recurs_due_month,
            _deadline.c.flags,
            _deadline.c.unread_words,
            _deadline.c.revision,
            func.coalesce(_assignments, func.jsonb_build_array()).label("assignments"),
            func.coalesce(_citations, func.jsonb_build_array()).label("citations"),
            Task.due_on.label("due_on_now"),
            concerns_viewer(Task, bound=bound).label("concerned"),
        )
        .select_from(Task)
        .join(facts, true())
        .join(children, true())
        .join(_deadline, true())
    )
    return statement, status, due_on


_VIEWS = {bound: _view(bound=bound) for bound in (False, True)}  # by whether the viewer is bound to an agency
_ONE = {
    bound: view.where(Task.id == bindparam("id", type_=Uuid), is_recorded(Task))
    for bound, (view, _, _) in _VIEWS.items()
}


async def get_task(
    connection: AsyncConnection, task_id: UUID, asked: Mapping[str, Any], viewer: Viewer
) -> AnyRow | None:
    """A task with its present words, and its status on a day; None before it was assigned or recorded.

    `concerned`: whether the viewer sees more of it than its public form.
    """
    values = {**asked, "id": task_id, "viewer": viewer.agency}
    return (await connection.execute(_ONE[viewer.is_bound], values)).one_or_none()


Place = Literal["start", "dated", "undated"]
_AFTER_ID: ColumnElement[UUID] = bindparam("after_id", type_=Uuid)


def _numbered(what: type[Numbered], name: str) -> ScalarSelect[str]:
    """The number as recorded of a parameter in its normal form."""
    return select(what.code).where(what.normal_form == bindparam(name)).scalar_subquery()


_CITES = select(Citation.position).where(Citation.task_id == Task.id, Citation.recorded_at <= KNOWN_AT)
_IN_FORCE = select(Assignment.id).where(Assignment.task_id == Task.id, assignment_in_force(Assignment))


def _conditions(status: ColumnElement[str], due_on: ColumnElement[date]) -> Mapping[str, ColumnElement[bool]]:
    return {
        "document": _CITES.where(Citation.document_code == _numbered(Document, "document")).exists(),
        "programme": Task.programme_code == _numbered(Programme, "programme"),
        "parent": Task.parent_id == bindparam("parent"),
        "status": status == any_(bindparam("status", type_=ARRAY(Text))),
        "due_before": due_on < bindparam("due_before"),
        "due_after": due_on > bindparam("due_after"),
    }


_CONDITIONS = {bound: _conditions(status, due_on) for bound, (_, status, due_on) in _VIEWS.items()}
_PEOPLE: Mapping[str, ColumnElement[bool]] = {
    "agency": Assignment.agency_code == bindparam("agency"),
    "role": Assignment.role == bindparam("role"),
}


def _has_all(patterns: str) -> ColumnElement[bool]:
    """True where the words of a task, each between blanks, are like every pattern of a parameter."""
    spaced = literal(" ").concat(Task.search_text).concat(" ")
    return spaced.like(all_(bindparam(patterns, type_=ARRAY(Text))))


# 0 where every word asked for is a whole word of the text, 1 where one is only the beginning of one.
_RANK = case((_has_all("whole_words"), 0), else_=1)


@lru_cache(maxsize=128)  # building and hashing so large a statement costs more than running it
def _page(filters: frozenset[str], place: Place, *, words: bool, bound: bool) -> AnySelect:
    """A page of the list by the filters that are given; their values, `limit` and the place are parameters.

    A bound viewer finds others' tasks by who leads them only.
    """
    view, _, _ = _VIEWS[bound]
    rank = _RANK if words else literal(0)
    statement = view.add_columns(rank.label("rank")).where(is_recorded(Task))
    statement = statement.order_by(*([rank] if words else []), *_ORDER).limit(
        bindparam("limit", type_=Integer)
    )
    conditions = _CONDITIONS[bound]
    statement = statement.where(*(condition for name, condition in conditions.items() if name in filters))
    people = [condition for name, condition in _PEOPLE.items() if name in filters]
    if people:
        if bound:
            people.append(Assignment.role.in_(sorted(LEADING)) | concerns_viewer(Task, bound=True))
        statement = statement.where(_IN_FORCE.where(*people).exists())
    if not filters & {"agency", "parent"}:
        statement = statement.where(Task.parent_id.is_(None))
    if words:
        statement = statement.where(_has_all("beginnings"))
    if place == "start":
        return statement
    day = bindparam("after_day", type_=Date) if place == "dated" else _FOREVER
    order, after = tuple_(rank, *_ORDER), tuple_(bindparam("after_rank", type_=Integer), day, _AFTER_ID)
    return statement.where(order > after if words else tuple_(*_ORDER) > tuple_(day, _AFTER_ID))


def page_statement(
    wanted: Mapping[str, Any], viewer: Viewer, *, after: PlaceInList | None, limit: int
) -> tuple[AnySelect, dict[str, Any]]:
    """The statement of a page, and its parameters except `as_of` and `known_at`."""
    values = {name: wanted[name] for name in (*_CONDITIONS[False], *_PEOPLE) if wanted.get(name)}
    words = [_escaped(word) for word in wanted.get("words", ())]
    place: Place = "start"
    more: dict[str, Any] = {
        "limit": limit + 1,
        "viewer": viewer.agency,
    }
    if words:
        more |= {
            "beginnings": [f"% {word}%" for word in words],
            "whole_words": [f"% {word} %" for word in words],
        }
    if after is not None:
        place = "undated" if after.due_on is None else "dated"
        more |= {"after_id": after.id, "after_rank": after.rank}
        more |= {"after_day": after.due_on} if after.due_on is not None else {}
    return _page(frozenset(values), place, words=bool(words), bound=viewer.is_bound), values | more


def _escaped(word: str) -> str:
    """A word in which LIKE finds nothing but itself."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def list_tasks(
    connection: AsyncConnection,
    wanted: Mapping[str, Any],
    asked: Mapping[str, Any],
    viewer: Viewer,
    *,
    after: PlaceInList | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Tasks by due date, those without one last; at most `limit + 1` rows, so that the caller sees whether more follow.

    Those found by words come by `rank` first. Without an agency or a parent, tasks of a group's members are left out:
    their parent is listed.
    """
    statement, values = page_statement(wanted, viewer, after=after, limit=limit)
    return (await connection.execute(statement, {**asked, **values})).all()
