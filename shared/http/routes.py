"""The routes of every service: the caller behind the key, what he may see, and the transaction that a change commits in."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from inspect import isasyncgenfunction, iscoroutinefunction, isfunction
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Header, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import TooManyRequests
from shared.http import idempotency, problems
from shared.http.auth import Caller, KeyVerifier, Roles, unauthenticated
from shared.http.openapi import operation_id
from shared.http.parameters import Takes, below
from shared.http.preconditions import conditional
from shared.http.visibility import Visibility
from shared.runtime import logs
from shared.runtime.audit import Actor
from shared.runtime.clock import Clock
from shared.runtime.database import Change, Database, LateChange
from shared.runtime.pool_queue import requested_by
from shared.runtime.rate_limits import RateLimit
from shared.runtime.settings import CHANGES_PER_DAY, LOCAL_URL


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
    changes_per_day: int = CHANGES_PER_DAY  # of a bound key; 0: no limit

    @cached_property
    def keys(self) -> KeyVerifier:
        return KeyVerifier(self.secrets, self.roles, self.database, self.clock)

    @cached_property
    def changes(self) -> RateLimit:
        return RateLimit(self.changes_per_day, timedelta(days=1), _too_many_changes)


_BYTES_OF_A_CHANGE = (
    16_384  # of its body; a larger one counts as so many, since what is kept for ever is bytes
)


def _too_many_changes(number: int, seconds: int) -> TooManyRequests:
    return TooManyRequests(
        "too_many_changes",
        f"Khóa của một cơ quan gửi được nhiều nhất {number} thay đổi một ngày cho mỗi dịch vụ: gửi lại sau {seconds} giây, "
        "hoặc đề nghị đơn vị vận hành tăng DONDOC_CHANGES_PER_DAY.",
        f"An agency's key sends at most {number} changes in a day to each service: send it again in {seconds} seconds, or ask "
        "the operator to raise DONDOC_CHANGES_PER_DAY.",
        retry_after=seconds,
        limit=number,
    )


# --- dependencies -------------------------------------------------------------------------------------------------

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


def get_context(request: Request) -> Context:
    context = request.app.state.context
    assert isinstance(context, Context)  # noqa: S101 - app.state is untyped
    return context


Rules = TypeVar("Rules")


def rules_of(kind: type[Rules]) -> Callable[[Request], Awaitable[Rules]]:
    """Dependency: the settings of the service's rules."""

    async def rules(request: Request) -> Rules:
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
    """The visibility that a route declares. Raises TypeError unless it does so once."""
    declared = {each.call.visibility for each in below(route.dependant) if isinstance(each.call, Grant)}
    if len(declared) != 1:
        raise TypeError(f"{route.path}: say by one `with_scope` who may see what it answers, not {declared}")
    return declared.pop()


async def current_actor(request: Request) -> Actor:
    caller: Caller = request.state.caller
    return Actor(f"{caller.name} ({caller.prefix})", logs.request_id.get())


async def current_change(request: Request, _: IdempotencyKey = None) -> Change:
    change = request.state.change
    assert isinstance(change, Change)  # noqa: S101 - request.state is untyped
    return change


async def current_late_change(request: Request, _: IdempotencyKey = None) -> LateChange:
    change = request.state.change
    assert isinstance(change, LateChange)  # noqa: S101 - request.state is untyped
    return change


async def limited_apart() -> None:
    """Dependency of a change that has a rate limit of its own: it counts among its key's only with an Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class DeferredChange:
    """A write transaction that the route opens where it needs one; with an `Idempotency-Key` it is open from the start."""

    request: Request

    @property
    def is_open(self) -> bool:
        return hasattr(self.request.state, "change")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Change]:
        if self.is_open:
            yield self.request.state.change
            return
        context = get_context(self.request)
        async with context.database.change(context.clock) as change:
            yield change


async def current_deferred_change(request: Request, _: IdempotencyKey = None) -> DeferredChange:
    return DeferredChange(request)


async def current_context(request: Request) -> Context:
    return get_context(request)


async def current_claim(request: Request, _: IdempotencyKey = None) -> idempotency.Claim | None:
    claim = request.state.claim
    assert claim is None or isinstance(claim, idempotency.Claim)  # noqa: S101 - request.state is untyped
    return claim


async def read_connection(request: Request) -> AsyncIterator[AsyncConnection]:
    async with get_context(request).database.reading() as connection:
        yield connection


CurrentChange = Annotated[Change, Depends(current_change)]
CurrentLateChange = Annotated[LateChange, Depends(current_late_change)]
CurrentDeferredChange = Annotated[DeferredChange, Depends(current_deferred_change)]
# Of a route whose change is committed with others' (`runtime.group_commit`), the claim of its key too.
CurrentClaim = Annotated[idempotency.Claim | None, Depends(current_claim)]
ReadConnection = Annotated[AsyncConnection, Depends(read_connection, scope="function")]
CurrentActor = Annotated[Actor, Depends(current_actor)]
CurrentContext = Annotated[Context, Depends(current_context)]


async def admit(request: Request, takes: Takes) -> Caller:
    """The caller, with all scopes of the route; refuses parameters that it does not take."""
    caller = await identify(request)
    requested_by.set(caller.prefix if caller.tenant is not None else "")
    for scope in takes.scopes:
        caller.require(scope)
    await takes.check(request)
    return caller


# --- the route ------------------------------------------------------------------------------------------------------


class ServiceRoute(APIRoute):
    """A route whose change is committed before its answer leaves, together with its Idempotency-Key.

    The edge owns the transaction: rows, audit entry, event and the stored answer commit together or not at all. A route
    without CurrentChange (or a late or deferred one) writes nothing, whatever its method, and opens none; with CurrentClaim it
    hands its change, the key and the answer to a group commit.
    """

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # same shape
        answer = super().get_route_handler()
        takes = Takes.of(self)
        calls = [each.call for each in below(self.dependant)]
        is_late, is_deferred = current_late_change in calls, current_deferred_change in calls
        is_grouped, is_limited = current_claim in calls, limited_apart not in calls

        async def read(request: Request) -> Response:
            # before any dependency takes a connection: a request that holds one and waits for another can deadlock
            await admit(request, takes)
            return conditional(request, await answer(request))

        async def change(request: Request) -> Response:
            context = get_context(request)
            caller = await admit(request, takes)
            body = await request.body()
            key = request.headers.get("idempotency-key")
            if caller.tenant is not None and (is_limited or key is not None):  # its answer is kept
                context.changes.take(caller.prefix, 1 + len(body) // _BYTES_OF_A_CHANGE)
            claim = (
                None if key is None else idempotency.Claim.of(caller.prefix, key, request=request, body=body)
            )
            if is_grouped:
                request.state.claim = claim
            if is_grouped or (is_deferred and claim is None):
                return await answer(request)
            open_change = context.database.late_change if is_late else context.database.change
            async with open_change(context.clock) as opened:
                request.state.change = opened
                if claim is None:
                    return await answer(request)
                session, at = opened.session, context.clock.now()
                if (replay := await idempotency.claim(session, claim, at=at)) is not None:
                    return replay
                response = await answer(request)
                await idempotency.remember(session, claim, request=request, response=response, at=at)
                return response

        _require_no_thread(self, calls)
        changes = current_change in calls or is_late or is_deferred or is_grouped
        if changes:
            _require_one_connection(self, calls)
        visibility_of(self)
        return change if changes else read


def _require_no_thread(route: APIRoute, calls: Sequence[Callable[..., Any] | None]) -> None:
    """Raises TypeError for what FastAPI would run in a thread, which costs more than most dependencies do."""
    for call in calls:
        asynchronous = call if isfunction(call) else type(call).__call__
        if not (iscoroutinefunction(asynchronous) or isasyncgenfunction(asynchronous)):
            raise TypeError(f"{route.path}: {call} must be `async def`")


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
        prefix=f"/{service}/v1",
        route_class=ServiceRoute,
        generate_unique_id_function=operation_id,
        responses=problems.documented(401, 403, 422, 503),
    )
