"""The report on an imported Treasury file, row by row."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.http.answers import Answer, RowOutcome, SheetReport, SkippedRow


class ImportedRow(RowOutcome):
    outcome: Literal["accepted", "refused", "unchanged", "total"]
    kind: Literal["disburse", "recover"]
    reference: str | None
    agency_code: str | None
    day: date | None
    amount: int | None = Field(description="đồng")
    decision_id: UUID | None


class ImportReport(Answer):
    """The report of a dry run is that of the real run but for `dry_run`, `written` and the decisions' ids."""

    unit: str
    accepted: int
    refused: int
    unchanged: int
    total: int = Field(description="rows that repeat the sum of others and are not counted")
    amount: int = Field(description="đồng paid by the accepted rows")
    recovered: int = Field(description="đồng taken back by the accepted rows")
    dry_run: bool
    written: bool
    decisions: list[UUID]
    sheets: list[SheetReport]
    skipped: list[SkippedRow]
    rows: list[ImportedRow]
