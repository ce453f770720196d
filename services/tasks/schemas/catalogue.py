"""Agencies, groups, programmes and documents."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.tasks.schemas.fields import Day
from shared.events.tasks import Identifier
from shared.http.answers import Answer, example
from shared.http.requests import ChangeModel, Code, DocumentNumber, Line, RequestModel, SimilarIsMeant

MOST_MEMBERS = 4_000  # there are 3,321 communes
Aliases = Annotated[tuple[Line, ...], Field(max_length=100)]


class IdentifierIn(RequestModel):
    scheme: Annotated[Code, Field(description="electronic_code, qcvn_102, administrative_code ...")]
    value: Code
    valid_from: Day | None = None
    valid_to: Day | None = None


class AgencyIn(RequestModel):
    model_config = example(
        code="BQLKCN-HN",
        name="Ban Quản lý các khu công nghệ cao Hà Nội",
        bloc="government",
        level="province",
        parent_code="01",
        identifiers=[{"scheme": "electronic_code", "value": "H26.19", "valid_from": "2025-07-01"}],
    )

    code: Code
    name: Line
    short_name: Line | None = None
    bloc: Code
    level: Literal["central", "province", "commune"]
    parent_code: Code | None = None
    identifiers: Annotated[tuple[IdentifierIn, ...], Field(max_length=50)] = ()
    aliases: Aliases = ()


class AgencyChange(ChangeModel):
    """What is left out stays. A name or short name that is given up stays as an alias."""

    nullable = frozenset({"short_name"})

    model_config = example(
        name="Bộ Nông nghiệp và Môi trường", aliases=["BNNMT", "Bộ Nông nghiệp Môi trường"]
    )

    name: Line | None = None
    short_name: Line | None = None
    aliases: Annotated[Aliases | None, Field(description="all of them: those left out are taken away")] = None


class PredecessorOut(Answer):
    """A body that is no more, which this agency answers for; `valid_to` is its last day, `unit`: it lives on as its unit."""

    name: str
    short_name: str | None
    valid_to: date | None
    unit: bool
    successor_codes: list[str]


class AgencyOut(Answer):
    code: str
    name: str
    short_name: str | None
    bloc: str
    level: str
    parent_code: str | None
    identifiers: list[Identifier]
    aliases: list[str]
    predecessors: list[PredecessorOut]


class AgencyPage(Answer):
    items: list[AgencyOut]
    next_cursor: str | None


class MemberIn(RequestModel):
    agency_code: Code
    valid_from: Annotated[
        Day | None, Field(description="first day as a member; left out: as far back as asked")
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
    """What is left out stays; a name that is given up stays as a phrase. Members leave first, then others join."""

    model_config = example(
        add_members=[{"agency_code": "80", "valid_from": "2026-01-01"}],
        end_members=[{"agency_code": "92", "valid_to": "2025-12-31"}],
    )

    name: Line | None = None
    aliases: Annotated[
        Aliases | None,
        Field(
            description="all of them: those left out are taken away, but for its name, which is always one"
        ),
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
    """`valid_from` is null for as far back as asked, `valid_to` where no last day is known."""

    agency_code: str
    valid_from: date | None
    valid_to: date | None


class GroupDetail(GroupOut):
    """Members on the day asked about, and all times of membership known then."""

    aliases: list[str]
    members: list[MemberOut]


class GroupList(Answer):
    items: list[GroupOut]


class ProgrammeIn(RequestModel):
    model_config = example(
        code="57-NQ/TW", title="Đột phá khoa học, công nghệ, đổi mới sáng tạo, chuyển đổi số"
    )

    code: DocumentNumber
    title: Line
    similar_is_meant: SimilarIsMeant = False


class ProgrammeOut(Answer):
    code: str
    title: str


class ProgrammePage(Answer):
    items: list[ProgrammeOut]
    next_cursor: str | None


class DocumentIn(RequestModel):
    model_config = example(
        code="71/NQ-CP",
        type="Nghị quyết",
        issued_on="2025-04-01",
        title="Chương trình hành động thực hiện Nghị quyết 57-NQ/TW",
    )

    code: DocumentNumber
    type: Line
    issuer_code: Code | None = None
    issued_on: Day
    title: Line
    similar_is_meant: SimilarIsMeant = False


class DocumentOut(Answer):
    code: str
    type: str
    issuer_code: str | None
    issued_on: date
    title: str


class DocumentPage(Answer):
    items: list[DocumentOut]
    next_cursor: str | None
