"""The smallest service that stands on `shared.http`: what every service gets from it is tested here once."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import uuid4

import httpx2
from fastapi import FastAPI, Form, Query, Response, UploadFile
from pydantic import Field
from sqlalchemy import text

from shared import errors
from shared.http.app import create_app
from shared.http.auth import Caller
from shared.http.preconditions import ExpectedVersion, set_etag
from shared.http.problems import STATUS
from shared.http.requests import Code, Line, RequestModel, Verbatim
from shared.http.routes import (
    Context,
    CurrentActor,
    CurrentChange,
    CurrentContext,
    ReadConnection,
    service_router,
    with_scope,
)
from shared.http.scalars import AS_INTEGER, Integer
from shared.http.visibility import Visibility
from shared.runtime.audit import add_audit
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from shared.runtime.health import Health
from shared.runtime.stable_reads import latest_stable_moment
from tests.support.keys import ROLES_NAMED_BY_SCOPES, authorization

SECRETS = (b"p" * 32,)
MAX_UPLOAD = 2_000_000
router = service_router("toy")
Writer = Annotated[Caller, with_scope("toy.write", Visibility.OFFICE)]
Reader = Annotated[Caller, with_scope("toy.read", Visibility.PUBLIC)]


class PartIn(RequestModel):
    code: Code
    number: Annotated[Integer, Field(ge=0, le=2**31 - 1)] = 0


class ThingIn(RequestModel):
    name: Line
    note: Verbatim = ""
    parts: Annotated[tuple[PartIn, ...], Field(max_length=100)] = ()


@router.post("/things", status_code=201)
async def make_thing(
    body: ThingIn,
    response: Response,
    change: CurrentChange,
    actor: CurrentActor,
    _: Writer,
) -> dict[str, str]:
    thing = str(uuid4())
    await add_audit(change.session, actor, "made", "thing", thing, at=change.at, name=body.name)
    response.headers["Location"] = f"/toy/v1/things/{thing}"
    set_etag(response, 1)
    if body.note == "refuse":
        raise errors.Conflict("thing_refused", "Không được.", "No.", field="note")
    return {"id": thing, "name": body.name}


@router.post("/readings")
async def read_thing(
    body: ThingIn, connection: ReadConnection, context: CurrentContext, _: Reader
) -> dict[str, Any]:
    """Changes nothing: is a change under way, nevertheless?"""
    now, known, _ = await latest_stable_moment(connection, context.clock)
    return {"name": body.name, "stable": known == now}


@router.post("/notes")
async def make_note(body: ThingIn, _: CurrentChange, __: Writer) -> dict[str, str]:
    return {"name": body.name}


@router.patch("/things/{thing_id}")
async def change_thing(
    thing_id: str, expected: ExpectedVersion, _: CurrentChange, __: Writer
) -> dict[str, Any]:
    if thing_id == "none":
        raise errors.NotFound("thing_unknown", "Không có.", "There is none.")
    errors.check_version(expected, 3)
    return {"id": thing_id}


@router.get("/things/{thing_id}")
async def get_thing(
    thing_id: str,
    response: Response,
    _: Reader,
    limit: Annotated[int, Query(ge=1, le=9), AS_INTEGER] = 1,
    colour: Annotated[list[str] | None, Query()] = None,
) -> dict[str, Any]:
    if thing_id == "none":
        raise errors.NotFound("thing_unknown", "Không có.", "There is none.")
    set_etag(response, 3)
    return {"id": thing_id, "limit": limit}


@router.get("/things")
async def list_things(_: Reader) -> dict[str, Any]:
    return {"items": []}


class UploadIn(RequestModel):
    f: UploadFile | str


@router.post("/uploads")
async def upload(
    _: CurrentChange, __: Writer, form: Annotated[UploadIn, Form(media_type="multipart/form-data")]
) -> dict[str, bool]:
    return {"taken": True}


@router.get("/refusals/{kind}")
async def refuse(kind: str, _: Reader) -> None:
    raise {each.__name__: each for each in STATUS}[kind](
        "some_code", "Một câu.", "A sentence.", field="a.b", more=1
    )


@router.get("/bugs/{where}")
async def fail(where: str, connection: ReadConnection, _: Reader) -> None:
    if where == "sql":
        await connection.execute(text("SELECT 1 / 0"))
    if where == "timeout":
        await connection.execute(text("SET statement_timeout = 20"))
        await connection.execute(text("SELECT pg_sleep(5)"))
    raise RuntimeError("Bearer ddk_0123456789ab_secretsecret went wrong")


class Toy:
    def __init__(
        self, app: FastAPI, database: Database, clock: ManualClock, http: httpx2.AsyncClient
    ) -> None:
        self.app = app
        self.database = database
        self.clock = clock
        self.http = http
        self.headers: dict[str, str] = {}

    def key(self, *scopes: str, **more: Any) -> dict[str, str]:
        return authorization(SECRETS, " ".join(scopes), **more)

    async def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **request: Any
    ) -> httpx2.Response:
        return await self.http.request(method, path, headers={**self.headers, **(headers or {})}, **request)

    async def things(self) -> int:
        async with self.database.reading() as connection:
            return int((await connection.execute(text("SELECT count(*) FROM audit"))).scalar_one())


@asynccontextmanager
async def running_toy(
    database: Database, clock: ManualClock, health: Health | None = None, *, authorized: bool = True
) -> AsyncIterator[Toy]:
    """The toy, by default with a key that may do everything."""
    app = create_app(
        Context("toy", database, clock, SECRETS, ROLES_NAMED_BY_SCOPES),
        title="toy",
        routers=[router],
        health=health or Health(),
        body_limits={"/toy/v1/uploads": MAX_UPLOAD},
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://toy") as http:
        toy = Toy(app, database, clock, http)
        if authorized:
            toy.headers = toy.key("toy.read", "toy.write", "metrics.read")
        yield toy
