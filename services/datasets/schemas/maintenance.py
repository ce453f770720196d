"""Maintenance windows."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.http.answers import Answer, example
from shared.http.requests import Paragraph, RequestModel
from shared.http.scalars import Instant


class MaintenanceIn(RequestModel):
    model_config = example(
        **{"from": "2026-03-14T22:00:00+07:00", "until": "2026-03-15T02:00:00+07:00"},
        reason="Nâng cấp máy chủ",
    )

    starts_at: Annotated[Instant, Field(alias="from")]
    ends_at: Annotated[Instant, Field(alias="until")]
    reason: Paragraph


class MaintenanceOut(Answer):
    id: int
    database_code: str
    starts_at: Annotated[datetime, Field(serialization_alias="from")]
    ends_at: Annotated[datetime, Field(serialization_alias="until")]
    reason: str
    said_by: str
    recorded_at: datetime
