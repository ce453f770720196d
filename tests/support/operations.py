"""What every route of every service takes, read from its OpenAPI document: for tests that hold of all routes, also of new ones."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import httpx2
from fastapi import FastAPI

from services.register import REGISTER
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from shared.runtime.health import Health
from tests.support.keys import authorization
from tests.support.service import settings_of

NOTHING = "00000000-0000-4000-8000-000000000000"
METHODS = ("get", "post", "put", "patch", "delete")
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Field:
    """A place in a request's body, and what its schema says of it."""

    place: Place
    schema: dict[str, Any]

    @property
    def name(self) -> str:
        return ".".join(map(str, self.place))


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    told: dict[str, Any]
    document: dict[str, Any]

    @property
    def address(self) -> str:
        """Of something that is not there."""
        address = self.path
        for parameter in self.told.get("parameters", ()):
            if parameter["in"] == "path":
                is_uuid = parameter["schema"].get("format") == "uuid"
                address = address.replace(f"{{{parameter['name']}}}", NOTHING if is_uuid else "NONE")
        return address

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """Schemas of the query's parameters."""
        return {
            each["name"]: self.plain(each["schema"])
            for each in self.told.get("parameters", ())
            if each["in"] == "query"
        }

    @property
    def body(self) -> tuple[str, dict[str, Any]] | None:
        """The media type and the schema."""
        content = self.told.get("requestBody", {}).get("content", {})
        return next(((kind, self.plain(each["schema"])) for kind, each in content.items()), None)

    def example(self) -> dict[str, Any]:
        """A whole body, where its schema shows one."""
        assert self.body is not None
        return deepcopy(next(iter(self.body[1].get("examples", ())), {}))

    def fields(self) -> Iterator[Field]:
        """Every object, list and value that a body may have, objects and lists before what is in them."""
        if self.body is not None:
            yield from self._below((), self.body[1])

    def _below(self, place: Place, schema: dict[str, Any]) -> Iterator[Field]:
        for kind in [self.plain(each) for each in schema.get("anyOf", [schema])]:
            yield Field(place, kind)
            for name, inner in kind.get("properties", {}).items():
                yield from self._below((*place, name), self.plain(inner))
            if kind.get("type") == "array" and isinstance(kind.get("items"), dict):
                yield from self._below((*place, 0), self.plain(kind["items"]))

    def plain(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in schema:
            return schema
        found: dict[str, Any] = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found | {name: value for name, value in schema.items() if name != "$ref"}

    def body_with(self, place: Place, value: Any) -> Any:
        """The example with `value` at a place, and what is needed around it."""
        return put_at(self.example(), place, value)

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def put_at(whole: Any, place: Place, value: Any) -> Any:
    if not place:
        return value
    first, *rest = place
    if isinstance(first, int):
        items = whole if isinstance(whole, list) else []
        return [put_at(items[0] if items else None, tuple(rest), value), *items[1:]]
    members = whole if isinstance(whole, dict) else {}
    return members | {first: put_at(members.get(first), tuple(rest), value)}


def operations(app: FastAPI) -> list[Operation]:
    document = app.openapi()
    return [
        Operation(method, path, item[method], document)
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item and path.count("/") > 1
    ]


def service_app(service: str, database: Database, clock: ManualClock) -> FastAPI:
    made = REGISTER[service]
    settings = settings_of(made.settings)
    return made.build_app(settings, database, clock, health=Health())


@asynccontextmanager
async def admin_client(
    service: str, database: Database, clock: ManualClock
) -> AsyncIterator[tuple[FastAPI, httpx2.AsyncClient]]:
    """The service, and a client that may do everything; a change names a version."""
    app = service_app(service, database, clock)
    headers = authorization(app.state.context.secrets, "admin")
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://service", headers=headers) as http:
        yield app, http


def headers_for(operation: Operation) -> dict[str, str]:
    """What the operation cannot do without."""
    return {"If-Match": '"1"'} if "428" in operation.told["responses"] else {}
