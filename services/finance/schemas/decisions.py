"""Decisions, their lines and their reversals."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.finance.domain import ledger
from services.finance.domain.decisions import Header
from services.finance.schemas.fields import Day, Year, refuse_fraction
from services.finance.use_cases.ledger import Entry, Posted
from shared.http.answers import Answer, example
from shared.http.requests import Code, DocumentNumber, Paragraph, RequestModel, SimilarIsMeant
from shared.http.scalars import Integer
from shared.keys.viewers import Viewer
from shared.runtime.database import AnyRow


class LineIn(RequestModel):
    year: Year
    level: ledger.Level
    agency_code: Code
    nature: ledger.Nature
    field: ledger.Field
    source: Code | None = None
    amount: Integer = Field(description="đồng; below zero only where kind is adjust")

    def line(self) -> ledger.Line:
        return ledger.Line(
            self.year, self.level, self.agency_code, self.nature, self.field, self.source or "", self.amount
        )


class DecisionIn(RequestModel):
    model_config = example(
        number="1508/QĐ-BTC",
        issued_on="2025-05-15",
        effective_on="2025-05-20",
        kind="approve",
        lines=[
            {
                "year": 2025,
                "level": "central",
                "agency_code": "G06",
                "nature": "capital",
                "field": "digital_transformation",
                "source": "NSTW",
                "amount": 1_500_000_000,
            }
        ],
    )

    number: Annotated[
        DocumentNumber, Field(description="of the document; with kind and issued_on it is posted once")
    ]
    issued_on: Day
    effective_on: Day
    kind: ledger.Kind
    lines: Annotated[tuple[LineIn, ...], Field(min_length=1, max_length=ledger.MAX_LINES)]
    similar_is_meant: SimilarIsMeant = False

    @model_validator(mode="before")
    @classmethod
    def _whole_amounts(cls, value: Any) -> Any:
        lines = value.get("lines") if isinstance(value, Mapping) else None
        for n, line in enumerate(lines if isinstance(lines, list | tuple) else ()):
            if isinstance(line, Mapping) and "amount" in line:
                refuse_fraction(line["amount"], f"lines.{n}.amount")
        return value

    def header(self) -> Header:
        return Header(self.kind, self.number, self.issued_on, self.effective_on)


class ReversalIn(RequestModel):
    model_config = example(reason="Ghi nhầm cơ quan", effective_on="2025-05-20")

    reason: Paragraph
    effective_on: Day


class DecisionOut(Answer):
    """`entry` counts how often the document was entered: again only after a reversal. `amount` is the sum of its lines.

    Of a decision that is `in_part`, `line_count` and `amount` are of the lines that the key sees, which are numbered from 1,
    and `reason` is null.
    """

    id: UUID
    kind: ledger.Kind
    number: str
    issued_on: date
    entry: int
    effective_on: date
    line_count: int
    amount: int
    in_part: bool = Field(
        description="there are lines that the key does not see: of other agencies, or of defence and security"
    )
    reverses_id: UUID | None
    reversed_by_id: UUID | None
    reason: str | None
    actor: str | None = Field(description="name and prefix of the key; null for a key that may not know it")
    recorded_at: datetime

    @classmethod
    def of_posted(cls, viewer: Viewer, entry: Entry, posted: Posted) -> Self:
        """A decision that has just been posted, for a viewer who sees all of its lines."""
        header, decision = entry.header, entry.event.decision
        return cls(
            id=entry.id,
            kind=header.kind,
            number=header.number,
            issued_on=header.issued_on,
            entry=posted.entry,
            effective_on=header.effective_on,
            line_count=decision.lines,
            amount=decision.amount,
            in_part=False,
            reverses_id=None,
            reversed_by_id=None,
            reason=None,
            actor=viewer.actor(entry.actor.name),
            recorded_at=posted.recorded_at,
        )


def decision_members(viewer: Viewer, row: AnyRow) -> dict[str, Any]:
    """A row in the shape of `DecisionOut`, unchecked."""
    return row._asdict() | {"actor": viewer.actor(row.actor)}


class DecisionPage(Answer):
    items: list[DecisionOut]
    next_cursor: str | None


class LineOut(Answer):
    line: int
    year: int
    level: ledger.Level
    agency_code: str
    nature: ledger.Nature
    field: ledger.Field
    source: str | None
    amount: int

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        return cls.model_validate(row._asdict() | {"source": row.source or None})


class DecisionWithLines(DecisionOut):
    """A decision with a page of its lines; those of a reversal are the lines that it reverses, with the sign changed."""

    lines: list[LineOut]
    next_cursor: str | None
