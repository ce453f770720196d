"""Declarations of an owner: phase and connection from a day on."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from services.datasets.schemas.days import Day
from services.datasets.schemas.evidence import EVIDENCE_EXAMPLE, SomeEvidence
from services.datasets.schemas.public_form import ACTOR, IN_FULL
from shared.events.datasets import Connection, Phase
from shared.evidence import EvidenceOut
from shared.http.answers import Answer, example
from shared.http.requests import RequestModel


class DeclarationIn(RequestModel):
    """A declaration of the owner that holds from a day on: the phase, the connection, or both."""

    model_config = example(
        phase="operating", ndc_connection="synchronised", effective_on="2026-03-01", evidence=EVIDENCE_EXAMPLE
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


class DeclaredFact(Answer):
    """A declared value and its declaration: it holds since `effective_on`."""

    value: str
    effective_on: date
    evidence: list[EvidenceOut] | None = IN_FULL
    said_by: str | None = ACTOR
    recorded_at: datetime
