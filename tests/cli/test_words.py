"""What the command asks for is called as HTTP calls it, and takes the same values."""

from typing import Any

import pytest
from typer.main import get_command

from services.cli.app import app
from services.reference.openapi import openapi

OF_THE_COMMAND = {
    "url",
    "key_file",
    "as_json",
    "report",
    "help",
}  # how the suite is reached, how the answer is shown
REPEATED = {"alias": "aliases", "answer": "answers"}  # options that are given once for each


def parameters(*names: str) -> dict[str, Any]:
    """A command's own parameters by their name as HTTP writes it; those of a flag say nothing of values."""
    command: Any = get_command(app)
    for name in names:
        command = command.commands[name]
    found = {}
    for parameter in command.params:
        if parameter.name not in OF_THE_COMMAND:
            told = parameter.opts[0] if parameter.opts[0].startswith("--") else str(parameter.name)
            name = told.removeprefix("--").replace("-", "_")
            found[REPEATED.get(name, name)] = parameter
    return found


def members(service: str, path: str) -> dict[str, Any]:
    document = openapi(service)
    [content] = document["paths"][path]["post"]["requestBody"]["content"].values()
    schemas = document["components"]["schemas"]
    found: dict[str, Any] = schemas[content["schema"]["$ref"].rpartition("/")[2]]["properties"]
    return {
        name: next((each for each in shape.get("anyOf", [shape]) if each.get("type") != "null"), shape)
        for name, shape in found.items()
    } | {"": schemas}


def values(shape: dict[str, Any], schemas: dict[str, Any]) -> list[str] | None:
    named = schemas[shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape
    return named.get("enum")


@pytest.mark.parametrize(
    ("command", "service"), [("tasks", "tasks"), ("databases", "datasets"), ("budget", "finance")]
)
def test_an_import_is_asked_for_in_the_words_of_its_form(command: str, service: str) -> None:
    fields = members(service, f"/{service}/v1/imports")
    schemas = fields.pop("")
    asked = parameters("import", command)
    assert asked.keys() == fields.keys()
    for name, parameter in asked.items():
        allowed = values(fields[name], schemas)
        if allowed is not None:
            assert sorted(parameter.type_descriptor.choices) == sorted(allowed), name


def test_a_subscription_is_asked_for_in_the_words_of_its_members() -> None:
    fields = members("notify", "/notify/v1/subscriptions")
    asked = parameters("listen")
    assert "include_descendants" in asked.keys() & fields.keys()
    alerts = openapi("notify")["paths"]["/notify/v1/alerts"]["get"]["parameters"]
    assert "agency" in asked.keys() & {each["name"] for each in alerts}  # whose alerts, as the list asks


@pytest.mark.parametrize(
    ("command", "path"), [("agencies", "/tasks/v1/agencies"), ("groups", "/tasks/v1/groups")]
)
def test_what_the_catalogue_records_is_asked_for_in_the_words_of_its_members(command: str, path: str) -> None:
    """An option that may be repeated is called as one of what HTTP lists; a group's members share their days."""
    asked = parameters(command, "add").keys() - {"valid_from"}
    plural = {"alias": "aliases", "member": "members"}
    assert {plural.get(name, name) for name in asked} <= members("tasks", path).keys()
