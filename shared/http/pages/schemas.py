"""The JSON Schema of each event, as `dataschema` of an event refers to it."""

import json
from functools import cache
from html import escape
from typing import Any

from shared.errors import NotFound
from shared.events.envelope import schema_id, service_of
from shared.events.schemas import CONTRACTS, event_schema
from shared.http.pages.layout import both, link, links

PATH = "/schemas"
MEDIA_TYPE = "application/schema+json"


@cache
def schema(event_type: str) -> dict[str, Any]:
    """`event_type` with its version, e.g. vn.dondoc.tasks.task.created.v1."""
    if event_type not in CONTRACTS:
        raise NotFound(
            "event_type_unknown",
            f"Không có loại sự kiện này: xem danh sách tại {PATH}.",
            f"There is no such event type: see the list at {PATH}.",
        )
    return event_schema(CONTRACTS[event_type])


def as_json(event_type: str) -> str:
    return json.dumps(schema(event_type), ensure_ascii=False, indent=2)


def as_html(event_type: str) -> str:
    text = as_json(event_type)
    service = service_of(event_type)
    intro = both(
        f"Lược đồ JSON Schema của sự kiện này, do dịch vụ {service} phát. Trong một phiên bản chỉ thêm trường, không bỏ, không đổi tên.",
        f"The JSON Schema of this event, which the service {service} tells. Within a version members are added, never removed or renamed.",
    )
    raw = f"<p>{link(schema_id(event_type), schema_id(event_type))}</p>"
    listed = f"<p>{link(PATH, 'Mọi loại sự kiện / every event type')}</p>"
    code = f'<pre tabindex="0" role="region" aria-label="JSON Schema" lang="en"><code>{escape(text)}</code></pre>'
    return f"<h1><code>{escape(event_type)}</code></h1>\n{intro}\n{raw}\n{code}\n{listed}"


def index_as_html() -> str:
    rows = [(page_path(event_type), event_type, service_of(event_type)) for event_type in sorted(CONTRACTS)]
    intro = both(
        "Mỗi loại sự kiện, theo phiên bản, có một lược đồ.", "Each event type has a schema per version."
    )
    return f"<h1>Loại sự kiện / Event types</h1>\n{intro}\n{links(rows)}"


def page_path(event_type: str) -> str:
    """/schemas/<type>/<version>."""
    name, _, version = event_type.rpartition(".")
    return f"{PATH}/{name}/{version}"
