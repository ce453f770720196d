"""Each service's HTTP API as its application describes it; no database is connected to."""

from typing import Any

from sqlalchemy import make_url

from services.register import REGISTER
from shared.runtime.clock import SystemClock
from shared.runtime.database import Database
from shared.runtime.health import Health

NOWHERE = "postgresql+asyncpg://reference.invalid/reference"
NO_SECRET = "A" * 43 + "="  # 32 zero bytes: nothing is signed while documents are made


def openapi(service: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a service."""
    given: dict[str, Any] = {"database_url": NOWHERE, "secret_key": NO_SECRET, "allow_outgoing": ""}
    database, clock, health = Database(make_url(NOWHERE)), SystemClock(), Health()
    entry = REGISTER[service]
    return entry.build_app(entry.settings(**given), database, clock, health=health).openapi()
