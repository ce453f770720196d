"""The documents made from the code are whole, true to their formats, and the same each time."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from prometheus_client import CONTENT_TYPE_LATEST

from services.datasets.schemas.databases import DatabaseIn
from services.datasets.schemas.declarations import DeclarationIn
from services.datasets.schemas.heartbeats import HeartbeatIn
from services.datasets.schemas.maintenance import MaintenanceIn
from services.datasets.schemas.quality import QualityIn
from services.finance.schemas.claims import ClaimIn
from services.finance.schemas.decisions import DecisionIn, ReversalIn
from services.finance.schemas.statements import StatementIn
from services.notify.schemas import NewSubscription
from services.reference import PROJECT, documents, stale, write
from services.reference.asyncapi import LOGS, asyncapi
from services.reference.events import EVENTS
from services.reference.openapi import openapi
from services.reference.pages import metrics
from services.reference.refusals import collect
from services.register import SERVICES
from services.tasks.schemas.deadlines import ReadingIn
from services.tasks.schemas.submissions import SubmissionIn
from services.tasks.schemas.tasks import TaskIn
from shared.events.envelope import CloudEvent, topic_of
from shared.log.bus.binary_mode import write_headers

HERE = Path(__file__).parent
# The official schema of AsyncAPI 3.0.0 (@asyncapi/specs 6.11.1, Apache-2.0), so that no network is needed.
ASYNCAPI = json.loads((HERE.parent / "data" / "asyncapi-3.0.0.json").read_text(encoding="utf-8"))
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return documents()


@pytest.fixture(scope="module")
def apis() -> dict[str, Any]:
    return {service: openapi(service) for service in SERVICES}


def test_stale_documents_are_named(tmp_path: Path) -> None:
    write(tmp_path)
    assert list(stale(tmp_path)) == []
    (tmp_path / "docs" / "cli.md").unlink()
    (tmp_path / "docs" / "metrics.md").write_text("old", encoding="utf-8")
    (tmp_path / "docs" / "schemas" / "vn.dondoc.gone.v1.json").write_text("{}", encoding="utf-8")
    assert list(stale(tmp_path)) == [
        "docs/cli.md: missing",
        "docs/metrics.md: stale",
        "docs/schemas/vn.dondoc.gone.v1.json: made from nothing any more",
    ]
    write(tmp_path)
    assert list(stale(tmp_path)) == []


def test_the_same_code_gives_the_same_bytes(made: dict[str, str]) -> None:
    script = (
        "import hashlib, json; from services.reference import documents; "
        "print(hashlib.sha256(json.dumps(documents()).encode()).hexdigest())"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "COLUMNS": "40", "DONDOC_PORT": "9", "LC_ALL": "C"}
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == hashlib.sha256(json.dumps(made).encode()).hexdigest()


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for item in node.values():
            yield from references(item)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def resolve(document: Any, reference: str) -> Any:
    assert reference.startswith("#/"), reference
    for step in reference[2:].split("/"):
        document = document[step]
    return document


@pytest.mark.parametrize(
    "path", ["docs/asyncapi.json", *(f"docs/openapi/{service}.json" for service in SERVICES)]
)
def test_every_reference_leads_somewhere(made: dict[str, str], path: str) -> None:
    document = json.loads(made[path])
    found = set(references(document))
    assert found
    for reference in found:
        assert resolve(document, reference)


# --- OpenAPI ---------------------------------------------------------------------------------------------------------


CHANGE_NOTHING = {"read_deadline_text", "check_published"}  # POSTs, for what they ask about is a body


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            yield path, method, item[method]


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_is_described(apis: dict[str, Any], service: str) -> None:
    document = apis[service]
    known = {tag["name"] for tag in document["tags"]}
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations(document):
        assert operation["summary"], path
        assert set(operation["tags"]) <= known, path
        if not path.startswith(f"/{service}/v1/"):
            continue
        assert operation["security"][0]["api_key"], path
        assert {"401", "403", "422", "503"} <= operation["responses"].keys(), path
        named = {parameter["name"] for parameter in operation.get("parameters", ())}
        changes = method != "get" and operation["operationId"] not in CHANGE_NOTHING
        assert ("Idempotency-Key" in named) == changes, path
        assert ("If-Match" in named) == ("428" in operation["responses"]), path


def whole(document: Any) -> Iterator[tuple[str, Any]]:
    """Each operation by where it stands, webhooks too."""
    for path, method, operation in operations(document):
        yield f"{method} {path}", operation
    for name, item in document.get("webhooks", {}).items():
        yield name, item["post"]


def in_vietnamese(text: str) -> bool:
    return re.search("[À-ỹĐđ]", text) is not None


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_speaks_both_languages(apis: dict[str, Any], service: str) -> None:
    for where, operation in whole(apis[service]):
        for text, separator in ((operation["summary"], " / "), (operation["description"], "\n\n")):
            vietnamese, _, english = text.partition(separator)
            assert in_vietnamese(vietnamese), (where, text)
            assert english, (where, text)
            assert not in_vietnamese(english), (where, text)


@pytest.mark.parametrize("service", SERVICES)
def test_generators_can_name_what_they_make(apis: dict[str, Any], service: str) -> None:
    document = apis[service]
    assert document["info"]["title"] == f"Dondoc {service}"
    assert [server["url"] for server in document["servers"]] == ["/", "http://127.0.0.1:8000"]
    for _, _, operation in operations(document):
        assert re.fullmatch("[a-z]+(_[a-z]+){0,4}", operation["operationId"])
    for node in nodes(document["components"]["schemas"]):
        assert str(node.get("title", "")).isascii()
        assert (node.get("contentMediaType") == "application/octet-stream") == (
            node.get("format") == "binary"
        )
    assert all(name.isascii() and name.isidentifier() for name in document["components"]["schemas"])


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for name, inner in node.items():
            yield from nodes(inner) if name != "examples" else ()
    elif isinstance(node, list):
        for inner in node:
            yield from nodes(inner)


@pytest.mark.parametrize("service", SERVICES)
def test_limits_of_the_edge_and_the_gateway_are_documented(apis: dict[str, Any], service: str) -> None:
    """That they are sent where they are documented is held by tests/support/conformance.py, in every test of a route."""
    for path, method, operation in operations(apis[service]):
        if not path.startswith(f"/{service}/v1/"):
            continue
        responses = operation["responses"]
        assert {"400", "429", "500"} <= responses.keys(), path
        assert ("413" in responses) == (method != "get"), path
        for status in ("429", "503"):
            assert "Retry-After" in responses[status]["headers"]
        [success] = [responses[status] for status in responses if status.startswith("2")]
        named = {parameter["name"] for parameter in operation.get("parameters", ())}
        assert ("Idempotency-Replayed" in success["headers"]) == ("Idempotency-Key" in named), path
        assert ("Link" in success["headers"]) == bool(named & {"cursor", "after"}), path


def test_what_has_a_version_or_a_place_says_so(apis: dict[str, Any]) -> None:
    found = {
        name: {
            operation["operationId"]
            for service in SERVICES
            for _, _, operation in operations(apis[service])
            for response in operation["responses"].values()
            if name in response.get("headers", {})
        }
        for name in ("ETag", "Location")
    }
    assert {"create_task", "get_task", "amend_task", "get_history", "change_subscription"} <= found["ETag"]
    assert {"create_task", "register_database", "post_decision", "create_subscription"} <= found["Location"]
    for service in SERVICES:  # what asks for a version gives one
        for path, _, operation in operations(apis[service]):
            if "428" in operation["responses"]:
                assert operation["operationId"] in found["ETag"], path


def test_metrics_are_documented_as_they_are_sent(apis: dict[str, Any]) -> None:
    operation = apis["tasks"]["paths"]["/metrics"]["get"]
    [kind] = operation["responses"]["200"]["content"]
    assert kind == CONTENT_TYPE_LATEST
    assert operation["security"] == [{"password": []}, {"api_key": []}]


@pytest.mark.parametrize("service", SERVICES)
def test_refusals_are_problems(apis: dict[str, Any], service: str) -> None:
    for path, _, operation in operations(apis[service]):
        for status, response in operation["responses"].items():
            if status.startswith("4"):
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, path


@pytest.mark.parametrize("service", SERVICES)
def test_examples_fit_their_schemas(apis: dict[str, Any], service: str) -> None:
    document = apis[service]
    schemas = document["components"]["schemas"]
    assert any("examples" in schema for schema in schemas.values())
    for name, schema in schemas.items():
        for example in schema.get("examples", ()):
            whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
            jsonschema.Draft202012Validator(whole).validate(example)


@pytest.mark.parametrize(
    "model",
    [
        TaskIn, ReadingIn, SubmissionIn, NewSubscription, DatabaseIn, DeclarationIn, QualityIn, HeartbeatIn, MaintenanceIn,
        DecisionIn, ReversalIn, ClaimIn, StatementIn,
    ],
    ids=lambda model: model.__name__,
)  # fmt: skip
def test_what_newcomers_send_first_has_an_example(model: Any) -> None:
    [example] = model.model_json_schema()["examples"]
    assert model.model_validate(example).model_fields_set


def test_every_webhook_is_in_the_document_of_notify(apis: dict[str, Any]) -> None:
    told = {item["post"]["operationId"] for item in apis["notify"]["webhooks"].values()}
    assert told == {event_type for event_type in EVENTS if event_type.startswith("vn.dondoc.notify.")}


# --- AsyncAPI --------------------------------------------------------------------------------------------------------


def test_asyncapi_fits_the_official_schema() -> None:
    validator = jsonschema.Draft7Validator(ASYNCAPI)
    document = asyncapi()
    assert [fault.message for fault in validator.iter_errors(document)] == []
    assert list(validator.iter_errors(document | {"channels": {"tasks": {"adress": "dondoc.tasks"}}}))


def test_every_event_is_a_message_of_its_channel_and_a_golden_sample_fits_it() -> None:
    document = asyncapi()
    for service, contracts in LOGS.items():
        channel = document["channels"][service]
        assert set(channel["messages"]) == {contract.__name__ for contract in contracts.values()}
        for event_type, contract in contracts.items():
            assert channel["address"] == topic_of(event_type)
            message = document["components"]["messages"][contract.__name__]
            event = CloudEvent.model_validate_json(
                (HERE / "golden" / f"{event_type}.json").read_text("utf-8")
            )
            headers = {name: value.decode() for name, value in write_headers(event)}
            jsonschema.Draft7Validator(message["headers"]).validate(headers)
            assert set(headers) == set(message["headers"]["required"])
            payload = {"$ref": message["payload"]["$ref"], "components": document["components"]}
            jsonschema.Draft7Validator(payload).validate(event.data)


# --- pages -----------------------------------------------------------------------------------------------------------


def test_every_code_is_listed_or_said_to_be_unreadable() -> None:
    entries, unread = collect(PROJECT)
    by_code = {entry.code: entry for entry in entries}
    assert by_code["version_stale"].status == "412"
    assert by_code["body_too_large"].status == "413"
    assert by_code["row_repeated"].vi.startswith("Trùng với dòng {…}")
    assert all(entry.vi and entry.en for entry in entries)
    assert len(unread) < len(entries) / 10


def test_metrics_of_every_service_are_listed_with_their_labels() -> None:
    found = metrics()
    assert found["dondoc_http_requests_total"][:2] == ("counter", ("service", "method", "route", "status"))
    assert {"dondoc_tasks", "dondoc_reminders", "dondoc_deliveries"} <= found.keys()
    assert all(text for _, _, text in found.values())


def test_no_secret_and_no_place_of_this_machine_is_written(made: dict[str, str]) -> None:
    whole = "".join(made.values())
    assert str(PROJECT) not in whole
    assert "A" * 43 not in whole
