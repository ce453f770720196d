"""Look-ups that changes of the catalogue and of tasks share: known agencies, members of groups, phrases."""

from collections.abc import Iterable, Sequence
from datetime import date

from rapidfuzz.fuzz import token_sort_ratio
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.queries.catalogue import load_directory
from services.tasks.tables import Agency, Group, GroupAlias, GroupMember
from shared.agencies import agencies_unknown
from shared.errors import Conflict, InvalidInput
from shared.naming.lookup import name_finder


def code_conflict(what_vi: str, what_en: str, code: str) -> Conflict:
    return Conflict(
        "code_exists",
        f"{what_vi} mã {code} đã có: dùng mã khác, hoặc đọc bản đã ghi.",
        f"{what_en} {code} exists already: use another code, or read the one recorded.",
        field="code",
    )


async def require_agencies(session: AsyncSession, codes: Iterable[str], field: str) -> None:
    """Refuse codes that name no agency, as every service does."""
    wanted = set(codes)
    known = set(await session.scalars(select(Agency.code).where(Agency.code.in_(wanted))))
    if missing := sorted(wanted - known):
        directory = await load_directory(await session.connection())
        raise await agencies_unknown(missing, name_finder(directory, token_sort_ratio), field)


async def members_of(session: AsyncSession, group_codes: Iterable[str], day: date) -> tuple[str, ...]:
    """Codes of the agencies that belong to any of the groups on a day, in order."""
    wanted = set(group_codes)
    known = set(await session.scalars(select(Group.code).where(Group.code.in_(wanted))))
    if missing := sorted(wanted - known):
        raise InvalidInput(
            "group_unknown",
            f"Không có nhóm mã {', '.join(missing)}: tra tại /tasks/v1/groups.",
            f"No group has the code {', '.join(missing)}: look it up at /tasks/v1/groups.",
            field="assignments",
        )
    found = await session.scalars(
        select(GroupMember.agency_code)
        .join(Agency, Agency.code == GroupMember.agency_code)
        .where(
            GroupMember.group_code.in_(wanted),
            GroupMember.valid_from <= day,
            GroupMember.valid_to.is_(None) | (GroupMember.valid_to >= day),
        )
        .distinct()
        .order_by(GroupMember.agency_code)
    )
    return tuple(found)


async def record_phrases(session: AsyncSession, phrases: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Record phrases of documents, each with the codes of the groups that it names."""
    rows = [{"alias": alias, "group_codes": list(codes)} for alias, codes in phrases]
    if rows:
        await session.execute(insert(GroupAlias), rows)
