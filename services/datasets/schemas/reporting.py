"""What is said and sent."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from services.datasets.schemas.common import Day
from services.datasets.schemas.databases import QualityOut
from shared.events.datasets import Connection, Criterion, Phase
from shared.evidence import EvidenceIn, EvidenceOut
from shared.http.answers import Answer, example
from shared.http.requests import Code, Line, Paragraph, RequestModel
from shared.http.scalars import AS_DECIMAL, Boolean, Instant, Integer

Amount = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=6), AS_DECIMAL]
Denominator = Annotated[Decimal, Field(gt=0, max_digits=24, decimal_places=6), AS_DECIMAL]
LARGEST_COUNT = 10**15  # records: more than any database of a country holds

_EVIDENCE = [{"kind": "document", "reference": "12/QĐ-BTC", "title": "Quyết định đưa vào vận hành"}]
SomeEvidence = Annotated[tuple[EvidenceIn, ...], Field(max_length=50)]


class DeclarationIn(RequestModel):
    """What the owner says from a day on, of the phase, of the connection, or of both."""

    model_config = example(
        phase="operating", ndc_connection="synchronised", effective_on="2026-03-01", evidence=_EVIDENCE
    )

    phase: Phase | None = None
    ndc_connection: Connection | None = None
    effective_on: Day
    evidence: Annotated[SomeEvidence, Field(min_length=1)]


class DeclarationOut(Answer):
    id: int
    database_code: str
    phase: Phase | None
    ndc_connection: Connection | None
    effective_on: date
    evidence: list[EvidenceOut]
    said_by: str
    recorded_at: datetime


class QualityIn(RequestModel):
    """`measured` of `denominator` where there is one; whether that passes is the assessor's word."""

    model_config = example(
        criterion="accurate",
        measured=98.4,
        denominator=100,
        threshold=95,
        passed=True,
        as_of="2026-03-01",
        method="Đối soát mẫu 1.000 bản ghi",
        evidence=_EVIDENCE,
    )

    criterion: Criterion
    measured: Amount
    denominator: Denominator | None = None
    threshold: Amount
    passed: Boolean
    as_of: Day
    method: Paragraph
    evidence: SomeEvidence = ()


class QualityRecorded(QualityOut):
    id: int
    database_code: str


class HeartbeatIn(RequestModel):
    model_config = example(
        observed_at="2026-03-10T08:00:00+07:00",
        record_count=104235678,
        last_sync_at="2026-03-10T07:55:00+07:00",
        run_id="2026-03-10T08:00",
    )

    observed_at: Instant
    record_count: Annotated[Integer, Field(ge=0, le=LARGEST_COUNT)]
    last_sync_at: Instant | None = Field(description="with the NDC; null where there never was one")
    run_id: Annotated[Code, Field(description="names this heartbeat: sent again it counts once")]
    note: Line | None = None


class HeartbeatOut(Answer):
    """`counted` is false for a heartbeat that was there already."""

    database_code: str
    run_id: str
    observed_at: datetime
    counted: bool


class MaintenanceIn(RequestModel):
    model_config = example(
        **{"from": "2026-03-14T22:00:00+07:00", "until": "2026-03-15T02:00:00+07:00"},
        reason="Nâng cấp máy chủ",
    )

    starts_at: Annotated[Instant, Field(alias="from")]
    ends_at: Annotated[Instant, Field(alias="until")]
    reason: Paragraph


class MaintenanceOut(Answer):
    id: int
    database_code: str
    starts_at: Annotated[datetime, Field(serialization_alias="from")]
    ends_at: Annotated[datetime, Field(serialization_alias="until")]
    reason: str
    said_by: str
    recorded_at: datetime
