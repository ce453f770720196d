"""Types of fields that several schemas have."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from shared.http.requests import Line
from shared.http.scalars import AS_DATE

# A working day that PostgreSQL, Python and people agree on; beyond it is a typing mistake.
Day = Annotated[date, Field(ge=date(1945, 9, 2), le=date(2200, 12, 31)), AS_DATE]
Kind = Literal["dated", "standing"]
Aliases = Annotated[tuple[Line, ...], Field(max_length=100)]
