"""CloudEvents 1.0: the form in which every change travels."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

TYPE_PREFIX = "vn.dondoc"


class EventData(BaseModel):
    """Payload of one event type. Subclasses name their type; unknown members of later versions are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    event_type: ClassVar[str]

    def subject(self) -> str:
        """Id of the aggregate that changed: the key that keeps its events in order."""
        raise TypeError(f"{type(self).__name__} names no subject")

    def about_agency(self) -> str | None:
        """Code of the agency whose keys may read it in the feed; None where these keys read no feed."""
        return None


class CloudEvent(BaseModel):
    """A change, as recorded. `sequence` is the version of the aggregate after it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = Field(description="/dondoc/<service>")
    type: str
    subject: str
    time: datetime = Field(description="when the change was recorded")
    sequence: str = Field(
        description="version of the aggregate after the change, as a decimal string", default="0"
    )
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str | None = None
    data: dict[str, Any]

    @property
    def version(self) -> int:
        return int(self.sequence)


def schema_id(event_type: str) -> str:
    """Id of the JSON Schema of a whole event, as laid out under docs/schemas."""
    return f"/schemas/{event_type}.json"


def schema_reference(event_type: str) -> str:
    """`dataschema` of an event: the part of its JSON Schema that describes `data`."""
    return f"{schema_id(event_type)}#data"


def service_of(event_type: str) -> str:
    """`tasks` for `vn.dondoc.tasks.task.created.v1`."""
    return event_type.removeprefix(TYPE_PREFIX + ".").split(".", 1)[0]


def wrap(
    event_type: str, data: dict[str, Any], *, event_id: UUID, subject: str, version: int, time: datetime
) -> CloudEvent:
    """The event around `data`: where it comes from and which schema it keeps to follow from its type."""
    return CloudEvent(
        id=event_id,
        source=f"/dondoc/{service_of(event_type)}",
        type=event_type,
        subject=subject,
        time=time,
        sequence=str(version),
        dataschema=schema_reference(event_type),
        data=data,
    )


@lru_cache(maxsize=256)  # of types there are few, of events many
def topic_of(event_type: str) -> str:
    return f"dondoc.{service_of(event_type)}"


def catalogue(*contracts: type[EventData]) -> Mapping[str, type[EventData]]:
    """Contracts by type; two with one type are a mistake."""
    by_type = {contract.event_type: contract for contract in contracts}
    if len(by_type) != len(contracts):
        raise ValueError("two contracts claim one event type")
    return by_type
