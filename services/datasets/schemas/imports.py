"""The report of an import."""

from typing import Literal

from shared.http.answers import Answer, RowOutcome, SheetReport, SkippedRow


class ImportedRow(RowOutcome):
    outcome: Literal["accepted", "refused", "unchanged"]
    code: str
    name: str
    owner_code: str | None


class ImportReport(Answer):
    """The answer of a dry run is that of the real run, except `dry_run` and `written`."""

    accepted: int
    refused: int
    unchanged: int
    dry_run: bool
    written: bool
    sheets: list[SheetReport]
    skipped: list[SkippedRow]
    rows: list[ImportedRow]
