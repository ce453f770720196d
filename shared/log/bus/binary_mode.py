"""CloudEvents' binary mode for Kafka: the attributes travel in headers, the data alone is the message's value.

Kafka Protocol Binding for CloudEvents 1.0.2, section 3.2: header names carry the prefix `ce_`, values are UTF-8.
"""

from collections.abc import Iterable
from functools import lru_cache

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from shared.events.envelope import CloudEvent
from shared.log.reader import LogRow

PREFIX = "ce_"
CONTENT_TYPE = "application/json"

Headers = Iterable[tuple[str, bytes]]


def write_headers(event: CloudEvent | LogRow) -> list[tuple[str, bytes]]:
    """Spelled out, since the relay writes them for every event."""
    return [
        *_headers_of_type(event.type, event.source, event.dataschema),
        ("ce_id", str(event.id).encode()),
        ("ce_subject", event.subject.encode()),
        ("ce_time", event.time.isoformat().replace("+00:00", "Z").encode()),
        ("ce_sequence", event.sequence.encode()),
    ]


@lru_cache(maxsize=256)  # more than there are types
def _headers_of_type(event_type: str, source: str, dataschema: str | None) -> tuple[tuple[str, bytes], ...]:
    headers = (
        ("content-type", CONTENT_TYPE.encode()),
        ("ce_specversion", b"1.0"),
        ("ce_type", event_type.encode()),
        ("ce_source", source.encode()),
    )
    return headers if dataschema is None else (*headers, ("ce_dataschema", dataschema.encode()))


def write_value(event: CloudEvent | LogRow) -> bytes:
    return event.data.encode() if isinstance(event, LogRow) else to_json(event.data)


def read_event(headers: Headers, value: bytes | None) -> CloudEvent:
    """The event of a message; raises ValueError with the reason where it is none."""
    found = dict(headers)
    content_type = found.get("content-type", b"").decode().partition(";")[0].strip().lower()
    if content_type != CONTENT_TYPE:
        raise ValueError(f"content-type: {content_type or 'missing'}, not {CONTENT_TYPE}")
    attributes = {
        name.removeprefix(PREFIX): text.decode() for name, text in found.items() if name.startswith(PREFIX)
    }
    if "specversion" not in attributes:
        raise ValueError("ce_specversion: missing")
    data = from_json(value or b"", allow_inf_nan=False)
    try:
        return CloudEvent.model_validate(attributes | {"data": data})
    except ValidationError as error:
        raise ValueError(_faults(error)) from None


def as_text(headers: Headers, value: bytes | None) -> str:
    """A message of any kind for a person to read: its headers, an empty line, its value."""
    lines = [f"{name}: {_printable(text)}\n" for name, text in headers]
    return "".join([*lines, "\n", _printable(value)])


def from_text(text: str) -> CloudEvent:
    """The event of such a text; raises ValueError with the reason where it is none."""
    head, _, value = text.partition("\n\n")
    pairs = (line.partition(": ") for line in head.splitlines())
    return read_event([(name, found.encode()) for name, _, found in pairs], value.encode())


def _printable(text: bytes | None) -> str:
    return (text or b"").decode(errors="backslashreplace")


def _faults(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in found)
