"""RFC 9457 problems: every refusal in one shape, Vietnamese first."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from shared import errors
from shared.faults import is_duplicate, is_of_the_road

logger = logging.getLogger(__name__)

STATUS: Mapping[type[errors.Refusal], int] = {
    errors.TooLarge: 413,
    errors.InvalidInput: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.StaleVersion: 412,
    errors.VersionRequired: 428,
    errors.Unavailable: 503,
}
MEDIA_TYPE = "application/problem+json"
MAX_FIELD_ERRORS = 20
RETRY_AFTER_SECONDS = 5


class FieldError(BaseModel):
    field: str = Field(description="dotted path, e.g. assignments.0.agency_code")
    code: str
    detail: str = Field(description="in Vietnamese")
    detail_en: str


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


# What Pydantic says, for a reader of Vietnamese; {…} are the error's own figures.
_VALIDATION_VI = {
    "missing": "Thiếu trường bắt buộc.",
    "extra_forbidden": "Trường không được biết đến: kiểm tra tên trường.",
    "json_invalid": "Nội dung không phải JSON đúng cú pháp.",
    "string_too_long": "Dài quá {max_length} ký tự.",
    "string_too_short": "Ngắn hơn {min_length} ký tự.",
    "string_pattern_mismatch": "Không đúng mẫu {pattern}.",
    "enum": "Giá trị phải là một trong: {expected}.",
    "literal_error": "Giá trị phải là một trong: {expected}.",
    "string_type": "Phải là văn bản.",
    "control_character": "Văn bản chứa ký tự điều khiển {character}: hãy bỏ ký tự đó.",
    "no_number": "Số văn bản phải có chữ cái hoặc chữ số.",
    "string_unicode": "Văn bản không đúng mã Unicode.",
    "int_type": "Phải là số nguyên, không đặt trong ngoặc kép.",
    "int_from_float": "Phải là số nguyên, không có phần lẻ.",
    "int_parsing": "Phải là số nguyên.",
    "int_parsing_size": "Số quá lớn.",
    "decimal_type": "Phải là một số.",
    "decimal_parsing": "Phải là một số, có dấu chấm thập phân.",
    "decimal_max_digits": "Quá {max_digits} chữ số.",
    "decimal_whole_digits": "Quá {whole_digits} chữ số trước dấu thập phân.",
    "decimal_max_places": "Quá {decimal_places} chữ số sau dấu thập phân.",
    "finite_number": "Phải là một số hữu hạn.",
    "bool_type": "Phải là true hoặc false.",
    "bool_parsing": "Phải là true hoặc false.",
    "date_type": "Ngày phải theo dạng YYYY-MM-DD.",
    "date_from_datetime_parsing": "Ngày phải theo dạng YYYY-MM-DD.",
    "date_from_datetime_inexact": "Ngày phải theo dạng YYYY-MM-DD, không có giờ.",
    "date_parsing": "Ngày phải theo dạng YYYY-MM-DD.",
    "timezone_aware": "Thời điểm phải có múi giờ, ví dụ +07:00.",
    "datetime_type": "Thời điểm phải theo dạng ISO 8601.",
    "datetime_object_invalid": "Thời điểm phải theo dạng ISO 8601.",
    "datetime_from_date_parsing": "Thời điểm phải theo dạng ISO 8601.",
    "datetime_parsing": "Thời điểm phải theo dạng ISO 8601.",
    "uuid_parsing": "Mã phải là một UUID.",
    "tuple_type": "Phải là một danh sách.",
    "model_type": "Phải là một đối tượng JSON.",
    "model_attributes_type": "Phải là một đối tượng JSON.",
    "too_long": "Quá {max_length} phần tử.",
    "too_short": "Ít hơn {min_length} phần tử.",
    "greater_than": "Phải lớn hơn {gt}.",
    "greater_than_equal": "Phải từ {ge} trở lên.",
    "less_than_equal": "Phải từ {le} trở xuống.",
}


def problem_response(
    status: int, code: str, vi: str, en: str, *, field: str | None = None, **extra: Any
) -> JSONResponse:
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
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
    return problem_response(
        status, refusal.code, refusal.vi, refusal.en, field=refusal.field, **refusal.extra
    )


def install(app: FastAPI) -> None:
    """Give the app one answer for each way of failing; what no one foresaw is answered by `shared.edge`."""
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
    found = [_field_error(item) for item in error.errors()[:MAX_FIELD_ERRORS]]
    where = ", ".join(item.field for item in found)
    return problem_response(
        422,
        "request_invalid",
        f"Yêu cầu chưa đúng ở: {where}. Sửa theo từng mục trong errors rồi gửi lại.",
        f"The request is wrong at: {where}. Correct each item of errors and send it again.",
        errors=[item.model_dump() for item in found],
    )


def _field_error(item: Mapping[str, Any]) -> FieldError:
    template = _VALIDATION_VI.get(item["type"], "Giá trị chưa đúng ({type}).")
    context = item.get("ctx") or {}
    words = {name: str(value).replace("' or '", "' hoặc '") for name, value in context.items()}
    return FieldError(
        field=_path(item["loc"]),
        code=item["type"],
        detail=template.format(**words, type=item["type"]),
        detail_en=item["msg"],
    )


def _path(loc: Sequence[str | int]) -> str:
    parts = loc[1:] if len(loc) > 1 and loc[0] in {"body", "query", "path", "header"} else loc
    return ".".join(str(part) for part in parts)


# What the framework refuses before any route is asked, with its remedy.
_HTTP = {
    400: (
        "Không đọc được nội dung: gửi JSON UTF-8 đúng cú pháp, hoặc biểu mẫu multipart đúng cách.",
        "The body cannot be read: send well-formed JSON in UTF-8, or a well-formed multipart form.",
    ),
    404: (
        "Không có địa chỉ này: xem tài liệu API.",
        "There is no such address: see the API reference.",
    ),
    405: (
        "Địa chỉ này không nhận phương thức đó: xem tài liệu API.",
        "This address does not take that method: see the API reference.",
    ),
}


async def _on_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    phrase = HTTPStatus(error.status_code).phrase
    vi, en = _HTTP.get(error.status_code, ("Yêu cầu không được nhận.", str(error.detail or phrase)))
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    response = problem_response(error.status_code, code, vi, en)
    response.headers.update(error.headers or {})
    return response


async def _on_database(_: Request, error: Exception) -> JSONResponse:
    """The database is away or overloaded: nothing was written, the caller may try again."""
    if isinstance(error, DBAPIError) and is_duplicate(error):
        return refusal_response(_recorded_meanwhile())
    if not is_of_the_road(error):
        return bug_response(error)
    logger.warning("database unavailable", extra={"cause": type(error).__name__})
    return problem_response(
        503,
        "database_unavailable",
        "Cơ sở dữ liệu tạm thời không phục vụ được. Gửi lại sau ít giây, với cùng Idempotency-Key để không ghi hai lần.",
        "The database cannot serve now. Send the request again in a few seconds, under the same Idempotency-Key so that "
        "nothing is recorded twice.",
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
    """OpenAPI responses for the ways a route can refuse; `shared.openapi` adds the schema they refer to."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }
