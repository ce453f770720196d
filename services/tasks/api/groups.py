"""Routes of groups of agencies."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.tasks.api.dependencies import (
    Asked,
    CodeInPath,
    CurrentManagedChange,
    Reader,
)
from services.tasks.domain.groups import Membership
from services.tasks.queries import groups as read
from services.tasks.schemas.groups import (
    GroupChange,
    GroupDetail,
    GroupIn,
    GroupList,
    GroupOut,
    MemberAdded,
    MemberIn,
    MemberOut,
)
from services.tasks.use_cases import groups
from shared.http.openapi import sent
from shared.http.preconditions import ExpectedVersion, set_etag
from shared.http.problems import documented
from shared.http.routes import ReadConnection, service_router

router = service_router("tasks")


@router.get("/groups", tags=["catalogue"])
async def list_groups(connection: ReadConnection, _: Reader, asked: Asked) -> GroupList:
    """Các nhóm cơ quan với thành viên tại một ngày. / Groups with their members on a day, by what was known."""
    rows = await read.list_groups(connection, asked)
    return GroupList(items=[GroupOut.model_validate(row) for row in rows])


@router.post(
    "/groups", status_code=201, tags=["catalogue"], responses=documented(409) | sent(201, "ETag", "Location")
)
async def record_group(body: GroupIn, change: CurrentManagedChange) -> GroupDetail:
    """Ghi một nhóm cơ quan với các thành viên. / Record a group with its members.

    Tên của nhóm cũng là cụm từ gọi nhóm.

    Its name is a phrase that names it, too.
    """
    members, at = tuple(_memberships(body.members)), change.at
    await groups.record_group(
        change.session, body.code, body.name, members, aliases=body.aliases, actor=change.actor, at=at
    )
    change.set_location(f"groups/{quote(body.code, safe='')}")
    return await _group(await change.connection(), body.code, change.parameters(), change.response)


@router.get("/groups/{code:path}", tags=["catalogue"], responses=documented(404) | sent(200, "ETag"))
async def get_group(
    code: CodeInPath, response: Response, connection: ReadConnection, _: Reader, asked: Asked
) -> GroupDetail:
    """Một nhóm với thành viên tại một ngày. / A group with its members on a day, by what was known."""
    return await _group(connection, code, asked, response)


@router.patch(
    "/groups/{code:path}", tags=["catalogue"], responses=documented(404, 409, 412, 428) | sent(200, "ETag")
)
async def amend_group(
    code: CodeInPath,
    body: GroupChange,
    change: CurrentManagedChange,
    expected: ExpectedVersion,
) -> GroupDetail:
    """Sửa tên, cụm từ gọi nhóm, thêm hoặc kết thúc thành viên. / Change a group's name, phrases or members."""
    await groups.amend_group(
        change.session, code, _wanted(body), expected_version=expected, actor=change.actor, at=change.at
    )
    return await _group(await change.connection(), code, change.parameters(), change.response)


def _wanted(body: GroupChange) -> groups.GroupAmendment:
    return groups.GroupAmendment(
        body.name,
        body.aliases,
        tuple(_memberships(body.add_members or ())),
        tuple(groups.MembershipEnd(each.agency_code, each.valid_to) for each in body.end_members or ()),
    )


def _memberships(members: Iterable[MemberIn | MemberAdded]) -> Iterable[Membership]:
    return (Membership(each.agency_code, each.valid_from or date.min, each.valid_to) for each in members)


async def _group(
    connection: AsyncConnection, code: str, asked: Mapping[str, Any], response: Response
) -> GroupDetail:
    row = await read.get_group(connection, code, asked)
    if row is None:
        raise groups.group_unknown(code)
    members = await read.group_members(connection, code, asked)
    set_etag(response, row.version)
    return GroupDetail(
        code=row.code,
        name=row.name,
        member_codes=row.member_codes,
        aliases=row.aliases,
        members=[MemberOut.model_validate(each) for each in members],
    )
