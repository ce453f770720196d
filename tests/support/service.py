"""A service in a test's hands: its application, its database, its clock and whoever calls it.

The four services' tests stand on it; each adds its keys and its nouns.
"""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

import httpx2
from fastapi import FastAPI
from sqlalchemy import text

from shared.events.envelope import CloudEvent
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from shared.runtime.health import Health
from shared.runtime.settings import Settings
from shared.service import Service
from tests.support import conformance
from tests.support.bus import consume
from tests.support.keys import take_scopes_for_roles

SECRET = base64.b64encode(b"k" * 32).decode()
CALLER = (
    "role",
    "scopes",
    "agency",
    "tenant",
    "defence",
)  # the arguments of a request that say whose key it carries
Own = TypeVar("Own", bound=Settings)


def settings_of(kind: type[Own], **more: Any) -> Own:
    """Settings of a service whose database is given to it otherwise."""
    return kind(database_url="postgresql://unused", secret_key=SECRET, **more)


@dataclass
class RunningService:
    app: FastAPI
    database: Database
    clock: ManualClock
    http: httpx2.AsyncClient
    settings: Any

    service: ClassVar[Service]
    keys_carry_scopes: ClassVar[bool] = False  # a key's role is then a list of scopes

    @classmethod
    @asynccontextmanager
    async def running(
        cls, settings: Settings, database: Database, clock: ManualClock, **more: Any
    ) -> AsyncIterator[Self]:
        """On a migrated database; every answer is held to the service's OpenAPI document."""
        app = cls.service.build_app(settings, database, clock, health=Health())
        if cls.keys_carry_scopes:
            take_scopes_for_roles(app)
        async with conformance.client(app, f"http://{cls.service.name}") as http:
            yield cls(app, database, clock, http, settings, **more)

    # --- requests

    async def authorization(self, **caller: Any) -> dict[str, str]:
        """The header of a key of `caller`, as the service's tests describe callers."""
        raise NotImplementedError

    async def send(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **request: Any
    ) -> httpx2.Response:
        """A request below the service's own path; what CALLER names chooses the key, the rest is httpx2's."""
        caller = {name: request.pop(name) for name in CALLER if name in request}
        whole = await self.authorization(**caller) | (headers or {})
        return await self.http.request(method, f"/{self.service.name}/v1{path}", headers=whole, **request)

    async def get(self, path: str, status: int = 200, **request: Any) -> Any:
        return checked(await self.send("GET", path, **request), status)

    async def post(self, path: str, body: Any = None, status: int = 201, **request: Any) -> Any:
        return checked(await self.send("POST", path, json=body, **request), status)

    async def problem(self, path: str, body: Any, status: int, method: str = "POST", **request: Any) -> Any:
        """The problem that a request is answered with."""
        problem = checked(await self.send(method, path, json=body, **request), status)
        assert problem["status"] == status
        assert problem["detail"]
        assert problem["detail_en"] not in {"", problem["detail"]}
        return problem

    # --- events of other services

    async def consume(self, *events: CloudEvent) -> None:
        await consume(self.service, self.settings, self.database, self.clock, *events)

    # --- rows

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.reading() as connection:
            return list((await connection.execute(text(statement), values)).all())

    async def execute(self, statement: str, **values: Any) -> None:
        async with self.database.bookkeeping() as session:
            await session.execute(text(statement), values)

    async def events(self, subject: str) -> list[tuple[str, int, Any]]:
        """(verb, version, data) of every event of a subject, in the order of the log."""
        rows = await self.rows(
            "SELECT type, version, data FROM outbox WHERE subject = :subject ORDER BY id", subject=subject
        )
        return [(row.type.split(".")[-2], row.version, row.data) for row in rows]


def checked(response: httpx2.Response, status: int) -> Any:
    """The JSON of an answer that must have this status; None where it is empty."""
    assert response.status_code == status, response.text
    return response.json() if response.content else None
