"""The operators' routes of a process: health, readiness, metrics."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from shared.errors import Forbidden, Unauthenticated
from shared.http import problems
from shared.http.openapi import operation_id
from shared.http.routes import get_context, identify
from shared.runtime.health import Health
from shared.runtime.metrics import registry

METRICS = "metrics.read"
_basic = HTTPBasic(
    auto_error=False, description="metrics only: the API key as password", scheme_name="password"
)


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


METRICS_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}}
}


class Readiness(BaseModel):
    status: Literal["ready", "unavailable"]
    troubles: dict[str, str] = Field(default={}, description="what is wrong, by check or loop")


def operations_router(health: Health) -> APIRouter:
    router = APIRouter(tags=["operations"], generate_unique_id_function=operation_id)

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
