"""The report of an import."""

from typing import Literal

from shared.http.answers import Answer, RowOutcome, SheetReport, SkippedRow


class ImportedRow(RowOutcome):
    outcome: Literal["accepted", "refused", "unchanged"]
    code: str
    name: str
    owner_code: str | None


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
