"""Reading groups with their members."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.queries.status import KNOWN_AT, membership_in_force
from services.tasks.tables import (
    Group,
    GroupAlias,
    GroupMember,
)
from shared.runtime.database import AnyRow

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
        .where(GroupMember.group_code == Group.code, membership_in_force(GroupMember))
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


async def list_groups(connection: AsyncConnection, asked: Mapping[str, Any]) -> Sequence[AnyRow]:
    """Groups with their members at `as_of`, by `known_at`."""
    return (await connection.execute(_GROUPS, asked)).all()


async def get_group(connection: AsyncConnection, code: str, asked: Mapping[str, Any]) -> AnyRow | None:
    values = {**asked, "code": code}
    return (await connection.execute(_GROUPS.where(Group.code == bindparam("code")), values)).one_or_none()


async def group_members(connection: AsyncConnection, code: str, asked: Mapping[str, Any]) -> Sequence[AnyRow]:
    """Every membership by `known_at`; a last day not known then is null."""
    return (await connection.execute(_MEMBERS, {**asked, "code": code})).all()
