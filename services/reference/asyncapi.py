"""The log and the webhooks as AsyncAPI 3.0, from the suite's side: messages sent, and events consumed."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.register import REGISTER
from shared.events import notify
from shared.events.envelope import EventData, schema_reference, service_of
from shared.events.schemas import event_model
from shared.log.bus.binary_mode import CONTENT_TYPE, PREFIX
from shared.log.topics import event_topic

NEVER_LOGGED = frozenset({notify.SubscriptionTested.event_type})  # a trial goes to its subscriber alone
LOGS: Mapping[str, Mapping[str, type[EventData]]] = {
    name: {key: contract for key, contract in service.events.items() if key not in NEVER_LOGGED}
    for name, service in REGISTER.items()
}
STRUCTURED = "application/cloudevents+json"


def asyncapi() -> dict[str, Any]:
    logs = {event_type: contract for events in LOGS.values() for event_type, contract in events.items()}
    on_kafka = {contract.__name__: _kafka_message(contract) for contract in logs.values()}
    on_webhooks = {
        f"{contract.__name__}Webhook": _webhook_message(contract) for contract in notify.EVENTS.values()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Đôn đốc",
            "version": "1",
            "license": {"name": "Apache-2.0"},
            "description": "Mọi thay đổi là một CloudEvent 1.0: binary mode trên Kafka, structured JSON trên webhook. / Every "
            "change is a CloudEvent 1.0: binary mode on Kafka, structured JSON on webhooks. At least once: drop an id that "
            "came before. Order holds per subject (the message key); `sequence` is its version. Additive only within a "
            "type's version.",
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": _servers(),
        "channels": {**{service: _log(service) for service in LOGS}, "webhook": _webhook()},
        "operations": _operations(),
        "components": {
            "messages": on_kafka | on_webhooks,
            "schemas": _schemas([*logs.values(), *map(event_model, notify.EVENTS.values())]),
        },
    }


def _servers() -> dict[str, Any]:
    return {
        "kafka": {
            "host": "{bootstrap}",
            "protocol": "kafka",
            "description": "the deployment's brokers, as in DONDOC_KAFKA",
            "variables": {"bootstrap": {"default": "kafka:9092"}},
        },
        "subscriber": {
            "host": "{host}",
            "protocol": "https",
            "description": "a subscriber's own server, as subscribed at /notify/v1/subscriptions",
            "variables": {
                "host": {"description": "host of the subscription's url", "default": "example.gov.vn"}
            },
        },
    }


def _log(service: str) -> dict[str, Any]:
    names = [contract.__name__ for contract in LOGS[service].values()]
    return {
        "address": event_topic(service),
        "title": f"The log of {service}",
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": _messages(names),
        "bindings": {"kafka": {"topic": event_topic(service)}},
    }


def _webhook() -> dict[str, Any]:
    return {
        "address": None,  # each subscription has its own
        "title": "Webhooks to subscribers",
        "servers": [{"$ref": "#/servers/subscriber"}],
        "messages": _messages(f"{contract.__name__}Webhook" for contract in notify.EVENTS.values()),
    }


def _messages(names: Any) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _operations() -> dict[str, Any]:
    sent = {
        f"{service}Publishes": _operation(
            "send", service, f"{service} publishes each of its changes, in order per subject"
        )
        for service in LOGS
    }
    received = {
        f"{reader}Consumes{service.capitalize()}": _operation(
            "receive", service, f"{reader} consumes the log of {service}"
        )
        for reader, entry in REGISTER.items()
        for service in entry.consumes
    }
    delivered = _operation("send", "webhook", "notify delivers alerts and trials, signed, until a 2xx answer")
    delivered["bindings"] = {"http": {"method": "POST", "bindingVersion": "0.3.0"}}
    return {**sent, **received, "notifyDelivers": delivered}


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _kafka_message(contract: type[EventData]) -> dict[str, Any]:
    """CloudEvents' binary mode: the attributes are headers, the data is the value."""
    fixed = {
        "content-type": CONTENT_TYPE,
        f"{PREFIX}specversion": "1.0",
        f"{PREFIX}type": contract.event_type,
        f"{PREFIX}source": f"/dondoc/{service_of(contract.event_type)}",
        f"{PREFIX}dataschema": schema_reference(contract.event_type),
    }
    varying = {
        f"{PREFIX}id": {"type": "string", "format": "uuid"},
        f"{PREFIX}subject": {"type": "string", "description": "the message key, too"},
        f"{PREFIX}time": {"type": "string", "format": "date-time"},
        f"{PREFIX}sequence": {"type": "string", "pattern": r"^\d+$"},
    }
    headers = {name: {"type": "string", "const": value} for name, value in fixed.items()} | varying
    return {
        **_described(contract),
        "contentType": CONTENT_TYPE,
        "headers": {"type": "object", "required": sorted(headers), "properties": headers},
        "payload": {"$ref": f"#/components/schemas/{contract.__name__}"},
        "bindings": {
            "kafka": {"key": {"type": "string", "description": "the subject"}, "bindingVersion": "0.5.0"}
        },
    }


def _webhook_message(contract: type[EventData]) -> dict[str, Any]:
    """Standard Webhooks 1.0 around a CloudEvent in structured mode."""
    headers = {
        "webhook-id": {"type": "string", "format": "uuid", "description": "the same over all tries"},
        "webhook-timestamp": {
            "type": "string",
            "pattern": r"^\d+$",
            "description": "Unix time of this try, in seconds",
        },
        "webhook-signature": {
            "type": "string",
            "description": "`v1,` and base64 of HMAC-SHA256 over id.timestamp.body",
        },
    }
    return {
        **_described(contract),
        "contentType": STRUCTURED,
        "headers": {"type": "object", "required": sorted(headers), "properties": headers},
        "payload": {"$ref": f"#/components/schemas/{contract.__name__}Event"},
        "bindings": {
            "http": {"headers": {"type": "object", "properties": headers}, "bindingVersion": "0.3.0"}
        },
    }


def _described(contract: type[EventData]) -> dict[str, Any]:
    described = {"name": contract.event_type, "title": contract.__name__}
    return described | ({"summary": contract.__doc__} if contract.__doc__ else {})


def _schemas(models: list[type[BaseModel]]) -> dict[str, Any]:
    _, document = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Any] = document["$defs"]
    return schemas
