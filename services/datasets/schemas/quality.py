"""Quality results by criterion."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from services.datasets.schemas.days import Day
from services.datasets.schemas.evidence import EVIDENCE_EXAMPLE, SomeEvidence
from services.datasets.schemas.public_form import ACTOR, IN_FULL
from shared.events.datasets import Criterion
from shared.evidence import EvidenceOut
from shared.http.answers import Answer, example
from shared.http.requests import Paragraph, RequestModel
from shared.http.scalars import AS_DECIMAL, Boolean

Amount = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=6), AS_DECIMAL]

Denominator = Annotated[Decimal, Field(gt=0, max_digits=24, decimal_places=6), AS_DECIMAL]


class QualityIn(RequestModel):
    """`measured` of `denominator`, where there is one; `passed` is the assessor's judgement."""

    model_config = example(
        criterion="accurate",
        measured=98.4,
        denominator=100,
        threshold=95,
        passed=True,
        as_of="2026-03-01",
        method="Đối soát mẫu 1.000 bản ghi",
        evidence=EVIDENCE_EXAMPLE,
    )

    criterion: Criterion
    measured: Amount
    denominator: Denominator | None = None
    threshold: Amount
    passed: Boolean
    as_of: Day
    method: Paragraph
    evidence: SomeEvidence = ()


class QualityOut(Answer):
    criterion: Criterion
    measured: Decimal
    denominator: Decimal | None
    threshold: Decimal
    passed: bool
    as_of: date
    method: str | None = IN_FULL
    evidence: list[EvidenceOut] | None = IN_FULL
    said_by: str | None = ACTOR
    recorded_at: datetime


class QualityRecorded(QualityOut):
    id: int
    database_code: str
