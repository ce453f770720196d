"""RFC 9457 problems: every refusal in one shape, Vietnamese first."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from shared import errors
from shared.http.validation import FieldError, field_errors
from shared.runtime.faults import is_duplicate, is_timeout, is_transient

logger = logging.getLogger(__name__)

STATUS: Mapping[type[errors.Refusal], int] = {
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.InvalidInput: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.StaleVersion: 412,
    errors.VersionRequired: 428,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
}
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5


class Position(BaseModel):
    """The position of a syntax error in a body; counted from 1, `offset` in characters from 0."""

    line: int | None = None
    column: int | None = None
    offset: int | None = None
    byte: int | None = None


class Problem(BaseModel):
    """`code` is stable: branch on it, show `detail` to people."""

    type: str = Field(description="/problems/<code>")
    title: str
    status: int
    code: str
    detail: str = Field(description="in Vietnamese, with the remedy")
    detail_en: str
    field: str | None = None
    errors: list[FieldError] | None = None
    position: Position | None = None


def problem_response(
    status: int, code: str, vi: str, en: str, *, field: str | None = None, **extra: Any
) -> JSONResponse:
    headers = {}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    body = {
        "type": f"/problems/{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": vi,
        "detail_en": en,
    }
    if field is not None:
        body["field"] = field
    return JSONResponse(_writable(body | extra), status, headers, media_type=MEDIA_TYPE)


def _writable(value: Any) -> Any:
    """The value without lone surrogates, which a caller's words may hold and UTF-8 cannot."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_writable(key): _writable(item) for key, item in value.items()}
    return [_writable(item) for item in value] if isinstance(value, list | tuple) else value


def refusal_response(refusal: errors.Refusal) -> JSONResponse:
    status = next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)
    response = problem_response(
        status, refusal.code, refusal.vi, refusal.en, field=refusal.field, **refusal.extra
    )
    if isinstance(refusal, errors.Unauthenticated):
        response.headers["WWW-Authenticate"] = refusal.challenge
    if isinstance(refusal, errors.TooManyRequests):
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def install(app: FastAPI) -> None:
    """Register the exception handlers; unexpected exceptions are answered by `shared.http.edge`."""
    app.add_exception_handler(errors.Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DBAPIError, _on_database)
    app.add_exception_handler(OSError, _on_database)


async def _on_refusal(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.Refusal)  # noqa: S101 - Starlette dispatches by type; its signature says Exception
    return refusal_response(error)


async def _on_validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    found = field_errors(error.errors())
    where = ", ".join(item.field for item in found)
    return problem_response(
        422,
        "request_invalid",
        f"Yêu cầu chưa đúng ở: {where}. Sửa theo từng mục trong errors rồi gửi lại.",
        f"The request is wrong at: {where}. Correct each item of errors and send it again.",
        errors=[item.model_dump(exclude_none=True) for item in found],
    )


# Refusals of the framework before any route runs, with their remedies.
FRAMEWORK = {
    400: (
        "Không đọc được nội dung: gửi JSON UTF-8 đúng cú pháp, hoặc biểu mẫu multipart đúng cách.",
        "The body cannot be read: send well-formed JSON in UTF-8, or a well-formed multipart form.",
    ),
    401: (
        "Cần khóa API còn hiệu lực: gửi tiêu đề Authorization: Bearer <khóa>.",
        "A valid API key is required: send the header Authorization: Bearer <key>.",
    ),
    404: (
        "Không có địa chỉ này: xem tài liệu API.",
        "There is no such address: see the API reference.",
    ),
}


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _other_method(request)
    phrase = HTTPStatus(error.status_code).phrase
    vi, en = FRAMEWORK.get(error.status_code, ("Yêu cầu không được nhận.", str(error.detail or phrase)))
    response = problem_response(error.status_code, framework_code(error.status_code), vi, en)
    response.headers.update(error.headers or {})
    return response


def _other_method(request: Request) -> Response:
    """Answer OPTIONS with Allow (204); refuse any other method with Allow (405)."""
    allowed = ", ".join(_allowed_methods(request))
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": allowed})
    response = problem_response(
        405,
        "method_not_allowed",
        f"Địa chỉ này không nhận phương thức đó mà nhận: {allowed}.",
        f"This address does not take that method. It takes: {allowed}.",
    )
    response.headers["Allow"] = allowed
    return response


def _allowed_methods(request: Request) -> list[str]:
    """Of every route at the address: the framework names those of one."""
    found = {"OPTIONS"}
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            found |= {"GET", "HEAD"} if method == "GET" else {method}
    return sorted(found)


def framework_code(status: int) -> str:
    """`not_found` for 404."""
    return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")


async def _on_database(request: Request, error: Exception) -> JSONResponse:
    """The database is unreachable or overloaded: nothing was written, the caller may try again.

    A read waits for no lock: one that takes too long asks for too much.
    """
    if is_timeout(error) and request.method in {"GET", "HEAD"}:
        logger.warning("statement timeout", extra={"route": request.url.path})
        return refusal_response(_question_too_large())
    if isinstance(error, DBAPIError) and is_duplicate(error):
        return refusal_response(_recorded_meanwhile())
    if not is_transient(error):
        return bug_response(error)
    logger.warning("database unavailable", extra={"cause": type(error).__name__})
    return problem_response(
        503,
        "database_unavailable",
        "Cơ sở dữ liệu tạm thời không phục vụ được. Gửi lại sau ít giây, với cùng Idempotency-Key để không ghi hai lần.",
        "The database cannot serve now. Send the request again in a few seconds, under the same Idempotency-Key so that "
        "nothing is recorded twice.",
    )


def _question_too_large() -> errors.InvalidInput:
    return errors.InvalidInput(
        "question_too_large",
        "Câu hỏi phải đọc quá nhiều dữ liệu nên đã dừng: thêm điều kiện lọc, bỏ group_by, hoặc hỏi về hôm nay (bỏ as_of và known_at). "
        "Gửi lại nguyên như cũ sẽ lại dừng.",
        "The question has to read too much and was stopped: add a filter, leave group_by out, or ask about today (without as_of "
        "and known_at). The same question would be stopped again.",
    )


def _recorded_meanwhile() -> errors.Conflict:
    return errors.Conflict(
        "recorded_meanwhile",
        "Một yêu cầu khác vừa ghi cùng nội dung này; yêu cầu này chưa ghi gì. Đọc lại rồi gửi nếu vẫn cần.",
        "Another request has just recorded the same; this one wrote nothing. Read again, then send it if still needed.",
    )


def bug_response(error: Exception) -> JSONResponse:
    logger.error("unexpected failure", exc_info=error)
    return problem_response(
        500,
        "internal_error",
        "Hệ thống gặp lỗi ngoài dự kiến; chưa có gì được ghi. Báo đơn vị vận hành kèm X-Request-Id.",
        "An unexpected failure; nothing was written. Tell the operator the X-Request-Id.",
    )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for the ways a route can refuse; `shared.http.openapi` adds the schema they refer to."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }
