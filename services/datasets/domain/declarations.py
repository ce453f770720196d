"""Declared phases and connections: the value that holds on a day, and since which day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from shared.errors import InvalidInput
from shared.runtime.clock import local_instant


class Phase(StrEnum):
    NONE = "none"
    PLANNED = "planned"
    BUILDING = "building"
    OPERATING = "operating"


class Connection(StrEnum):
    """To the National Data Center."""

    NONE = "none"
    TESTING = "testing"
    CONNECTED = "connected"
    SYNCHRONISED = "synchronised"


JOINED = frozenset({Connection.CONNECTED, Connection.SYNCHRONISED})


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A value from a day on; of two for one day the one recorded later (`order`) holds."""

    value: str
    effective_on: date
    order: int


def in_force(values: Iterable[DatedValue], day: date) -> DatedValue | None:
    """The value that holds on a day."""
    begun = [item for item in values if item.effective_on <= day]
    return max(begun, key=lambda item: (item.effective_on, item.order), default=None)


def held_since(dated: Sequence[DatedValue], values: Iterable[str], day: date) -> datetime | None:
    """The instant since which one of `values` has held without a break; None where none holds on the day.

    Declaring a value again does not restart it: else a declaration could be repeated to postpone a contradiction.
    """
    wanted = set(values)
    days: dict[date, DatedValue] = {}
    for item in sorted(dated, key=lambda item: (item.effective_on, item.order)):
        if item.effective_on <= day:
            days[item.effective_on] = item
    since: date | None = None
    for item in days.values():
        since = (since or item.effective_on) if item.value in wanted else None
    return None if since is None else local_instant(since)


def check_declaration(phase: str | None, ndc_connection: str | None) -> None:
    """Raises InvalidInput declaration_empty."""
    if phase is None and ndc_connection is None:
        raise InvalidInput(
            "declaration_empty",
            "Khai báo phải nêu giai đoạn (phase) hoặc tình trạng kết nối (ndc_connection).",
            "A declaration must speak of the phase or of ndc_connection.",
        )
