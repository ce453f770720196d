"""Programmes and documents."""

from datetime import date

from services.tasks.schemas.fields import Day
from shared.http.answers import Answer, example
from shared.http.requests import Code, DocumentNumber, Line, RequestModel, SimilarIsMeant


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
