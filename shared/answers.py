"""Shapes of answers that several services give: what every answer keeps to, and what is wrong with a row."""

from typing import Any

from pydantic import BaseModel, ConfigDict


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
    number: int
    text: str
    reason: str
