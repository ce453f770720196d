"""The report of an import."""

from typing import Literal

from pydantic import Field

from shared.answers import Answer, RowProblem, SheetReport, SkippedRow


class ImportedRow(Answer):
    sheet: str = Field(description="name of its sheet; empty for CSV")
    row: int = Field(description="as the spreadsheet numbers it, the heading included")
    outcome: Literal["accepted", "refused", "unchanged"]
    code: str
    name: str
    owner_code: str | None
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
    skipped: list[SkippedRow]
    rows: list[ImportedRow]
