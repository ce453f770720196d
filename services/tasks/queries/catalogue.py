"""Reading agencies, groups, programmes and documents."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Table, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.domain.electronic_codes import FORMS, forms_of
from services.tasks.queries.status import belongs
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
from shared.database import AnyRow
from shared.naming.directory import AgencyNames, Directory, FormerNames, directory_of

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
_AGENCY = select(
    Agency.code,
    Agency.name,
    Agency.short_name,
    Agency.bloc,
    Agency.level,
    Agency.parent_code,
    _identifiers.label("identifiers"),
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
    select(func.array_agg(aggregate_order_by(GroupMember.agency_code, GroupMember.agency_code)))
    .where(GroupMember.group_code == Group.code, belongs(GroupMember))
    .scalar_subquery()
    .label("member_codes"),
).order_by(Group.code)


async def get_agency(connection: AsyncConnection, code: str) -> AnyRow | None:
    """The agency of a code: its own, or an identifier of any scheme where exactly one agency has it.

    An electronic code finds its agency in either of its forms, whichever is recorded.
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
    """Agencies by code, of a level, bloc or parent where asked; at most `limit + 1`."""
    statement = _AGENCY.order_by(Agency.code).limit(limit + 1)
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(getattr(Agency, name) == value)
    if after is not None:
        statement = statement.where(Agency.code > after)
    return (await connection.execute(statement)).all()


async def list_groups(connection: AsyncConnection, moment: Mapping[str, Any]) -> Sequence[AnyRow]:
    """Groups with their members on a day, by what was known."""
    return (await connection.execute(_GROUPS, moment)).all()


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
    func.coalesce(
        select(func.array_agg(AgencyAlias.alias))
        .where(AgencyAlias.agency_code == Agency.code)
        .scalar_subquery(),
        cast([], ARRAY(Text)),
    ).label("aliases"),
    Agency.level,
    func.coalesce(Agency.parent_code, "").label("parent_code"),
    Agency.bloc,
)
_FORMER = (
    select(
        AgencyPredecessor.name,
        func.max(AgencyPredecessor.short_name).label("short_name"),
        func.max(AgencyPredecessor.valid_to).label("valid_to"),
        func.array_agg(
            aggregate_order_by(AgencyPredecessor.successor_code, AgencyPredecessor.position)
        ).label("successors"),
    )
    .group_by(AgencyPredecessor.name)
    .order_by(AgencyPredecessor.name)
)


async def load_directory(connection: AsyncConnection) -> Directory:
    """All the names by which documents call agencies and groups, ready for matching."""
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
            valid_to=row.valid_to,
        )
        for row in await connection.execute(_FORMER)
    ]
    named = {row.alias: tuple(row.group_codes) for row in phrases}
    return await asyncio.to_thread(directory_of, agencies, named, former)  # a third of a second
