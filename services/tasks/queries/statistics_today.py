"""Counting tasks by status today, by all that is recorded, from the projection.

Most tasks are no group's member and are led by one agency: each is one unit of its keys, and is counted as it is read.
Only units that may have several rows are put together first, as `queries/statistics.py` does with all of them.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Select,
    case,
    exists,
    func,
    literal,
    not_,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from services.tasks.domain.assignments import LEADING
from services.tasks.domain.status import Status
from services.tasks.queries.statistics import (
    COUNTS,
    GROUPINGS,
    Count,
    Counted,
    GroupBy,
    is_by_agency,
    numbers,
    read_figures,
    units,
)
from services.tasks.queries.status import AS_OF, SOON_UNTIL
from services.tasks.tables import Agency, Assignment, Citation, Ending, Programme, ProjectedTask, TaskKey
from shared.runtime.database import AnySelect


def _status(task: Any) -> Any:
    """The status on `as_of` of a row with `lasting` and `status_due_on`; see `tables/projection.py`."""
    return case(
        (task.lasting.not_in(("open", "group")), task.lasting),
        (task.status_due_on < AS_OF, literal(Status.OVERDUE.value)),
        (task.status_due_on <= SOON_UNTIL, literal(Status.DUE_SOON.value)),
        else_=literal(Status.IN_PROGRESS.value),
    ).label("status")


_NO_ENDING = null()
_IS_MEMBER = ProjectedTask.parent_id.is_not(None)


def _leaf(*more: Any, top_ending: Any = _NO_ENDING) -> AnySelect:
    """The columns of `leaf_statuses`, of every task that is no group's; those of the projection are in one index."""
    return select(
        ProjectedTask.id.label("task_id"),
        func.coalesce(ProjectedTask.parent_id, ProjectedTask.id).label("top_id"),
        ProjectedTask.programme_code,
        _status(ProjectedTask),
        top_ending.label("top_ending"),
        *more,
    ).where(not_(ProjectedTask.is_group))


def _led_alone() -> AnySelect:
    """Tasks that one agency leads, with it. A left join of which nothing is asked is none."""
    leaf = _leaf(ProjectedTask.sole_leader.label("agency_code"), Agency.bloc)
    return leaf.outerjoin(Agency, Agency.code == ProjectedTask.sole_leader).where(
        ProjectedTask.sole_leader.is_not(None)
    )


def _led_together() -> AnySelect:
    """Tasks that several lead, with each of them."""
    return (
        _leaf(Assignment.agency_code, Agency.bloc)
        .join(Assignment, Assignment.task_id == ProjectedTask.id)
        .outerjoin(Agency, Agency.code == Assignment.agency_code)
        .where(
            ProjectedTask.sole_leader.is_(None),
            Assignment.role.in_(sorted(LEADING)),
            Assignment.ended_at.is_(None),
        )
    )


def _members() -> AnySelect:
    """Members' tasks, without agencies."""
    leaf = _leaf(top_ending=Ending.kind)
    return leaf.outerjoin(Ending, Ending.task_id == ProjectedTask.parent_id).where(_IS_MEMBER)


def _citing(each: AnySelect) -> list[AnySelect]:
    """The parts of rows by citation in which no task cites a document twice: first citations, and further documents."""
    earlier = aliased(Citation)
    before = exists().where(
        earlier.task_id == Citation.task_id,
        earlier.document_code == Citation.document_code,
        earlier.position < Citation.position,
    )
    return [each.where(Citation.position == 1), each.where(Citation.position > 1, not_(before))]


def _counted(each: Any, group_by: GroupBy | None) -> Select[Any]:
    """Rows (whole, key, status, number) of rows (key, status), each of which counts."""
    whole = literal(group_by is None).label("whole")
    return select(whole, each.c.key, each.c.status, func.count().label("number")).group_by(
        each.c.key, each.c.status
    )


def _tops() -> AnySelect:
    """The whole: a group's task has the status of its members together."""
    rows = select(literal("").label("key"), _status(TaskKey)).where(TaskKey.key == "top")
    return _counted(rows.subquery(), None)


def _tops_by_programme() -> AnySelect:
    listed = (
        select(_status(TaskKey), func.count().label("number"))
        .where(TaskKey.key == literal("programme:") + Programme.normal_form)
        .group_by("status")
        .lateral("listed")
    )
    whole = literal(False).label("whole")
    return select(whole, Programme.code.label("key"), listed.c.status, listed.c.number).join(listed, true())


def _parts(group_by: GroupBy | None, count: Count) -> list[AnySelect]:
    others: Any
    if is_by_agency(group_by, count):
        single = _led_alone().where(not_(_IS_MEMBER))
        others = union_all(_led_alone().where(_IS_MEMBER), _led_together())
    elif group_by == "document":
        single, others = _leaf().where(not_(_IS_MEMBER)), _members()
    else:
        return [_tops_by_programme() if group_by else _tops()]
    each = units(single.subquery(), group_by, count)
    singles = _citing(each) if group_by == "document" else [each]
    counted = [_counted(rows.subquery(), group_by) for rows in singles]
    return [*counted, numbers(others.subquery(), group_by, count)]


def _statement(group_by: GroupBy | None, count: Count) -> CompoundSelect[*tuple[Any, ...]]:
    parts = [part for kind in dict.fromkeys((None, group_by)) for part in _parts(kind, count)]
    return union_all(*parts).order_by("key")


_STATEMENTS = {(by, count): _statement(by, count) for by in GROUPINGS for count in COUNTS}


async def count_tasks_today(
    connection: AsyncConnection, asked: Mapping[str, Any], group_by: GroupBy | None, count: Count
) -> tuple[Counted, list[Counted]]:
    """As `count_tasks`, by all that `connection` sees; `as_of` is today or a later day."""
    return await read_figures(connection, _STATEMENTS[group_by, count], asked)
