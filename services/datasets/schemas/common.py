"""What the shapes share."""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.datasets.domain.facts import EARLIEST, LATEST

Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True, populate_by_name=True)


def example(**body: Any) -> ConfigDict:
    """What the API's documents show as a whole request; a test reads it back."""
    return ConfigDict(json_schema_extra={"examples": [body]})


class EvidenceOut(Answer):
    kind: str
    reference: str
    title: str
