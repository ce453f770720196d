"""Additions to the OpenAPI document that FastAPI makes from a service's routes."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from shared.http.idempotency import REPLAYED
from shared.http.problems import MEDIA_TYPE, Problem, documented

DESCRIPTION = """\
Mọi lời gọi gửi `Authorization: Bearer <khóa>`. Từ chối nào cũng là một problem (RFC 9457) có `code` ổn định; danh sách
có `next_cursor`, cũng là `Link: rel="next"`; mỗi thay đổi có thể mang `Idempotency-Key` để gửi lại mà không ghi hai lần.
Yêu cầu không ghi gì (kể cả POST) không cần khóa đó: có gửi cũng không có tác dụng.

Every call sends `Authorization: Bearer <key>`. Every refusal is a problem (RFC 9457) with a stable `code`; a list has
a `next_cursor`, also as `Link: rel="next"`; a change may carry an `Idempotency-Key`, so that it can be sent again. What
changes nothing, also a POST, needs none: there it has no effect."""
OPERATIONS = "Tình trạng và số đo của tiến trình. / Health and figures of the process."
# first, so that the API page calls the host that served it
SAME_SERVER = {"url": "/", "description": "the host that this document comes from"}
METHODS = ("get", "post", "put", "patch", "delete")
PAGED_BY = frozenset({"cursor", "after"})  # the parameter of an operation that answers page by page
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "ETag of the last read, quotes included; several, or * for any",
    "schema": {"type": "string", "examples": ['"3"']},
}

IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETags of answers that are kept: 304 where one of them still is the answer",
    "schema": {"type": "string"},
}


def _header(description: str, example: str, *, always: bool) -> dict[str, Any]:
    schema = {"type": "string", "examples": [example]}
    return {"description": description, "required": always, "schema": schema}


HEADERS = {
    "ETag": _header(
        "version of the record, for If-Match, unless as_of or known_at was given; of a read also what it answered, for "
        "If-None-Match",
        '"3"',
        always=True,
    ),
    "Location": _header("path of what was made", "/tasks/v1/tasks/…", always=True),
    "Link": _header(
        'the next page, as rel="next"; none after the last', '</…?cursor=…>; rel="next"', always=False
    ),
    "Retry-After": _header("seconds to wait before the next try", "5", always=True),
    REPLAYED: _header("true: this is the first answer to that Idempotency-Key, again", "true", always=False),
    "X-Request-Id": _header("names this request in the logs: tell it to the operator", "4f0c…", always=True),
}


def sent(status: int, *headers: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses of a route that always sends these headers with its answer."""
    return {status: {"headers": _referred(headers)}}


def _referred(names: Any) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def operation_id(route: APIRoute) -> str:
    """The route's own name: short, and unique within a service."""
    return route.name


class Application(FastAPI):
    """Documents what every route does by way of the edge and the gateway: problems, limits, headers."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _completed(super().openapi())
        return self.openapi_schema


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components = document.setdefault("components", {})
    components["headers"] = HEADERS
    schemas = components.setdefault("schemas", {})
    schemas |= problem.pop("$defs") | {"Problem": problem}
    for schema in _schemas(schemas):
        if (
            schema.get("contentMediaType") == "application/octet-stream"
        ):  # generators recognise a file by its format
            schema["format"] = "binary"
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                _complete(path, method, item[method])
    for item in document.get("webhooks", {}).values():
        _describe(item["post"])
    return document


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _schemas(inner)


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    _describe(operation)
    if path.count("/") > 1:  # /healthz and the like are called without gateway and key
        _complete_call(path, method, operation)
    for status, response in operation["responses"].items():
        names = ["X-Request-Id"]
        if status in {"429", "503"} and MEDIA_TYPE in response["content"]:
            names.append("Retry-After")
        response["headers"] = response.get("headers", {}) | _referred(names)


def _describe(operation: dict[str, Any]) -> None:
    """The first line of a route's docstring, “Vietnamese. / English.”, is its summary, the rest its description."""
    summary, _, rest = operation.get("description", operation["summary"]).partition("\n\n")
    operation["summary"] = summary
    operation["description"] = rest or summary.replace(". / ", ".\n\n")


def _complete_call(path: str, method: str, operation: dict[str, Any]) -> None:
    if "tags" not in operation:
        operation["tags"] = [path.split("/")[3]]  # /notify/v1/alerts/{alert_id}: alerts
    reads = method == "get"
    further = [400, 429, 500] if reads else [400, 412, 413, 429, 500]
    further += [415] if "requestBody" in operation else []
    further += [410] if path.endswith("/changes") else []
    responses = operation["responses"]
    conditional = reads and "ETag" in responses["200"].get("headers", {})
    if conditional:
        further.append(412)
        responses["304"] = {"description": "as If-None-Match has it", "headers": _referred(["ETag"])}
    for status, response in documented(*further).items():
        responses.setdefault(str(status), response)
    operation["responses"] = responses = dict(sorted(responses.items()))
    parameters = operation.get("parameters", [])
    named = {each["name"] for each in parameters}
    for status, response in responses.items():
        if int(status) < HTTPStatus.BAD_REQUEST:
            names = [REPLAYED] if "Idempotency-Key" in named else []
            names += ["Link"] if PAGED_BY & named else []
            response["headers"] = response.get("headers", {}) | _referred(names)
    headers = [IF_MATCH] if "428" in responses else []
    headers += [IF_NONE_MATCH] if conditional else []
    if headers:
        operation["parameters"] = [*parameters, *headers]
