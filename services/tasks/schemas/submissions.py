"""Submissions with their evidence, and the decisions on them."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.tasks.schemas.fields import Day
from shared.evidence import EvidenceIn, EvidenceOut
from shared.http.answers import Answer, example
from shared.http.requests import Code, Paragraph, RequestModel


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
        default=None,
        description="agency for which the office reports; a bound key reports for its own agency",
    )


class DecisionIn(RequestModel):
    model_config = example(decision="return", reason="Chưa có văn bản phê duyệt: đề nghị bổ sung minh chứng.")

    decision: Literal["accept", "return"]
    reason: Paragraph | None = None


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
