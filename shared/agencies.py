"""A service's own copy of the agencies, kept from the events of tasks, and the names by which they are found.

Business in `shared`, as evidence and the event contracts are: every service but tasks keeps this same copy.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from rapidfuzz.fuzz import token_sort_ratio
from sqlalchemy import (
    ARRAY,
    CTE,
    BindParameter,
    ColumnElement,
    Index,
    Select,
    Text,
    any_,
    bindparam,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from shared.errors import InvalidInput
from shared.events.envelope import EventData
from shared.events.tasks import AgencyRecorded, Predecessor
from shared.keys.viewers import Viewer
from shared.log.inbox import EventMetadata, Handler
from shared.naming.directory import AgencyNames, Directory, FormerNames, directory_of
from shared.naming.lookup import Dissolved, Finder, Found, Meaning, Unknown, name_finder
from shared.runtime.database import AnyRow

NAMED = 5  # codes that one sentence names; `unknown` has them all
COMPARED = 50  # codes that are compared with all agencies, up to 10 ms each
COPIED = {"name", "short_name", "bloc", "level", "parent_code", "aliases", "predecessors"}


class AgencyCopy:
    """An agency by the tasks service's newest event of it. Its parent may be missing yet."""

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Index]:  # noqa: N805 - SQLAlchemy calls it with the mapped class
        return (Index(None, "parent_code"),)

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    short_name: Mapped[str | None] = mapped_column(Text)
    bloc: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(Text)
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text))
    predecessors: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


async def record_agency(
    session: AsyncSession, table: type[AgencyCopy], agency: AgencyRecorded, *, version: int
) -> None:
    """Upsert an agency into the copy, unless the copy has the same or a newer version."""
    row = {"version": version, **agency.model_dump(mode="json", include=COPIED)}
    await session.execute(
        insert(table)
        .values(code=agency.code, **row)
        .on_conflict_do_update(index_elements=["code"], set_=row, where=table.version < version)
    )


def agency_handlers(table: type[AgencyCopy]) -> dict[str, Handler]:
    """By event type, how a consumer of the log of tasks keeps the copy."""

    async def record(session: AsyncSession, event: EventData, delivery: EventMetadata) -> None:
        assert isinstance(event, AgencyRecorded)  # noqa: S101 - the consumer parses by type
        await record_agency(session, table, event, version=delivery.version)

    return {AgencyRecorded.event_type: record}


VIEWER: BindParameter[str] = bindparam(
    "viewer", type_=Text
)  # the agency of a viewer (`shared/keys/viewers.py`)


def within(table: Any, agency: str | None = None) -> Select[str]:
    """Codes of an agency and all below it; UNION ends the recursion even where the tree has a cycle.

    `table`: of agencies, with `code` and `parent_code`. Without an agency that of the parameter `viewer`.
    """
    below = _below_viewer(table) if agency is None else _below(table, literal(agency))
    return select(below.c.code)


def is_within(
    column: ColumnElement[str] | Mapped[str], table: Any, agency: str | None = None
) -> ColumnElement[bool]:
    """The condition that a column names an agency of `within`.

    By an array, so that an index on the column is used whatever number of agencies the planner expects of the recursion.
    """
    return column == any_(func.array(within(table, agency).scalar_subquery(), type_=ARRAY(Text)))


@cache  # one CTE for all conditions of a statement
def _below_viewer(table: Any) -> CTE:
    return _below(table, VIEWER)


def _below(table: Any, root: ColumnElement[str]) -> CTE:
    below = select(root.label("code")).cte(recursive=True)
    return below.union(select(table.code).join(below, table.parent_code == below.c.code))


# The same for conditions that are written as text (`shared/log/reader.EventFilter`).
WITHIN_VIEWER = """
    WITH RECURSIVE below AS (
        SELECT CAST(:viewer AS text) AS code
        UNION SELECT agencies.code FROM agencies JOIN below ON agencies.parent_code = below.code
    ) SELECT code FROM below
"""


async def require_within(connection: AsyncConnection, table: Any, viewer: Viewer, agency: str | None) -> None:
    """Refuse an agency that is named by a viewer bound to another which it does not stand below.

    Raises Forbidden other_tenant.
    """
    if viewer.agency is None or agency is None:
        return
    if await connection.scalar(select(literal(agency).in_(within(table, viewer.agency)))) is not True:
        raise viewer.refusal()


async def load_finder(connection: AsyncConnection, table: type[AgencyCopy]) -> Finder[Meaning]:
    """A finder of the agencies in the copy, present and former."""
    named = select(
        table.code,
        table.name,
        table.short_name,
        table.aliases,
        table.level,
        table.parent_code,
        table.bloc,
        table.predecessors,
    ).order_by(table.code)
    rows = (await connection.execute(named)).all()
    directory = await asyncio.to_thread(_directory, rows)  # a third of a second
    return name_finder(directory, token_sort_ratio)


def _directory(rows: Sequence[AnyRow]) -> Directory:
    agencies = [
        AgencyNames(
            row.code,
            row.name,
            row.short_name or "",
            tuple(row.aliases),
            row.level,
            row.parent_code or "",
            row.bloc,
        )
        for row in rows
    ]
    bodies = [Predecessor.model_validate(item) for row in rows for item in row.predecessors]
    former = {body.name: _former(body) for body in bodies}  # each successor lists it
    return directory_of(agencies, {}, former.values())


def _former(body: Predecessor) -> FormerNames:
    names = tuple(name for name in (body.name, body.short_name) if name)
    return FormerNames(names, body.successor_codes, unit=body.unit, valid_to=body.valid_to)


async def require_agencies(
    session: AsyncSession, table: type[AgencyCopy], codes: Iterable[str], field: str
) -> None:
    """Refuse codes that name no agency; `nearest` has similar codes for the first of them.

    Raises InvalidInput `agency_unknown` with `unknown`, the codes, and `nearest`, a code for each that has one.
    """
    wanted = sorted(set(codes))
    known = await session.scalars(select(table.code).where(table.code == any_(literal(wanted, ARRAY(Text)))))
    if not (unknown := sorted(set(wanted).difference(known))):
        return
    raise await agencies_unknown(unknown, await load_finder(await session.connection(), table), field)


async def agencies_unknown(unknown: Sequence[str], finder: Finder[Meaning], field: str) -> InvalidInput:
    """The refusal of codes that name no agency; the first of them with what was probably meant."""
    nearest = await asyncio.to_thread(_all_nearest, unknown[:COMPARED], finder)
    vi, en = (
        _list(unknown, nearest, "có phải", "và {} mã khác"),
        _list(unknown, nearest, "meant", "and {} more"),
    )
    return InvalidInput(
        "agency_unknown",
        f"Không có cơ quan mã {vi}: tra mã tại /tasks/v1/agencies, hoặc chờ ít giây nếu cơ quan vừa được ghi nhận.",
        f"There is no agency {en}: look the code up at /tasks/v1/agencies, or wait a few seconds if it is new.",
        field=field,
        unknown=unknown,
        nearest=nearest,
    )


def _all_nearest(unknown: Sequence[str], finder: Finder[Meaning]) -> dict[str, str]:
    return {code: near for code in unknown if (near := _nearest(code, finder)) is not None}


def _nearest(text: str, finder: Finder[Meaning]) -> str | None:
    """The agency that a code or a name in its place was probably meant for; of a dissolved one, its main successor."""
    meaning = finder.find(text)
    if isinstance(meaning, Found):
        return meaning.codes[0]
    if isinstance(meaning, Dissolved):
        return meaning.successors[0].code
    if isinstance(meaning, Unknown) and meaning.suggestions:
        return meaning.suggestions[0].code
    return None


def _list(unknown: Sequence[str], nearest: Mapping[str, str], meant: str, more: str) -> str:
    """The first codes, each with what was probably meant, and how many more there are."""
    named = [f"{code} ({meant} {nearest[code]}?)" if code in nearest else code for code in unknown[:NAMED]]
    rest = len(unknown) - len(named)
    return ", ".join(named) + (f" {more.format(rest)}" if rest else "")
