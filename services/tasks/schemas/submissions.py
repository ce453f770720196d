"""Submissions with their evidence, and the decisions on them."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, HttpUrl, TypeAdapter, ValidationError, model_validator

from services.tasks.schemas.common import Answer, Day, example
from shared.errors import InvalidInput
from shared.requests import Code, Line, Paragraph, RequestModel

_URL: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


class EvidenceIn(RequestModel):
    kind: Literal["document", "url", "file"]
    reference: Annotated[
        Line, Field(description="document number, http(s) address, or name of a stored file")
    ]
    title: Line

    @model_validator(mode="after")
    def _url_is_one(self) -> Self:
        if self.kind == "url":
            try:
                _URL.validate_python(self.reference)
            except ValidationError:
                raise InvalidInput(
                    "evidence_url_invalid",
                    "Minh chứng dạng url phải là địa chỉ http(s) đầy đủ.",
                    "Evidence of kind url must be a full http(s) address.",
                    field="evidence",
                ) from None
        return self


class SubmissionIn(RequestModel):
    model_config = example(
        completed_on="2026-05-20",
        summary="Đề án đã được phê duyệt",
        evidence=[{"kind": "document", "reference": "815/QĐ-BNV", "title": "Quyết định phê duyệt Đề án"}],
    )

    completed_on: Day
    summary: Paragraph
    evidence: Annotated[tuple[EvidenceIn, ...], Field(min_length=1, max_length=50)]
    agency_code: Code | None = Field(
        default=None, description="for whom the office reports; a bound key reports for its own"
    )


class DecisionIn(RequestModel):
    model_config = example(decision="return", reason="Chưa có văn bản phê duyệt: đề nghị bổ sung minh chứng.")

    decision: Literal["accept", "return"]
    reason: Paragraph | None = None


class EvidenceOut(Answer):
    kind: str
    reference: str
    title: str


class SubmissionOut(Answer):
    """`decision` is null while the office has not decided."""

    id: UUID
    task_id: UUID
    agency_code: str | None
    completed_on: date
    summary: str
    evidence: list[EvidenceOut]
    submitted_at: datetime
    decision: Literal["accept", "return"] | None
    decided_at: datetime | None
    reason: str | None
