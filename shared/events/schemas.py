"""The contracts as models of whole events, for documents and checks."""

from typing import Any, Literal

from pydantic import create_model

from shared.events.envelope import CloudEvent, EventData


def event_model(contract: type[EventData]) -> type[CloudEvent]:
    """The CloudEvent that carries `contract`: its type fixed, its data in the contract's shape."""
    own_type: Any = Literal[contract.event_type]
    return create_model(
        f"{contract.__name__}Event",
        __base__=CloudEvent,
        type=(own_type, ...),
        data=(contract, ...),
    )
