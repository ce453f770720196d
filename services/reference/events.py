"""The events as JSON Schema: one file per type and version, additive only within it."""

from collections.abc import Mapping
from typing import Any

from services.register import REGISTER
from shared.events.envelope import EventData, schema_id
from shared.events.schemas import event_model

EVENTS: Mapping[str, type[EventData]] = {
    event_type: contract for service in REGISTER.values() for event_type, contract in service.events.items()
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def event_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema 2020-12 of each whole event by its type; `#data` in it is the schema of the data alone."""
    return {event_type: _schema(contract) for event_type, contract in EVENTS.items()}


def _schema(contract: type[EventData]) -> dict[str, Any]:
    schema = event_model(contract).model_json_schema()
    schema["$defs"][contract.__name__]["$anchor"] = "data"
    return schema | {
        "$schema": DIALECT,
        "$id": schema_id(contract.event_type),
        "title": contract.event_type,
        "$comment": "Additive only: members may be added, never removed, renamed or made required.",
    }
