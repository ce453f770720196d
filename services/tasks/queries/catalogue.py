"""Reading agencies, groups, programmes and documents."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, Table, Text, bindparam, case, cast, collate, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from services.tasks.domain.electronic_codes import FORMS, forms_of
from services.tasks.queries.status import KNOWN_AT, belongs
from services.tasks.tables import (
    Agency,
    AgencyAlias,
    AgencyIdentifier,
    AgencyPredecessor,
    Document,
    Group,
    GroupAlias,
    GroupMember,
    Programme,
)
from shared.naming.directory import AgencyNames, Directory, FormerNames, directory_of
from shared.runtime.database import AnyRow

_identifiers = (
    select(
        func.coalesce(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_object(
                        "scheme",
                        AgencyIdentifier.scheme,
                        "value",
                        AgencyIdentifier.value,
                        "valid_from",
                        AgencyIdentifier.valid_from,
                        "valid_to",
                        AgencyIdentifier.valid_to,
                    ),
                    AgencyIdentifier.id,
                )
            ),
            func.jsonb_build_array(),
        )
    )
    .where(AgencyIdentifier.agency_code == Agency.code)
    .scalar_subquery()
)
_aliases = func.array(
    select(AgencyAlias.alias)
    .where(AgencyAlias.agency_code == Agency.code)
    .order_by(collate(AgencyAlias.alias, "C"))  # as Python sorts, whatever the server's locale
    .scalar_subquery(),
    type_=ARRAY(Text),
)
_successor = aliased(AgencyPredecessor)
_successors = func.array(
    select(_successor.successor_code)
    .where(_successor.name == AgencyPredecessor.name)
    .order_by(_successor.position)
    .scalar_subquery(),
    type_=ARRAY(Text),
)
_predecessors = (
    select(
        func.coalesce(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_object(
                        "name",
                        AgencyPredecessor.name,
                        "short_name",
                        AgencyPredecessor.short_name,
                        "valid_to",
                        AgencyPredecessor.valid_to,
                        "unit",
                        AgencyPredecessor.unit,
                        "successor_codes",
                        _successors,
                    ),
                    AgencyPredecessor.name,
                )
            ),
            func.jsonb_build_array(),
        )
    )
    .where(AgencyPredecessor.successor_code == Agency.code)
    .scalar_subquery()
)
_AGENCY = select(
    Agency.code,
    Agency.name,
    Agency.short_name,
    Agency.bloc,
    Agency.level,
    Agency.parent_code,
    Agency.version,
    _identifiers.label("identifiers"),
    _aliases.label("aliases"),
    _predecessors.label("predecessors"),
)
_AGENCY_BY_CODE = _AGENCY.where(Agency.code == bindparam("code"))
_AGENCY_BY_IDENTIFIER = _AGENCY.where(
    Agency.code.in_(
        select(AgencyIdentifier.agency_code).where(
            (AgencyIdentifier.value == bindparam("code"))
            | (
                AgencyIdentifier.scheme.in_(FORMS)
                & AgencyIdentifier.value.in_(bindparam("forms", expanding=True))
            )
        )
    )
)
_GROUPS = select(
    Group.code,
    Group.name,
    Group.version,
    func.array(
        select(GroupAlias.alias)
        .where(GroupAlias.group_codes == func.array_append(cast([], ARRAY(Text)), Group.code))
        .order_by(GroupAlias.alias)
        .scalar_subquery(),
        type_=ARRAY(Text),
    ).label("aliases"),
    func.array(
        select(GroupMember.agency_code)
        .where(GroupMember.group_code == Group.code, belongs(GroupMember))
        .order_by(GroupMember.agency_code)
        .scalar_subquery(),
        type_=ARRAY(Text),
    ).label("member_codes"),
).order_by(Group.code)

_MEMBERS = (
    select(
        GroupMember.agency_code,
        func.nullif(GroupMember.valid_from, date.min).label("valid_from"),
        case((GroupMember.ended_at <= KNOWN_AT, GroupMember.valid_to)).label("valid_to"),
    )
    .where(GroupMember.group_code == bindparam("code"), GroupMember.recorded_at <= KNOWN_AT)
    .order_by(GroupMember.agency_code, GroupMember.valid_from)
)


async def get_agency(connection: AsyncConnection, code: str) -> AnyRow | None:
    """The agency of a code: its own, or an identifier of any scheme where exactly one agency has it.

    An electronic code matches in either of its forms, whichever is recorded.
    """
    own = (await connection.execute(_AGENCY_BY_CODE, {"code": code})).one_or_none()
    if own is not None:
        return own
    asked = {"code": code, "forms": forms_of(code)}
    others = (await connection.execute(_AGENCY_BY_IDENTIFIER, asked)).all()
    return others[0] if len(others) == 1 else None


async def list_agencies(
    connection: AsyncConnection, wanted: Mapping[str, str | None], *, after: str | None, limit: int
) -> Sequence[AnyRow]:
    """Agencies by code, of a level, bloc or parent where given; at most `limit + 1`."""
    statement = _AGENCY.order_by(Agency.code).limit(limit + 1)
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(getattr(Agency, name) == value)
    if after is not None:
        statement = statement.where(Agency.code > after)
    return (await connection.execute(statement)).all()


async def list_groups(connection: AsyncConnection, asked: Mapping[str, Any]) -> Sequence[AnyRow]:
    """Groups with their members at `as_of`, by `known_at`."""
    return (await connection.execute(_GROUPS, asked)).all()


async def get_group(connection: AsyncConnection, code: str, asked: Mapping[str, Any]) -> AnyRow | None:
    values = {**asked, "code": code}
    return (await connection.execute(_GROUPS.where(Group.code == bindparam("code")), values)).one_or_none()


async def group_members(connection: AsyncConnection, code: str, asked: Mapping[str, Any]) -> Sequence[AnyRow]:
    """Every membership by `known_at`; a last day not known then is null."""
    return (await connection.execute(_MEMBERS, {**asked, "code": code})).all()


async def list_by_code(
    connection: AsyncConnection, what: type[Programme | Document], *, after: str | None, limit: int
) -> Sequence[AnyRow]:
    """Programmes or documents by code; at most `limit + 1`."""
    table = what.__table__
    assert isinstance(table, Table)  # noqa: S101 - mapped classes have tables
    statement = select(table).order_by(table.c.code).limit(limit + 1)
    if after is not None:
        statement = statement.where(table.c.code > after)
    return (await connection.execute(statement)).all()


async def exists(connection: AsyncConnection, what: type[Programme | Document | Agency], code: str) -> bool:
    return (
        await connection.execute(select(what.code).where(what.code == code))
    ).scalar_one_or_none() is not None


_SPOKEN = select(
    Agency.code,
    Agency.name,
    func.coalesce(Agency.short_name, "").label("short_name"),
    _aliases.label("aliases"),
    Agency.level,
    func.coalesce(Agency.parent_code, "").label("parent_code"),
    Agency.bloc,
)
_FORMER = (
    select(
        AgencyPredecessor.name,
        func.max(AgencyPredecessor.short_name).label("short_name"),
        func.max(AgencyPredecessor.valid_to).label("valid_to"),
        func.bool_or(AgencyPredecessor.unit).label("unit"),
        func.array_agg(
            aggregate_order_by(AgencyPredecessor.successor_code, AgencyPredecessor.position)
        ).label("successors"),
    )
    .group_by(AgencyPredecessor.name)
    .order_by(AgencyPredecessor.name)
)


@dataclass(frozen=True)
class Names:
    """All the names by which documents call agencies and groups; `phrases` as printed -> codes of groups."""

    agencies: Sequence[AgencyNames]
    phrases: Mapping[str, tuple[str, ...]]
    former: Sequence[FormerNames]

    def directory(self) -> Directory:
        """Ready for matching; a third of a second where every commune is recorded."""
        return directory_of(self.agencies, self.phrases, self.former)

    def directory_of(self, agency: AgencyNames) -> Directory:
        """The names of one agency, with those above it and the ministries, of whose names its own may consist."""
        known = {each.code: each for each in self.agencies} | {agency.code: agency}
        wanted = {code: each for code, each in known.items() if each.level == "central"}
        above: AgencyNames | None = agency
        while above is not None and wanted.get(above.code) is not above:
            wanted[above.code] = above
            above = known.get(above.parent_code)
        return directory_of(wanted.values(), {})


async def load_directory(connection: AsyncConnection) -> Directory:
    return await asyncio.to_thread((await load_names(connection)).directory)


async def load_names(connection: AsyncConnection) -> Names:
    agencies = [
        AgencyNames(
            row.code, row.name, row.short_name, tuple(row.aliases), row.level, row.parent_code, row.bloc
        )
        for row in await connection.execute(_SPOKEN)
    ]
    phrases = await connection.execute(select(GroupAlias.alias, GroupAlias.group_codes))
    former = [
        FormerNames(
            tuple(name for name in (row.name, row.short_name) if name),
            tuple(row.successors),
            unit=row.unit,
            valid_to=row.valid_to,
        )
        for row in await connection.execute(_FORMER)
    ]
    return Names(agencies, {row.alias: tuple(row.group_codes) for row in phrases}, former)
