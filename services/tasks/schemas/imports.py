"""The report of an import, row by row."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AliasPath, Field, computed_field

from services.tasks.domain.deadlines import FLAG_SENTENCES, DeadlineFlag
from services.tasks.schemas.fields import Kind
from shared.http.answers import Answer, RowOutcome, SheetReport, SkippedRow


class KnownTaskOut(Answer):
    """A task from an earlier import of the document, as its row was printed."""

    task_id: UUID = Field(validation_alias=AliasPath("id"))
    annex: str = Field(validation_alias=AliasPath("origin", "place", "annex"))
    ref: str | None
    title: str = Field(validation_alias=AliasPath("origin", "title"))


class FlagDetail(Answer):
    code: DeadlineFlag
    detail: str
    detail_en: str


class ImportedRow(RowOutcome):
    outcome: Literal["accepted", "refused", "unchanged", "question"] = Field(
        description="question: it may be a task imported before; answer in `answers`, or in the column Xác nhận"
    )
    order_no: str = Field(description="the row's number as printed")
    annex: str = Field(description="name of the row's annex; empty without one")
    ref: str | None = Field(description="sections and number, as cited")
    title: str
    task_id: UUID | None
    moved_from: str | None = Field(description="earlier place of the task's row, if it moved")
    candidates: list[KnownTaskOut] = Field(description="tasks that the row may be")
    members: int
    kind: Kind | None
    due_on: date | None
    flags: list[DeadlineFlag]
    unread_words: list[str]

    @computed_field(description="a sentence for each flag")  # type: ignore[prop-decorator]  # pydantic's own way
    @property
    def flag_details(self) -> list[FlagDetail]:
        sentences = ((flag, FLAG_SENTENCES[flag]) for flag in self.flags)
        return [
            FlagDetail(code=flag, detail=sentence.vi, detail_en=sentence.en) for flag, sentence in sentences
        ]


class ImportReport(Answer):
    """The answer of a dry run is that of the real run, except `dry_run` and `written`."""

    accepted: int
    refused: int
    unchanged: int
    questions: int
    dry_run: bool
    written: bool
    sheets: list[SheetReport]
    skipped: list[SkippedRow] = Field(description="rows that carry no task: sections, totals")
    rows: list[ImportedRow]
    missing: list[KnownTaskOut] = Field(
        description="tasks of the file's annexes from earlier imports that are not in the file"
    )
