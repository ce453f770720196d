"""Agencies, groups, programmes and documents."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.tasks.schemas.common import Day
from shared.answers import Answer, example
from shared.events.tasks import Identifier
from shared.requests import Code, DocumentNumber, Line, RequestModel, SimilarIsMeant


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


class AgencyOut(Answer):
    code: str
    name: str
    short_name: str | None
    bloc: str
    level: str
    parent_code: str | None
    identifiers: list[Identifier]


class AgencyPage(Answer):
    items: list[AgencyOut]
    next_cursor: str | None


class GroupOut(Answer):
    code: str
    name: str
    member_codes: list[str] | None


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
