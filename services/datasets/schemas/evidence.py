"""Evidence in requests."""

from typing import Annotated

from pydantic import Field

from shared.evidence import EvidenceIn

EVIDENCE_EXAMPLE = [{"kind": "document", "reference": "12/QĐ-BTC", "title": "Quyết định đưa vào vận hành"}]

SomeEvidence = Annotated[tuple[EvidenceIn, ...], Field(max_length=50)]
