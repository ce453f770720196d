"""What a service's OpenAPI document says beyond what FastAPI reads from the routes."""

from typing import Any

from fastapi import FastAPI

from shared.idempotency import MAX_KEY_LENGTH
from shared.problems import Problem

DESCRIPTION = """\
Mọi lời gọi gửi `Authorization: Bearer <khóa>`. Từ chối nào cũng là một problem (RFC 9457) có `code` ổn định.

Every call sends `Authorization: Bearer <key>`. Every refusal is a problem (RFC 9457) with a stable `code`; a list has
a `next_cursor`, also as `Link: rel="next"`; a change may carry an `Idempotency-Key`, so that it can be sent again."""
OPERATIONS = "Tình trạng và số đo của tiến trình. / Health and figures of the process."
METHODS = ("get", "post", "put", "patch", "delete")
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "the same key and body get the first answer again; nothing is done twice",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "ETag of the last read, quotes included",
    "schema": {"type": "string", "examples": ['"3"']},
}


class Application(FastAPI):
    """Documents what every route does by way of the edge: problems, Idempotency-Key, If-Match."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _completed(super().openapi())
        return self.openapi_schema


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= problem.pop("$defs") | {"Problem": problem}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                _complete(path, method, item[method])
    return document


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    if "tags" not in operation:
        operation["tags"] = [path.split("/")[3]]  # /notify/v1/alerts/{alert_id}: alerts
    headers = [IDEMPOTENCY_KEY] if method != "get" else []
    if "428" in operation["responses"]:
        headers = [IF_MATCH, *headers]
    if headers:
        operation["parameters"] = [*operation.get("parameters", ()), *headers]
