"""Counting tasks by status from the facts, for any `as_of` and `known_at`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import CompoundSelect, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.domain.assignments import LEADING
from services.tasks.domain.status import Status
from services.tasks.queries.status import (
    KNOWN_AT,
    assignment_in_force,
    combined_status,
    leaf_statuses,
    membership_in_force,
)
from services.tasks.tables import Agency, Assignment, Citation, GroupMember
from shared.runtime.database import AnySelect

GroupBy = Literal["agency", "bloc", "group", "document", "programme"]
Count = Literal["task", "assignment"]


@dataclass(frozen=True, slots=True)
class Counted:
    """A key's total and its counts by status; a status without tasks counts 0."""

    key: str
    total: int
    by_status: Mapping[str, int]


def _leading() -> Any:
    """The agencies that lead each task by the assignments in force, with their blocs."""
    return (
        select(Assignment.task_id, Assignment.agency_code, Agency.bloc)
        .join(Agency, Agency.code == Assignment.agency_code)
        .where(
            Assignment.role.in_(sorted(LEADING)),
            assignment_in_force(Assignment),
        )
        .cte("leading")
    )


def is_by_agency(group_by: GroupBy | None, count: Count) -> bool:
    """True where units are parts of agencies: who does not lead a task is not counted."""
    return count == "assignment" or group_by in {"agency", "bloc", "group"}


def _led(leaf: Any, leading: Any, group_by: GroupBy | None, count: Count) -> Any:
    """Rows of `leaf`, by agency one for each that leads it."""
    if not is_by_agency(group_by, count):
        return leaf
    columns = [*leaf.c, leading.c.agency_code, leading.c.bloc]
    return select(*columns).join_from(leaf, leading, leading.c.task_id == leaf.c.task_id).subquery()


def units(leaf: Any, group_by: GroupBy | None, count: Count) -> AnySelect:
    """Rows (key, unit, status) to be counted under their keys. A unit with several rows is combined.

    `leaf`: rows of `leaf_statuses`, by agency with `agency_code` and `bloc`.
    """
    by_agency = is_by_agency(group_by, count)
    keys: dict[GroupBy | None, Any] = {
        None: literal(""),
        "agency": leaf.c.agency_code if by_agency else None,
        "bloc": leaf.c.bloc if by_agency else None,
        "group": GroupMember.group_code,
        "document": Citation.document_code,
        "programme": leaf.c.programme_code,
    }
    unit = leaf.c.top_id if count == "task" else leaf.c.task_id
    # what an agency did of its part stays done, also where the whole task was ended later
    status = leaf.c.status if by_agency else func.coalesce(leaf.c.top_ending, leaf.c.status).label("status")
    columns = [keys[group_by].label("key"), unit.label("unit"), status]
    if count == "assignment":
        columns.append(leaf.c.agency_code.label("agency"))
    rows = select(*columns).select_from(leaf)
    if group_by == "group":
        member_of = (GroupMember.agency_code == leaf.c.agency_code) & membership_in_force(GroupMember)
        rows = rows.join(GroupMember, member_of)
    if group_by == "document":
        rows = rows.join(Citation, (Citation.task_id == leaf.c.task_id) & (Citation.recorded_at <= KNOWN_AT))
    return rows


def numbers(leaf: Any, group_by: GroupBy | None, count: Count) -> AnySelect:
    """Rows (whole, key, status, number), either of the whole or of its groups; `leaf` as for `units`."""
    rows = units(leaf, group_by, count).subquery()
    per_unit = [rows.c.key, rows.c.unit]
    if count == "assignment":
        per_unit.append(rows.c.agency)
    each = select(rows.c.key, combined_status(rows.c.status).label("status")).group_by(*per_unit).subquery()
    whole = literal(group_by is None).label("whole")
    return select(whole, each.c.key, each.c.status, func.count().label("number")).group_by(
        each.c.key, each.c.status
    )


def _statement(group_by: GroupBy | None, count: Count) -> CompoundSelect[*tuple[Any, ...]]:
    """The whole and its groups in one statement, so that every task's status is worked out once."""
    leaf, leading = leaf_statuses().cte("leaf"), _leading()
    kinds = dict.fromkeys((None, group_by))
    parts = (numbers(_led(leaf, leading, kind, count), kind, count) for kind in kinds)
    return union_all(*parts).order_by("key")


GROUPINGS: tuple[GroupBy | None, ...] = (None, "agency", "bloc", "group", "document", "programme")
COUNTS: tuple[Count, ...] = ("task", "assignment")
_STATEMENTS = {(by, count): _statement(by, count) for by in GROUPINGS for count in COUNTS}


async def count_tasks(
    connection: AsyncConnection, asked: Mapping[str, Any], group_by: GroupBy | None, count: Count
) -> tuple[Counted, list[Counted]]:
    """The whole, and the groups. The whole counts each unit once; a unit may have several keys."""
    return await read_figures(connection, _STATEMENTS[group_by, count], asked)


async def read_figures(
    connection: AsyncConnection, statement: CompoundSelect[*tuple[Any, ...]], asked: Mapping[str, Any]
) -> tuple[Counted, list[Counted]]:
    """The whole, and the groups, of rows (whole, key, status, number); numbers of a key and a status are added."""
    wholes: dict[str, int] = {}
    groups: dict[str, dict[str, int]] = {}
    for whole, key, status, number in await connection.execute(statement, asked):
        found = wholes if whole else groups.setdefault(key, {})
        found[status] = found.get(status, 0) + number
    return _counted("", wholes), [_counted(*group) for group in groups.items()]


_NONE = dict.fromkeys((status.value for status in Status), 0)


def _counted(key: str, found: dict[str, int]) -> Counted:
    return Counted(key, sum(found.values()), _NONE | found)
