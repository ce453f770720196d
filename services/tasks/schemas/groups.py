"""Groups of agencies and their dated members."""

from datetime import date
from typing import Annotated

from pydantic import Field

from services.tasks.schemas.fields import Aliases, Day
from shared.http.answers import Answer, example
from shared.http.requests import ChangeModel, Code, Line, RequestModel

MOST_MEMBERS = 4_000  # there are 3,321 communes


class MemberIn(RequestModel):
    agency_code: Code
    valid_from: Annotated[
        Day | None, Field(description="first day as a member; without it the membership has no beginning")
    ] = None
    valid_to: Annotated[Day | None, Field(description="last day as a member, where it is known")] = None


class MemberAdded(RequestModel):
    agency_code: Code
    valid_from: Annotated[Day, Field(description="first day as a member")]
    valid_to: Annotated[Day | None, Field(description="last day as a member, where it is known")] = None


class MemberEnded(RequestModel):
    agency_code: Code
    valid_to: Annotated[Day, Field(description="last day as a member")]


class GroupIn(RequestModel):
    model_config = example(
        code="delta",
        name="Các tỉnh Đồng bằng sông Cửu Long",
        aliases=["Các địa phương Đồng bằng sông Cửu Long"],
        members=[{"agency_code": "92", "valid_from": "2025-07-01"}, {"agency_code": "96"}],
    )

    code: Code
    name: Line
    aliases: Annotated[Aliases, Field(description="phrases by which documents call this group alone")] = ()
    members: Annotated[tuple[MemberIn, ...], Field(max_length=MOST_MEMBERS)] = ()


class GroupChange(ChangeModel):
    """Members that are left out stay as they are; a name that is replaced stays as a phrase. Memberships end first, then new ones begin."""

    model_config = example(
        add_members=[{"agency_code": "80", "valid_from": "2026-01-01"}],
        end_members=[{"agency_code": "92", "valid_to": "2025-12-31"}],
    )

    name: Line | None = None
    aliases: Annotated[
        Aliases | None,
        Field(description="all phrases: those left out are removed, except the group's name"),
    ] = None
    add_members: Annotated[tuple[MemberAdded, ...], Field(min_length=1, max_length=MOST_MEMBERS)] | None = (
        None
    )
    end_members: Annotated[tuple[MemberEnded, ...], Field(min_length=1, max_length=MOST_MEMBERS)] | None = (
        None
    )


class GroupOut(Answer):
    code: str
    name: str
    member_codes: list[str]


class MemberOut(Answer):
    """`valid_from` is null for a membership without a beginning, `valid_to` where no last day is known."""

    agency_code: str
    valid_from: date | None
    valid_to: date | None


class GroupDetail(GroupOut):
    """Members as of the day, and every membership known then."""

    aliases: list[str]
    members: list[MemberOut]


class GroupList(Answer):
    items: list[GroupOut]
