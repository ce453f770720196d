"""Shapes of answers that several services give: what every answer keeps to, and what is wrong with a row."""

from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from shared.spreadsheets.workbook import SheetOutcome


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True, populate_by_name=True)


def example(**body: Any) -> ConfigDict:
    """What the API's documents show as a whole request; a test reads it back."""
    return ConfigDict(json_schema_extra={"examples": [body]})


class SuggestionOut(Answer):
    code: str
    name: str
    score: float


class RowProblem(Answer):
    """What is wrong with a cell and the remedy; `suggestions` are the nearest agencies where a name was not found."""

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


class SheetRemarkOut(Answer):
    """What is odd about a sheet: hidden rows and columns, rows struck through, cells that look like days' numbers."""

    code: str
    where: str = Field(description="numbers of rows, or letters of columns")
    detail: str = Field(validation_alias=AliasChoices("vi", "detail"))
    detail_en: str = Field(validation_alias=AliasChoices("en", "detail_en"))


class SheetReport(Answer):
    """What became of a sheet; a CSV file is one without a name."""

    name: str
    outcome: SheetOutcome
    detail: str
    detail_en: str
    heading_row: int | None = Field(description="number of the heading's first row")
    rows: int
    ignored: list[str] = Field(
        description="headings that mean nothing here; what stands under them is not read"
    )
    remarks: list[SheetRemarkOut]
