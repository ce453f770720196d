"""The events as JSON Schema: one file per type and version, additive only within it."""

from collections.abc import Mapping
from typing import Any

from services.register import REGISTER
from shared.events.envelope import EventData
from shared.events.schemas import event_schema

EVENTS: Mapping[str, type[EventData]] = {
    event_type: contract for service in REGISTER.values() for event_type, contract in service.events.items()
}


def event_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema 2020-12 of each whole event by its type; `#data` in it is the schema of the data alone."""
    return {event_type: event_schema(contract) for event_type, contract in EVENTS.items()}
