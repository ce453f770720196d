"""Counting tasks by status, for any `as_of` and `known_at`."""

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
from shared.runtime.database import AnyRow, AnySelect

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


def _units(leaf: Any, leading: Any, group_by: GroupBy | None, count: Count) -> AnySelect:
    """Rows (key, unit, status) to be counted under their keys. A unit with several rows is combined."""
    unit = leaf.c.top_id if count == "task" else leaf.c.task_id
    keys: dict[GroupBy | None, Any] = {
        None: literal(""),
        "agency": leading.c.agency_code,
        "bloc": leading.c.bloc,
        "group": GroupMember.group_code,
        "document": Citation.document_code,
        "programme": leaf.c.programme_code,
    }
    by_agency = count == "assignment" or group_by in {"agency", "bloc", "group"}
    # what an agency did of its part stays done, also where the whole task was ended later
    status = leaf.c.status if by_agency else func.coalesce(leaf.c.top_ending, leaf.c.status).label("status")
    columns = [keys[group_by].label("key"), unit.label("unit"), status]
    if count == "assignment":
        columns.append(leading.c.agency_code.label("agency"))
    rows = select(*columns).select_from(leaf)
    if by_agency:
        rows = rows.join(leading, leading.c.task_id == leaf.c.task_id)
    if group_by == "group":
        rows = rows.join(
            GroupMember,
            (GroupMember.agency_code == leading.c.agency_code) & membership_in_force(GroupMember),
        )
    if group_by == "document":
        rows = rows.join(Citation, (Citation.task_id == leaf.c.task_id) & (Citation.recorded_at <= KNOWN_AT))
    return rows


def _numbers(leaf: Any, leading: Any, group_by: GroupBy | None, count: Count) -> AnySelect:
    """Rows (whole, key, status, number), either of the whole or of its groups."""
    units = _units(leaf, leading, group_by, count).subquery()
    per_unit = [units.c.key, units.c.unit]
    if count == "assignment":
        per_unit.append(units.c.agency)
    each = select(units.c.key, combined_status(units.c.status).label("status")).group_by(*per_unit).subquery()
    whole = literal(group_by is None).label("whole")
    return select(whole, each.c.key, each.c.status, func.count().label("number")).group_by(
        each.c.key, each.c.status
    )


def _statement(group_by: GroupBy | None, count: Count) -> CompoundSelect[*tuple[Any, ...]]:
    """The whole and its groups in one statement, so that every task's status is worked out once."""
    leaf, leading = leaf_statuses().cte("leaf"), _leading()
    kinds = dict.fromkeys((None, group_by))
    return union_all(*(_numbers(leaf, leading, kind, count) for kind in kinds)).order_by("key")


_GROUPINGS: tuple[GroupBy | None, ...] = (None, "agency", "bloc", "group", "document", "programme")
_COUNTS: tuple[Count, ...] = ("task", "assignment")
_STATEMENTS = {(by, count): _statement(by, count) for by in _GROUPINGS for count in _COUNTS}


async def count_tasks(
    connection: AsyncConnection, asked: Mapping[str, Any], group_by: GroupBy | None, count: Count
) -> tuple[Counted, list[Counted]]:
    """The whole, and the groups. The whole counts each unit once; a unit may have several keys."""
    rows = (await connection.execute(_STATEMENTS[group_by, count], asked)).all()
    by_key: dict[str, list[AnyRow]] = {}
    for row in rows:
        if not row.whole:
            by_key.setdefault(row.key, []).append(row)
    whole = _counted("", [row for row in rows if row.whole])
    return whole, [_counted(key, found) for key, found in by_key.items()]


def _counted(key: str, rows: Any) -> Counted:
    numbers = {row.status: row.number for row in rows}
    return Counted(
        key, sum(numbers.values()), {status.value: numbers.get(status.value, 0) for status in Status}
    )
