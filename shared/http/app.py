"""The HTTP application of every service: its routes, and what stands around them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter, FastAPI

from shared.http import problems
from shared.http.edge import EdgeMiddleware, HeadMiddleware
from shared.http.openapi import DESCRIPTION, OPERATIONS, SAME_SERVER, Application
from shared.http.operations import operations_router
from shared.http.pages import pages_router
from shared.http.reference_page import add_reference_page
from shared.http.request_metrics import MetricsMiddleware
from shared.http.routes import Context
from shared.runtime.health import Health

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
    for router in (pages_router(), *routers, *([operations_router(health)] if operations else ())):
        # include_router would match a request anew in each router on its way down, which costs more than most answers
        app.router.routes += router.routes
    app.add_middleware(EdgeMiddleware, body_limits=body_limits or {})
    app.add_middleware(HeadMiddleware)
    app.add_middleware(MetricsMiddleware, service=context.service)
    return app
