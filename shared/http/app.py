"""The HTTP application of every service: keys, transactions, limits, ids, health."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import cached_property
from inspect import isasyncgenfunction
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response, Security
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import (
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    SecurityScopes,
)
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Forbidden, Unauthenticated
from shared.http import idempotency, problems
from shared.http.auth import Caller, KeyVerifier, Roles, unauthenticated
from shared.http.edge import EdgeMiddleware, HeadMiddleware
from shared.http.openapi import DESCRIPTION, OPERATIONS, SAME_SERVER, Application, operation_id
from shared.http.pages import pages_router
from shared.http.parameters import Takes, below
from shared.http.preconditions import conditional
from shared.http.reference_page import add_reference_page
from shared.http.request_metrics import MetricsMiddleware
from shared.http.visibility import Visibility
from shared.runtime import logs
from shared.runtime.audit import Actor
from shared.runtime.clock import Clock
from shared.runtime.database import Change, Database, LateChange
from shared.runtime.health import Health
from shared.runtime.metrics import registry
from shared.runtime.settings import LOCAL_URL


@dataclass(frozen=True)
class Context:
    """Dependencies of a service's routes."""

    service: str
    database: Database
    clock: Clock
    secrets: tuple[bytes, ...] = field(
        repr=False
    )  # the suite's secret key, and the previous one while it is rotated
    roles: Roles
    public_url: str = LOCAL_URL  # how callers reach the service

    @cached_property
    def keys(self) -> KeyVerifier:
        return KeyVerifier(self.secrets, self.roles, self.database, self.clock)


# --- dependencies of routes --------------------------------------------------------------------------------------

# Documents the header on the routes that change something; ServiceRoute reads it, before the transaction begins.
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=idempotency.MAX_KEY_LENGTH,
        description="the same key and body get the first answer again; nothing is done twice",
    ),
]

_bearer = HTTPBearer(
    auto_error=False, description="API key: Authorization: Bearer ddk_…", scheme_name="api_key"
)

METRICS = "metrics.read"
_basic = HTTPBasic(
    auto_error=False, description="metrics only: the API key as password", scheme_name="password"
)


def get_context(request: Request) -> Context:
    context = request.app.state.context
    assert isinstance(context, Context)  # noqa: S101 - app.state is untyped
    return context


Rules = TypeVar("Rules")


def rules_of(kind: type[Rules]) -> Callable[[Request], Rules]:
    """Dependency: the settings of the service's rules."""

    def rules(request: Request) -> Rules:
        found = request.app.state.rules
        assert isinstance(found, kind)  # noqa: S101 - app.state is untyped
        return found

    return rules


async def identify(request: Request) -> Caller:
    """The caller behind the request's key; verified once per request."""
    if not hasattr(request.state, "caller"):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthenticated()
        request.state.caller = await get_context(request).keys.verify(token.strip())
    caller = request.state.caller
    assert isinstance(caller, Caller)  # noqa: S101 - request.state is untyped
    return caller


class MonitorUnknown(Unauthenticated):
    challenge = 'Basic realm="dondoc", Bearer'  # a browser prompts for a password


async def require_monitor(
    request: Request, basic: Annotated[HTTPBasicCredentials | None, Depends(_basic)]
) -> None:
    """Prometheus sends a bearer token; a browser prompts for the key as the password of Basic."""
    try:
        keys = get_context(request).keys
        caller = await (keys.verify(basic.password) if basic else identify(request))
    except Unauthenticated:
        raise MonitorUnknown(
            "monitor_key_required",
            "Cần khóa API có vai trò monitor: gửi Authorization: Bearer <khóa>, hoặc Basic với khóa làm mật khẩu.",
            "An API key with the role monitor is required: send Authorization: Bearer <key>, or Basic with the key as password.",
        ) from None
    if not caller.may(METRICS):
        raise Forbidden(
            "scope_missing",
            f"Khóa này không có quyền {METRICS}: dùng khóa có vai trò monitor.",
            f"This key lacks the scope {METRICS}: use a key with the role monitor.",
            scope=METRICS,
        )


@dataclass(frozen=True, slots=True)
class Grant:
    """The dependency of a route that says who may call it and what of its answer a bound key sees."""

    visibility: Visibility

    async def __call__(
        self,
        request: Request,
        scopes: SecurityScopes,
        _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Caller:
        caller = await identify(request)
        for scope in scopes.scopes:
            caller.require(scope)
        return caller


def with_scope(scope: str, visibility: Visibility) -> Any:
    """Dependency: the caller, who must have `scope`; every route declares so who may see what."""
    return Security(Grant(visibility), scopes=[scope])


def visibility_of(route: APIRoute) -> Visibility:
    """What the route declares. Raises TypeError unless it does so once."""
    declared = {each.call.visibility for each in below(route.dependant) if isinstance(each.call, Grant)}
    if len(declared) != 1:
        raise TypeError(f"{route.path}: say by one `with_scope` who may see what it answers, not {declared}")
    return declared.pop()


def current_actor(request: Request) -> Actor:
    caller: Caller = request.state.caller
    return Actor(f"{caller.name} ({caller.prefix})", logs.request_id.get())


def current_change(request: Request, _: IdempotencyKey = None) -> Change:
    change = request.state.change
    assert isinstance(change, Change)  # noqa: S101 - request.state is untyped
    return change


def current_late_change(request: Request, _: IdempotencyKey = None) -> LateChange:
    change = request.state.change
    assert isinstance(change, LateChange)  # noqa: S101 - request.state is untyped
    return change


async def read_connection(request: Request) -> AsyncIterator[AsyncConnection]:
    async with get_context(request).database.reading() as connection:
        yield connection


CurrentChange = Annotated[Change, Depends(current_change)]
CurrentLateChange = Annotated[LateChange, Depends(current_late_change)]
ReadConnection = Annotated[AsyncConnection, Depends(read_connection, scope="function")]
CurrentActor = Annotated[Actor, Depends(current_actor)]
CurrentContext = Annotated[Context, Depends(get_context)]


async def admit(request: Request, takes: Takes) -> Caller:
    """The caller, with all scopes of the route; refuses parameters that it does not take."""
    caller = await identify(request)
    for scope in takes.scopes:
        caller.require(scope)
    await takes.check(request)
    return caller


class ServiceRoute(APIRoute):
    """A route whose change is committed before its answer leaves, together with its Idempotency-Key.

    The edge owns the transaction: rows, audit entry, event and the stored answer commit together or not at all. A route
    without CurrentChange (or CurrentLateChange) writes nothing, whatever its method, and opens none.
    """

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # same shape
        answer = super().get_route_handler()
        takes = Takes.of(self)
        calls = [each.call for each in below(self.dependant)]
        is_late = current_late_change in calls

        async def read(request: Request) -> Response:
            # before any dependency takes a connection: a request that holds one and waits for another can deadlock
            await admit(request, takes)
            return conditional(request, await answer(request))

        async def change(request: Request) -> Response:
            context = get_context(request)
            caller = await admit(request, takes)
            body = await request.body()
            key = request.headers.get("idempotency-key")
            open_change = context.database.late_change if is_late else context.database.change
            async with open_change(context.clock) as opened:
                request.state.change = opened
                if key is None:
                    return await answer(request)
                session, at = opened.session, context.clock.now()
                replay = await idempotency.claim(
                    session, caller.prefix, key, request=request, body=body, at=at
                )
                if replay is not None:
                    return replay
                response = await answer(request)
                await idempotency.remember(session, caller.prefix, key, request=request, response=response)
                return response

        changes = current_change in calls or is_late
        if changes:
            _require_one_connection(self, calls)
        visibility_of(self)
        return change if changes else read


def _require_one_connection(route: APIRoute, calls: Sequence[Callable[..., Any] | None]) -> None:
    """Raises TypeError for a route that opens a second connection (it could deadlock), or a GET."""
    opened = [getattr(call, "__name__", "") for call in calls if isasyncgenfunction(call)]
    if opened:
        raise TypeError(
            f"{route.path}: a change has one connection, its own; {', '.join(opened)} opens another"
        )
    if (route.methods or set()) & {"GET", "HEAD"}:
        raise TypeError(f"{route.path}: a GET changes nothing")


def service_router(service: str) -> APIRouter:
    return APIRouter(
        prefix=f"/{service}/v1", route_class=ServiceRoute, responses=problems.documented(401, 403, 422, 503)
    )


# --- operations -------------------------------------------------------------------------------------------------


METRICS_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}}
}


class Readiness(BaseModel):
    status: Literal["ready", "unavailable"]
    troubles: dict[str, str] = Field(default={}, description="what is wrong, by check or loop")


def operations_router(health: Health) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Tiến trình còn trả lời. / The process answers."""
        return {"status": "ok"}

    @router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
    async def readyz() -> JSONResponse:
        """Cơ sở dữ liệu, dòng sự kiện và các vòng lặp hoạt động. / Database, log and loops work."""
        troubles = await health.troubles()
        body = {"status": "unavailable", "troubles": troubles} if troubles else {"status": "ready"}
        return JSONResponse(body, 503 if troubles else 200)

    @router.get(
        "/metrics",
        dependencies=[Depends(require_monitor)],
        response_class=Response,
        responses=problems.documented(401, 403) | METRICS_ANSWER,
        openapi_extra={"security": [{"api_key": []}]},
    )
    async def metrics() -> Response:
        """Số đo cho Prometheus. / Prometheus metrics."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


# --- the application --------------------------------------------------------------------------------------------

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    context: Context,
    *,
    title: str,
    routers: Sequence[APIRouter],
    health: Health,
    body_limits: Mapping[str, int] | None = None,
    lifespan: Lifespan | None = None,
    operations: bool = True,
    tags: Mapping[str, str] | None = None,
) -> FastAPI:
    """A service's application. `body_limits`: bytes by path, for uploads; `tags`: name -> description."""
    described = {**(tags or {}), **({"operations": OPERATIONS} if operations else {})}
    app = Application(
        title=f"Dondoc {context.service}",  # ASCII: generators name their packages by it
        summary=title,
        version="1",
        description=DESCRIPTION,
        servers=[SAME_SERVER, {"url": context.public_url}],
        generate_unique_id_function=operation_id,
        openapi_tags=[{"name": name, "description": text} for name, text in described.items()],
        openapi_url=f"/{context.service}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would name the host that the caller's header claims
        lifespan=lifespan,
    )
    app.state.context = context
    health.checks[f"{context.service}-keys"] = context.keys.revocations.trouble
    problems.install(app)
    add_reference_page(app, context.service)
    app.include_router(pages_router())
    for router in routers:
        app.include_router(router)
    if operations:
        app.include_router(operations_router(health))
    app.add_middleware(EdgeMiddleware, body_limits=body_limits or {})
    app.add_middleware(HeadMiddleware)
    app.add_middleware(MetricsMiddleware, service=context.service)
    return app
