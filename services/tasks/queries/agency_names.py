"""The names by which documents call agencies and groups."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.queries.agencies import ALIASES
from services.tasks.tables import (
    Agency,
    AgencyPredecessor,
    GroupAlias,
)
from shared.naming.directory import AgencyNames, Directory, FormerNames, directory_of

_NAMES = select(
    Agency.code,
    Agency.name,
    func.coalesce(Agency.short_name, "").label("short_name"),
    ALIASES.label("aliases"),
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
        """The directory for matching; takes a third of a second where every commune is recorded."""
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
        for row in await connection.execute(_NAMES)
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
