"""The contracts as models and schemas of whole events, for documents and checks."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import create_model

from shared.events import datasets, finance, notify, tasks
from shared.events.envelope import CloudEvent, EventData, schema_id

EVENTS_OF: Mapping[str, Mapping[str, type[EventData]]] = {  # by publisher and type
    "tasks": tasks.EVENTS,
    "datasets": datasets.EVENTS,
    "finance": finance.EVENTS,
    "notify": notify.EVENTS,
}
CONTRACTS: Mapping[str, type[EventData]] = {
    event_type: contract for events in EVENTS_OF.values() for event_type, contract in events.items()
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def event_model(contract: type[EventData]) -> type[CloudEvent]:
    """The CloudEvent that carries `contract`: its type fixed, its data in the contract's shape."""
    own_type: Any = Literal[contract.event_type]
    return create_model(
        f"{contract.__name__}Event",
        __base__=CloudEvent,
        type=(own_type, ...),
        data=(contract, ...),
    )


def event_schema(contract: type[EventData]) -> dict[str, Any]:
    """JSON Schema 2020-12 of the whole event; `#data` in it is the schema of the data alone."""
    schema = event_model(contract).model_json_schema()
    schema["$defs"][contract.__name__]["$anchor"] = "data"
    return schema | {
        "$schema": DIALECT,
        "$id": schema_id(contract.event_type),
        "title": contract.event_type,
        "$comment": "Additive only: members may be added, never removed, renamed or made required.",
    }
