"""Days in requests and questions, within the years that the service knows."""

from datetime import date
from typing import Annotated

from pydantic import Field

from services.datasets.domain.days import EARLIEST, LATEST
from shared.http.scalars import AS_DATE

Day = Annotated[date, Field(ge=EARLIEST, le=LATEST), AS_DATE]
