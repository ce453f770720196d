"""Each service's HTTP API as its application describes it; no database is spoken to."""

from typing import Any

from sqlalchemy import make_url

from services.notify import main as notify
from services.notify.settings import NotifySettings
from services.tasks import main as tasks
from services.tasks.settings import TasksSettings
from shared.clock import SystemClock
from shared.database import Database
from shared.health import Health

NOWHERE = "postgresql+asyncpg://reference.invalid/reference"
NO_SECRET = "A" * 43 + "="  # 32 zero bytes: nothing is signed while documents are made


def openapi(service: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a service."""
    given: dict[str, Any] = {"database_url": NOWHERE, "secret_key": NO_SECRET, "allow_outgoing": ""}
    database, clock, health = Database(make_url(NOWHERE)), SystemClock(), Health()
    if service == "tasks":
        return tasks.build_app(TasksSettings(**given), database, clock, health=health).openapi()
    return notify.build_app(NotifySettings(**given), database, clock, health=health).openapi()
