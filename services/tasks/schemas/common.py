"""What several shapes share."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

# A working day that PostgreSQL, Python and people agree on; beyond it is a typing mistake.
Day = Annotated[date, Field(ge=date(1945, 9, 2), le=date(2200, 12, 31))]
Kind = Literal["dated", "standing"]


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


def example(**body: Any) -> ConfigDict:
    """What the API's documents show as a whole request; a test reads it back."""
    return ConfigDict(json_schema_extra={"examples": [body]})
