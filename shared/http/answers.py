"""Shapes of answers that several services give: what every answer keeps to, and what is wrong with a row."""

from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, computed_field

from shared.imports.words import OUTCOMES, SKIPS
from shared.spreadsheets.workbook import SheetOutcome


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True, populate_by_name=True)


def example(**body: Any) -> ConfigDict:
    """Configuration with an example of the request body; a test validates it."""
    return ConfigDict(json_schema_extra={"examples": [body]})


class SuggestionOut(Answer):
    code: str
    name: str
    score: float


class RowProblem(Answer):
    """An error in a cell, with the remedy; `suggestions` are the nearest agencies where a name was not found."""

    field: str
    code: str
    detail: str
    detail_en: str
    suggestions: tuple[SuggestionOut, ...] = ()


class SkippedRow(Answer):
    sheet: str = Field(default="", description="name of its sheet; empty for CSV")
    number: int
    text: str
    reason: str

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way
    @property
    def detail(self) -> str:
        return SKIPS[self.reason].vi

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def detail_en(self) -> str:
        return SKIPS[self.reason].en


class RowOutcome(Answer):
    """A row in the report of an import: its place in the file, its outcome, errors and warnings."""

    sheet: str = Field(description="name of its sheet; empty for CSV")
    row: int = Field(
        description="as the spreadsheet numbers it, the heading included",
        validation_alias=AliasChoices("row", "number"),
    )
    outcome: str
    problems: list[RowProblem]
    warnings: list[RowProblem]

    @computed_field(description="the outcome in Vietnamese")  # type: ignore[prop-decorator]  # as above
    @property
    def outcome_vi(self) -> str:
        return OUTCOMES[self.outcome].vi


class SheetRemarkOut(Answer):
    """Warnings about a sheet: hidden rows and columns, rows struck through, cells that look like days' numbers."""

    code: str
    where: str = Field(description="numbers of rows, or letters of columns")
    detail: str = Field(validation_alias=AliasChoices("vi", "detail"))
    detail_en: str = Field(validation_alias=AliasChoices("en", "detail_en"))


class SheetReport(Answer):
    """The outcome of a sheet; a CSV file is one without a name."""

    name: str
    outcome: SheetOutcome
    detail: str
    detail_en: str
    heading_row: int | None = Field(description="number of the heading's first row")
    heading_end: int | None = Field(description="number of its last row")
    columns: dict[str, str] = Field(description="field → heading under which it was read")
    rows: int
    ignored: list[str] = Field(
        description="headings that mean nothing here; what stands under them is not read"
    )
    remarks: list[SheetRemarkOut]
