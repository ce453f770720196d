"""What became of an annex, row by row."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.tasks.schemas.common import Kind
from shared.answers import Answer, RowProblem, SheetReport, SkippedRow


class ImportedRow(Answer):
    sheet: str = Field(description="name of its sheet; empty for CSV")
    row: int = Field(description="as the spreadsheet numbers it, the heading included")
    outcome: Literal["accepted", "refused", "unchanged"]
    ref: str | None
    title: str
    task_id: UUID | None
    members: int
    kind: Kind | None
    due_on: date | None
    flags: list[str]
    unread_words: list[str]
    problems: list[RowProblem]
    warnings: list[RowProblem]


class ImportReport(Answer):
    """A dry run and the real run answer alike but for `dry_run` and `written`."""

    accepted: int
    refused: int
    unchanged: int
    dry_run: bool
    written: bool
    sheets: list[SheetReport]
    skipped: list[SkippedRow] = Field(description="rows that carry no task: sections, totals")
    rows: list[ImportedRow]
