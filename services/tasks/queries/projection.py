"""Reading tasks of today, by all that is recorded, from the projection; the answers are JSON that PostgreSQL puts together.

A page is read in the order of `task_keys`: of each lasting status that the filters admit its first rows, and of all
these the first. So a page costs the same wherever it stands, and no plan depends on statistics.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from services.tasks.domain.assignments import LEADING, Role
from services.tasks.domain.status import Status
from services.tasks.queries.places import PlaceInList
from shared.agencies import WITHIN_VIEWER
from shared.keys.viewers import Viewer
from shared.runtime.database import AnyRow

FEW = 1_000  # tasks with the words asked for: as many are sorted; of more the list is searched in its order
_ROWS = (
    2,
    11,
    51,
    101,
    201,
)  # that a page may read, one more than it shows: so many statements, not one for each limit
_DAY = timedelta(days=1)
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
_NEVER = date.max  # `infinity` in PostgreSQL, as date.min is `-infinity`
_NO_WORDS = ""
_RARE = set(Role) - {Role.LEAD, Role.COORDINATE}  # roles whose agencies have keys of their own in `task_keys`

_VIEWER = f"viewer AS MATERIALIZED (SELECT array_agg(code) AS codes FROM ({WITHIN_VIEWER}) AS own)"  # noqa: S608 - put together from constants, as below
_CONCERNED = """(
    task.agencies && (SELECT codes FROM viewer)
    OR task.is_group AND coalesce((
        SELECT true FROM projected_tasks AS member
        WHERE member.parent_id = task.id AND member.agencies && (SELECT codes FROM viewer) LIMIT 1
    ), false)
)"""
_STATUS = """CASE
    WHEN task.lasting NOT IN ('open', 'group') THEN task.lasting
    WHEN task.status_due_on < :as_of THEN 'overdue'
    WHEN task.status_due_on <= :soon_until THEN 'due_soon'
    ELSE 'in_progress'
END"""
_BRANCHES = """
    unnest(:keys, :lasting, :after_due, :after_id, :until, :status_from, :status_until)
        AS branch(key, lasting, after_due, after_id, until, status_from, status_until)"""
_BRANCH_TYPES = {
    "keys": Text, "lasting": Text, "after_due": Date, "after_id": Uuid, "until": Date, "status_from": Date,
    "status_until": Date,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Branch:
    """A part of the list: rows of a key with a lasting status, after a place and up to a due date."""

    key: str
    lasting: str
    after: tuple[date, UUID]
    until: date
    status_from: date = date.min
    status_until: date = _NEVER


@dataclass(frozen=True, slots=True)
class _Shape:
    """The form of a statement; the values are its parameters."""

    limit: int  # one of _ROWS
    bound: bool
    also: bool  # keys beside the one by which the list is read
    leading: bool  # a bound viewer finds others' tasks by who leads them only
    words: bool


def _statement(sql: str) -> TextClause:
    types: dict[str, TypeEngine[Any]] = {
        **{name: ARRAY(kind()) for name, kind in _BRANCH_TYPES.items()},
        **{name: ARRAY(Text()) for name in ("also", "leaders")},
        **{name: Date() for name in ("as_of", "soon_until")},
    }
    return text(sql).bindparams(
        *(bindparam(name, type_=kind) for name, kind in types.items() if f":{name}" in sql)
    )


def _shown(source: str, *, bound: bool) -> str:
    """Rows (json, version, concerned, id, due_on) of the tasks of `source`."""
    return f"""
    SELECT task.body || ',"status":"' || {_STATUS} || '"'
               || CASE WHEN seen.concerned THEN task.full_form ELSE task.public_form END AS json,
           task.version, seen.concerned, task.id, task.due_on
    FROM {source} CROSS JOIN LATERAL (SELECT {_CONCERNED if bound else "true"} AS concerned OFFSET 0) AS seen
    """  # noqa: S608


def _one(*, bound: bool) -> TextClause:
    viewer = f"WITH {_VIEWER}" if bound else ""
    return _statement(f"{viewer} {_shown('projected_tasks AS task', bound=bound)} WHERE task.id = :id")


_ONE = {bound: _one(bound=bound) for bound in (False, True)}


async def get_task(
    connection: AsyncConnection, task_id: UUID, asked: Mapping[str, Any], viewer: Viewer
) -> AnyRow | None:
    """A task as (json, version, concerned) today; None where there is none.

    `concerned`: whether the viewer sees more of it than its public form.
    """
    values = {"id": task_id, "as_of": asked["as_of"], "soon_until": asked["soon_until"]}
    values |= {"viewer": viewer.agency} if viewer.is_bound else {}
    return (await connection.execute(_ONE[viewer.is_bound], values)).one_or_none()


async def list_tasks(
    connection: AsyncConnection,
    wanted: Mapping[str, Any],
    asked: Mapping[str, Any],
    viewer: Viewer,
    *,
    after: PlaceInList | None,
    limit: int,
) -> Sequence[tuple[PlaceInList, str]]:
    """The places and JSON of tasks in the order of `queries.tasks.list_tasks`; at most `limit + 1`."""
    words = wanted.get("words") or ()
    found: list[tuple[PlaceInList, str]] = []
    for rank in (0, 1) if words else (0,):
        missing = limit + 1 - len(found)
        if missing > 0 and (after is None or after.rank <= rank):
            place = after if after is not None and after.rank == rank else None
            statement, values = page_statement(wanted, asked, viewer, rank=rank, after=place, limit=missing)
            rows = (await connection.execute(statement, values)).all()
            found += [(PlaceInList(rank, _given(row.due_on), row.id), row.json) for row in rows[:missing]]
    return found


def _given(due_on: date) -> date | None:
    return None if due_on == _NEVER else due_on


def page_statement(
    wanted: Mapping[str, Any],
    asked: Mapping[str, Any],
    viewer: Viewer,
    *,
    rank: int,
    after: PlaceInList | None,
    limit: int,
) -> tuple[TextClause, dict[str, Any]]:
    """The statement of `limit` rows of one rank, or of some more, and its parameters."""
    keys, also = _keys(wanted)
    branches = list(_branches(keys, wanted, asked, after))
    words, leading = wanted.get("words") or (), viewer.is_bound and _needs_concern(wanted)
    values: dict[str, Any] = {
        "as_of": asked["as_of"],
        "soon_until": asked["soon_until"],
        "keys": [branch.key for branch in branches],
        "lasting": [branch.lasting for branch in branches],
        "after_due": [branch.after[0] for branch in branches],
        "after_id": [branch.after[1] for branch in branches],
        "until": [branch.until for branch in branches],
        "status_from": [branch.status_from for branch in branches],
        "status_until": [branch.status_until for branch in branches],
    }
    values |= {"viewer": viewer.agency} if viewer.is_bound else {}
    values |= {"also": also} if also else {}
    values |= {"leaders": _leader_keys(wanted)} if leading else {}
    values |= _word_queries(words, rank) if words else {}
    rows = next(each for each in _ROWS if each >= limit)
    shape = _Shape(rows, viewer.is_bound, bool(also), leading, bool(words))
    return _page(shape), values


# --- filters ----------------------------------------------------------------------------------------------------------


def _keys(wanted: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The keys by which the list is read, and those that its tasks must have besides.

    It is read by the filter that usually finds fewest.
    """
    parent, document, agency, role, programme = (
        wanted.get(name) for name in ("parent", "document", "agency", "role", "programme")
    )
    each = [f"document:{document}"] if document else []
    each += [f"{role}:{agency}" if role else f"agency:{agency}"] if agency else []
    each += [f"role:{role}"] if role and not agency else []
    each += [f"programme:{programme}"] if programme else []
    if parent:
        return [f"parent:{parent}"], each
    if document:
        members = [f"member-document:{document}"] if agency else []
        return [f"document:{document}", *members], each[1:]
    if agency:
        own = f"{role}:{agency}" if role in _RARE else f"agency:{agency}"
        return [own], [key for key in each if key != own]
    if role and role != Role.LEAD:
        return [f"role:{role}"], each[1:]
    if programme:
        return [f"programme:{programme}"], each[:-1]
    return ["top"], each


def _needs_concern(wanted: Mapping[str, Any]) -> bool:
    return bool(wanted.get("agency") or wanted.get("role")) and wanted.get("role") not in LEADING


def _leader_keys(wanted: Mapping[str, Any]) -> list[str]:
    """Keys of which a task must have one unless it concerns the viewer."""
    return [] if wanted.get("role") else [f"{role}:{wanted['agency']}" for role in sorted(LEADING)]


def _branches(
    keys: Sequence[str], wanted: Mapping[str, Any], asked: Mapping[str, Any], after: PlaceInList | None
) -> Iterator[_Branch]:
    due_after, due_before = wanted.get("due_after"), wanted.get("due_before")
    first = due_after + _DAY if due_after else date.min
    until = due_before - _DAY if due_before else _NEVER - _DAY if due_after else _NEVER
    place = (date.min, _FIRST) if after is None else (after.due_on or _NEVER, after.id)
    for key in keys:
        for lasting, status_from, status_until in _lasting(wanted.get("status") or (), asked):
            own = lasting == "open"  # its status goes by its own due date
            start = max(first, status_from) if own else first
            low = (start - _DAY, _LAST) if start > date.min else (date.min, _FIRST)
            last = min(until, status_until) if own else until
            yield _Branch(key, lasting, max(low, place), last, status_from, status_until)


def _lasting(statuses: Sequence[str], asked: Mapping[str, Any]) -> Iterator[tuple[str, date, date]]:
    """The lasting statuses that tasks with the statuses have, with the first and last `status_due_on` of each."""
    today, soon_until = asked["as_of"], asked["soon_until"]
    days = {
        Status.OVERDUE: (date.min, today - _DAY),
        Status.DUE_SOON: (today, soon_until),
        Status.IN_PROGRESS: (soon_until + _DAY, _NEVER),
    }
    wanted = set(map(Status, statuses)) or set(Status)
    spans = (
        [days[each] for each in days if each in wanted] if not wanted >= set(days) else [(date.min, _NEVER)]
    )
    for first, last in spans:
        yield "open", first, last
        yield "group", first, last
    for status in Status:
        if status in wanted and status not in days:
            yield status.value, date.min, _NEVER


def _word_queries(words: Sequence[str], rank: int) -> dict[str, str]:
    """Tsquery of the words as beginnings of words, or for rank 0 as whole ones; for rank 1 without those of rank 0.

    Folded words hold letters and digits only, so that none needs escaping.
    """
    whole = " & ".join(f"'{word}'" for word in words)
    if rank == 0:
        return {"query": whole, "without": _NO_WORDS}
    return {"query": " & ".join(f"'{word}':*" for word in words), "without": whole}


# --- statements -------------------------------------------------------------------------------------------------------

_WORDS = "task.words @@ CAST(CAST(:query AS text) AS tsquery) AND NOT task.words @@ CAST(CAST(:without AS text) AS tsquery)"


@lru_cache(maxsize=128)
def _page(shape: _Shape) -> TextClause:
    conditions = ["task.keys @> :also"] if shape.also else []
    conditions += [f"(task.keys && :leaders OR {_CONCERNED})"] if shape.leading else []
    listed = _in_order(shape.limit, [*conditions, *([_WORDS] if shape.words else [])])
    parts = [listed + _UNLESS_FEW, _few(conditions)] if shape.words else [listed]
    page = f"SELECT id, due_on FROM ({' UNION ALL '.join(parts)}) AS found ORDER BY due_on, id LIMIT {shape.limit}"  # noqa: S608
    before = [_VIEWER] * shape.bound + [_MATCHED, _IS_FEW] * shape.words + [f"page AS MATERIALIZED ({page})"]
    one = "(SELECT * FROM projected_tasks AS one WHERE one.id = page.id OFFSET 0)"
    shown = _shown(f"page CROSS JOIN LATERAL {one} AS task", bound=shape.bound)
    return _statement(f"WITH {', '.join(before)} {shown} ORDER BY page.due_on, page.id")


def _in_order(limit: int, conditions: Sequence[str]) -> str:
    """The first rows of each branch. Conditions are a subquery: a join could be planned by reading the whole table."""
    met = f"AND (SELECT {' AND '.join(conditions)} FROM projected_tasks AS task WHERE task.id = task_keys.task_id)"  # noqa: S608
    return f"""
    SELECT listed.task_id AS id, listed.due_on FROM {_BRANCHES}
    CROSS JOIN LATERAL (
        SELECT task_keys.task_id, task_keys.due_on FROM task_keys
        WHERE task_keys.key = branch.key AND task_keys.lasting = branch.lasting
          AND (task_keys.due_on, task_keys.task_id) > (branch.after_due, branch.after_id)
          AND task_keys.due_on <= branch.until
          AND task_keys.status_due_on BETWEEN branch.status_from AND branch.status_until
          {met if conditions else ""}
        ORDER BY task_keys.due_on, task_keys.task_id LIMIT {limit}
    ) AS listed
    """  # noqa: S608


_MATCHED = f"""
matched AS MATERIALIZED (
    SELECT id, due_on, lasting, status_due_on, keys, listed, agencies, is_group
    FROM projected_tasks AS task WHERE {_WORDS} LIMIT {FEW + 1}
)"""  # noqa: S608
_IS_FEW = f"few AS MATERIALIZED (SELECT count(*) <= {FEW} AS yes FROM matched)"  # noqa: S608

_UNLESS_FEW = " WHERE NOT (SELECT yes FROM few)"


def _few(conditions: Sequence[str]) -> str:
    """Those of `matched` that the branches admit, where they are few."""
    return f"""
    SELECT task.id, task.due_on FROM {_BRANCHES}
    JOIN matched AS task ON branch.key = ANY(task.listed) AND task.lasting = branch.lasting
        AND (task.due_on, task.id) > (branch.after_due, branch.after_id) AND task.due_on <= branch.until
        AND task.status_due_on BETWEEN branch.status_from AND branch.status_until
    WHERE {" AND ".join(["(SELECT yes FROM few)", *conditions])}
    """  # noqa: S608
